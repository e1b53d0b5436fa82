"""The desk's front page: what needs attention, and where to go."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from foldline.checks import CHECKS
from foldline.errors import StoreUnavailable
from foldline.site.billing import withdrawals
from foldline.site.desk import due_jobs, job_table, open_now, rules
from foldline.site.desk.pages import may, page
from foldline.site.desk.roles import Power
from foldline.site.desk.service import endless
from foldline.site.desk.shadow import open_site
from foldline.site.newsroom import publishing
from foldline.site.newsroom.models import Article, ArticleAlarm
from foldline.site.readers import moment
from foldline.sources.origin import open_lists
from foldline.sources.origin.cut_alarms import cut_alarms_or_none

NEWEST = 5


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that needs attention: what, about what, the next step, and where it is made."""

    what: str
    about: str
    hint: str
    address: str
    id: str = ""


def home(request: HttpRequest) -> TemplateResponse:
    """The front page. The desk's admin has asked for staff already."""
    newest: list[Article] = []
    if may(request, Power.NEWSROOM):
        newest = list(Article.objects.filter(published_at__isnull=False, withdrawn_at__isnull=True)[:NEWEST])
    opened = []
    if may(request, Power.OPEN_NOW):
        with contextlib.suppress(StoreUnavailable):
            opened = open_now.running()
    context = {
        "open_site": open_site(),
        "opened": opened,
        "concerns": concerns(request),
        "waiting": waiting(request),
        "newest": newest,
    }
    return page(request, "home", "Desk", context)


def concerns(request: HttpRequest) -> list[Concern]:
    """What is wrong now, as far as the role of whoever asks can do something about it."""
    found: list[Concern] = []
    if may(request, Power.NEWSROOM):
        alarms = ArticleAlarm.objects.select_related("article").order_by("-at", "-id")
        found += [
            Concern(
                alarm.what,
                alarm.article.headline,
                alarm.hint,
                reverse("admin:newsroom_article_change", args=[alarm.article_id]),
                alarm.problem,
            )
            for alarm in alarms
        ]
    if may(request, Power.NEWSROOM) and settings.FOLDLINE.origin is not None:
        url = settings.FOLDLINE.publication.url
        found += [
            Concern(alarm.what, alarm.where or "The site", alarm.hint, url + alarm.where, alarm.id)
            for alarm in cut_alarms_or_none(settings.FOLDLINE.home)
        ]
        found += [
            Concern(CHECKS[one.id], one.where, f"{one.hint} ({one.what})", url, one.id)
            for one in open_lists.problems_of(due_jobs.found_by(open_lists.JOB))
        ]
    if may(request, Power.CHANGE_RULES):
        with contextlib.suppress(StoreUnavailable):
            found += [Concern(what, "Rules", hint, reverse("rules_write")) for what, hint in rules.concerns()]
    if may(request, Power.SERVE_READERS) and (waiting_ones := len(withdrawals.for_people())):
        hint = "Each is a declaration that somebody has to look at."
        found.append(Concern("Withdrawals wait for an answer", f"{waiting_ones}", hint, reverse("withdrawals")))
    if may(request, Power.SERVE_READERS) and (endless_ones := endless.due(moment.now())):
        hint = "Somebody says once a year that each is still right, or ends it."
        found.append(
            Concern("Rights without an end wait to be looked through", f"{endless_ones}", hint, reverse("endless"))
        )
    if may(request, Power.SEE_JOBS):
        found += [
            Concern(shown.trouble, shown.job.name, "See the job, and the log of the site’s process.", reverse("jobs"))
            for shown in job_table.shown_jobs(due_jobs.clock())
            if shown.trouble
        ]
    return found


def waiting(request: HttpRequest) -> list[tuple[str, str]]:
    """(what, address) of what is under way in the newsroom."""
    if not may(request, Power.NEWSROOM):
        return []
    articles = Article.objects.filter(withdrawn_at__isnull=True)
    counts = (
        (publishing.unsettled().count(), "on the way to the page", ""),
        (articles.filter(published_at=None, publish_at__isnull=False).count(), "scheduled", "?state=scheduled"),
        (articles.filter(published_at=None, publish_at=None).count(), "drafts", "?state=draft"),
    )
    listed = reverse("admin:newsroom_article_changelist")
    return [(f"{count} {what}", listed + query) for count, what, query in counts if count]
