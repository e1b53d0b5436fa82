"""From the newsroom to the page. What is ordered in the editor's transaction is settled afterwards, record by record.

An article whose `version` and `settled_version` differ has not reached its page yet. `settle` writes the sealed record,
then the public one, then the change row together with the new `settled_version`; wherever that stops, `repair` or the
next look of `due` goes on with it, and until then the page before stands.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Prefetch, Q, QuerySet

from foldline.errors import Problem
from foldline.policy.facts import Access
from foldline.site.newsroom import lists, older
from foldline.site.newsroom.changes import changed, everything_changed
from foldline.site.newsroom.composing import composed, record_of
from foldline.site.newsroom.lists import Progress
from foldline.site.newsroom.models import Article, ArticleAlarm, Authorship, Edition, Image, OldPath, State
from foldline.site.newsroom.press import Press, closing, fingerprint, open_press
from foldline.site.readers import moment
from foldline.sources.articles.compose import Withheld

log = logging.getLogger(__name__)

NOT_DESCRIBED = "FL402"
NO_TEXT = "FL403"
HELD_BACK = "FL413"
#: A statement holds so many numbers, and no more than a database takes.
_AT_ONCE = 10_000


class Settled(NamedTuple):
    """How many articles reached their pages, and which did not."""

    done: int
    failed: tuple[int, ...]


def publish(article: Article, at: datetime | None = None) -> None:
    """Publish, or publish again. `at` is the date that the page shows if the article has none yet; now otherwise.

    Inside a transaction the records are written after it. Raises ValidationError where the article may not appear.
    """
    order(article, at)
    _afterwards(article)


def withdraw(article: Article) -> None:
    """Take the article away: its addresses answer 410, nothing of it stays sealed, and no list has its card."""
    article.withdrawn_at = moment.now()
    article.publish_at = None
    _ordered(article, "withdrawn_at", "publish_at")
    _afterwards(article)


def order(article: Article, at: datetime | None = None) -> None:
    """Say that the article is to be published, without writing any record yet: `settle_ordered` does that."""
    if problems := obstacles(article):
        raise ValidationError([problem.what for problem in problems])
    article.published_at = article.published_at or at or moment.now()
    article.withdrawn_at = article.publish_at = None
    _ordered(article, "published_at", "withdrawn_at", "publish_at")


def obstacles(article: Article) -> list[Problem]:
    """What stands against publishing the article as it is."""
    found = []
    where = article.path
    if article.lead_image and not article.lead_image.described:
        hint = "Write what it shows, or mark it as decorative."
        found.append(Problem(NOT_DESCRIBED, f"The picture {article.lead_image} has no description.", where, hint))
    if not article.body.strip():
        found.append(Problem(NO_TEXT, "The article has no text.", where, "Write one, or keep it as a draft."))
    return found


def again(articles: QuerySet[Article]) -> int:
    """Something that these articles show has changed: publish those of them that are published again, soon."""
    live = articles.filter(published_at__isnull=False, withdrawn_at__isnull=True)
    return live.update(version=F("version") + 1)


def everything_again() -> None:
    """Something that every page shows has changed: publish all of it again, soon."""
    again(Article.objects.all())
    lists.due(lists.every_list())


def republish_all(progress: Progress | None = None) -> int:
    """Write every page again and return how many articles were published; empties the workers' caches at the end."""
    with transaction.atomic():
        everything_again()
    with open_press() as press:
        count = settle_ordered(press, progress).done
        lists.refresh_lists(press)
    older.finish()
    everything_changed()
    return count


def publish_due(now: datetime) -> int:
    """Publish what is scheduled for `now` or earlier; its date is the one it was scheduled for."""
    count = 0
    for pk in _scheduled().filter(publish_at__lte=now).values_list("pk", flat=True):
        with transaction.atomic():
            article = _scheduled().filter(pk=pk, publish_at__lte=now).first()
            if article is None:
                continue
            if problems := obstacles(article):
                _hold_back(article, problems)
                continue
            order(article, article.publish_at)
            count += 1
    return count


def unsettled() -> QuerySet[Article]:
    """Articles that were ordered and have not reached their page."""
    return Article.objects.exclude(version=F("settled_version"))


def settle_ordered(press: Press, progress: Progress | None = None, skip: Collection[int] = ()) -> Settled:
    """Settle every article that was ordered, published or withdrawn. One that fails is logged and left for later."""
    waiting = list(unsettled().exclude(pk__in=skip).order_by("pk").values_list("pk", flat=True))
    failed = []
    for count, pk in enumerate(waiting, 1):
        try:
            settle(press, pk)
        except Exception:
            failed.append(pk)
            log.exception("article %s could not be published; it will be tried again", pk)
        if progress:
            progress(count, len(waiting))
    return Settled(len(waiting) - len(failed), tuple(failed))


def settle(press: Press, pk: int) -> None:
    """Bring one article's records to its version. Holds the database's one write lock, so nobody writes older ones."""
    with transaction.atomic():
        article = whole(pk)
        if article is None or article.version == article.settled_version:
            return
        listed = lists.lists_of(article) if article.state is State.PUBLISHED else []
        if article.state is State.PUBLISHED:
            paths = _write_page(press, article)
        else:
            paths = _write_absence(press, article)
            _keep_alarms(article, ())
        for path in paths:
            changed(path)
        lists.due([*article.listed_in, *listed, *lists.FOR_MACHINES])
        Article.objects.filter(pk=pk).update(
            settled_version=article.version, listed_in=listed, published_slug=article.slug if article.version else ""
        )


def repair(press: Press, articles: Progress | None = None, pages: Progress | None = None) -> int:
    """What an import, a crash, an upgrade or a changed setting left to do. Run when the site process starts.

    Returns how many articles were published; `articles` and `pages` hear how far it has come.
    """
    _notice_new_edition()
    notice_closing()
    stored = press.writer.versions()
    live = dict(lists.published().values_list("pk", "version"))
    behind = [pk for pk, version in live.items() if stored.get(pk) != version]
    for start in range(0, len(behind), _AT_ONCE):
        Article.objects.filter(pk__in=behind[start : start + _AT_ONCE]).update(settled_version=F("version") - 1)
    for path in press.writer.paths("article") - _paths_in_use():
        press.writer.delete(path)
        changed(path)
    stored_pages = press.writer.paths("page")
    for path in lists.every_list():
        if path in lists.FOR_MACHINES or not stored_pages.issuperset(lists.pages_of(path)):
            lists.due([path])
    count = settle_ordered(press, articles).done
    lists.refresh_lists(press, pages)
    return count


def alarms() -> list[Problem]:
    """What `foldline check` says about articles that are published, or should be by now."""
    return [
        Problem(alarm.problem, alarm.what, alarm.article.path, alarm.hint)
        for alarm in ArticleAlarm.objects.select_related("article").order_by("article__slug", "problem")
    ]


def whole(pk: int) -> Article | None:
    """An article with everything that its page is made of."""
    authorships = Prefetch("authorships", Authorship.objects.select_related("author"))
    return (
        Article.objects.select_related("section", "lead_image")
        .prefetch_related("tags", "notes", "old_paths", authorships)
        .filter(pk=pk)
        .first()
    )


def _scheduled() -> QuerySet[Article]:
    return Article.objects.filter(publish_at__isnull=False, published_at__isnull=True, withdrawn_at__isnull=True)


def _paths_in_use() -> set[str]:
    """Where an article's record may stand: live ones, and those whose move or withdrawal is still to be settled."""
    slugs = set(lists.published().values_list("slug", flat=True))
    slugs |= set(unsettled().values_list("published_slug", flat=True))
    return {f"/{slug}" for slug in slugs}


def _hold_back(article: Article, problems: list[Problem]) -> None:
    what = "It was due and waits: " + " ".join(problem.what for problem in problems)
    _, new = ArticleAlarm.objects.update_or_create(
        article=article, problem=HELD_BACK, defaults={"what": what, "hint": problems[0].hint}
    )
    if new:
        log.error("%s was due and can't be published: %s", article.path, what)


def _ordered(article: Article, *fields: str) -> None:
    with transaction.atomic():
        article.save(update_fields=fields)
        Article.objects.filter(pk=article.pk).update(version=F("version") + 1)
    article.refresh_from_db(fields=["version"])


def _afterwards(article: Article) -> None:
    """Write the records as soon as what was ordered is kept."""

    def write() -> None:
        try:
            with open_press() as press:
                settle(press, article.pk)
                lists.refresh_lists(press)
        except Exception:
            log.exception("%s is not on its page yet; it will be tried again", article.path)

    transaction.on_commit(write)


def _write_page(press: Press, article: Article) -> list[str]:
    try:
        made = composed(press, article)
    except Withheld as error:
        _keep_alarms(article, error.alarms)
        return _write_absence(press, article)
    if article.published_slug and article.published_slug != article.slug:
        OldPath.objects.get_or_create(path=f"/{article.published_slug}", defaults={"article": article})
    OldPath.objects.filter(path=article.path).delete()
    press.writer.put_article(record_of(article, made, press))
    olds = _old_addresses(article)
    for old in olds:
        press.writer.put_redirect(old, article.path)
    _keep_alarms(article, made.alarms)
    return [article.path, *olds]


def _old_addresses(article: Article) -> list[str]:
    """Each old path with and without a slash at its end, unless another article stands there by now."""
    paths = list(OldPath.objects.filter(article=article).values_list("path", flat=True))
    others = Article.objects.filter(slug__in=[path[1:] for path in paths])
    taken = {other.path for other in others.only("slug")}
    return [spelling for path in paths if path not in taken for spelling in (path, f"{path}/")]


def _write_absence(press: Press, article: Article) -> list[str]:
    """A withdrawn article is gone wherever it was, one that is withheld is not there, and neither stays sealed."""
    if not article.published_slug:
        return []
    paths = [f"/{article.published_slug}", *_old_addresses(article)]
    for path in paths:
        press.writer.put_gone(path)
        if article.state is not State.WITHDRAWN:
            press.writer.delete(path)
    return paths


def _keep_alarms(article: Article, problems: Collection[Problem]) -> None:
    ArticleAlarm.objects.filter(article=article).exclude(problem__in=[problem.id for problem in problems]).delete()
    for problem in problems:
        ArticleAlarm.objects.update_or_create(
            article=article, problem=problem.id, defaults={"what": problem.what, "hint": problem.hint}
        )


def notice_closing() -> bool:
    """Publish the free articles again where other rules may close them now; whether that was so."""
    now = closing()
    with transaction.atomic():
        edition = Edition.objects.first()
        if not now or edition is None or edition.closing == now:
            return False
        edition.closing = now
        edition.save()
        again(Article.objects.filter(access=Access.FREE))
    return True


def _notice_new_edition() -> None:
    with transaction.atomic():
        edition = Edition.objects.first() or Edition()
        if edition.fingerprint == (today := fingerprint()):
            return
        edition.fingerprint = today
        edition.save()
        everything_again()
        everything_changed()


def of_terms(**having: int) -> QuerySet[Article]:
    """The articles that have this section, tag, author or lead image, by its primary key."""
    return Article.objects.filter(pk__in=Article.objects.filter(**having).values("pk"))


def showing_image(image: Image) -> QuerySet[Article]:
    """The articles that show a picture, at their head or in their text."""
    in_text = Q(body__contains=f"picture:{image.name}")
    if image.address:
        in_text |= Q(body__contains=image.address)
    return Article.objects.filter(Q(lead_image=image) | in_text)
