"""Open now: an article, a section or the whole site for everybody, for a reason that readers see, until an end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.timezone import localtime
from django.views.decorators.http import require_http_methods, require_POST

from foldline.errors import StoreUnavailable
from foldline.policy.open_now import LONGEST, OpenNow
from foldline.site.desk import audit
from foldline.site.desk.audited import staff_of
from foldline.site.desk.pages import page, staff_page
from foldline.site.desk.roles import Power
from foldline.site.newsroom.models import Article, Section
from foldline.site.readers import moment
from foldline.site.readers.adapter import SeeOther
from foldline.stores.open_now import LONGEST_REASON, OpenNowStore, StoredOpenNow

PAST = 50
DAYS = LONGEST // 86_400
CANNOT_READ = "What is open can’t be read just now. Try again."
CANNOT_WRITE = "It could not be written down, so nothing has changed. Try again."

if TYPE_CHECKING:
    SectionChoice = forms.ModelChoiceField[Section]
else:
    SectionChoice = forms.ModelChoiceField


class OpenForm(forms.Form):
    """What, why and until when. The end is read in the newsroom's zone."""

    scope = forms.ChoiceField(
        label="Open", choices=[("article", "one article"), ("section", "a section"), ("site", "the whole site")]
    )
    article = forms.CharField(label="Address of the article", max_length=400, required=False)
    section = SectionChoice(label="Section", queryset=Section.objects.all(), required=False, empty_label="–")
    reason = forms.CharField(label="Reason, as readers are to see it", max_length=LONGEST_REASON)
    ends = forms.DateTimeField(label="Until", input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])

    def clean_ends(self) -> datetime:
        ends: datetime = self.cleaned_data["ends"]
        now = moment.now()
        if ends <= now:
            raise forms.ValidationError("This moment has passed.")
        if ends > now + timedelta(seconds=LONGEST):
            raise forms.ValidationError(f"Nothing is opened for longer than {DAYS} days at once.")
        return ends

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        scope = given.get("scope")
        if scope == "article":
            given["key"] = self._article(given.get("article", ""))
        elif scope == "section":
            if not given.get("section"):
                self.add_error("section", "Choose a section.")
            else:
                given["key"] = given["section"].slug
        else:
            given["key"] = ""
        return given

    def _article(self, address: str) -> str:
        """The number of a published article. People paste whole addresses, too."""
        path = address.partition("://")[2].partition("/")[2] if "://" in address else address
        slug = path.partition("?")[0].partition("#")[0].strip("/ ")
        found = Article.objects.filter(slug=slug, published_at__isnull=False, withdrawn_at__isnull=True).first()
        if found is None:
            self.add_error("article", "No published article has this address. “See as” finds it by its headline.")
            return ""
        return str(found.pk)


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as the desk shows it."""

    stored: StoredOpenNow
    what: str
    starts: datetime
    ends: datetime
    closed: datetime | None


@staff_page(Power.OPEN_NOW)
@require_http_methods(["GET", "HEAD", "POST"])
def open_now(request: HttpRequest) -> HttpResponse:
    """What is open and was, and the form that opens."""
    if request.method == "POST":
        form = OpenForm(request.POST)
        if not form.is_valid():
            return _page(request, form, status=400)
        try:
            _open(request, form.cleaned_data)
        except ValueError as error:
            form.add_error(None, str(error))
            return _page(request, form, status=400)
        except StoreUnavailable:
            form.add_error(None, CANNOT_WRITE)
            return _page(request, form, status=503)
        return SeeOther(reverse("open_now"))
    number = request.GET.get("article", "")
    article = Article.objects.filter(pk=int(number)).first() if number.isascii() and number.isdecimal() else None
    ends = localtime(moment.now() + timedelta(days=1))
    first = {"scope": "article", "article": article.path if article else "", "ends": ends}
    return _page(request, OpenForm(initial=first))


@staff_page(Power.OPEN_NOW)
@require_POST
def close(request: HttpRequest, number: int) -> HttpResponse:
    """End an entry before its time."""
    now = moment.epoch()
    try:
        with _store() as store:
            entry = next((stored for stored in store.running(now) if stored.id == number), None)
            if entry is None:
                raise Http404
            store.end_early(number, staff_of(request).email, now)
    except StoreUnavailable:
        return _page(request, OpenForm(), note=CANNOT_WRITE, status=503)
    shown = _shown(entry)
    before = f"until {localtime(shown.ends):%Y-%m-%d %H:%M}"
    audit.record(staff_of(request), "closed", audit.Subject("open now", str(number), shown.what), before, "closed now")
    return SeeOther(reverse("open_now"))


def running() -> list[Shown]:
    """What is open to everybody now. Raises StoreUnavailable."""
    with _store() as store:
        return [_shown(stored) for stored in store.running(moment.epoch())]


def _open(request: HttpRequest, given: dict[str, Any]) -> None:
    now = moment.epoch()
    entry = OpenNow(given["scope"], given["key"], given["reason"], now, int(given["ends"].timestamp()))
    with _store() as store:
        number = store.add(entry, staff_of(request).email, now)
    what = _what(entry)
    after = f"until {localtime(given['ends']):%Y-%m-%d %H:%M}: {entry.reason}"
    audit.record(staff_of(request), "opened", audit.Subject("open now", str(number), what), "", after)


def _page(request: HttpRequest, form: OpenForm, note: str = "", status: int = 200) -> HttpResponse:
    open_for_all: list[Shown] = []
    past: list[Shown] = []
    now = moment.epoch()
    try:
        with _store() as store:
            open_for_all = [_shown(stored) for stored in store.running(now)]
            past = [_shown(stored) for stored in store.history(PAST) if not stored.runs(now)]
    except StoreUnavailable:
        note, status = note or CANNOT_READ, 503
    context = {"form": form, "running": open_for_all, "past": past, "note": note, "days": DAYS}
    return page(request, "open_now", "Open now", context, status=status)


def _shown(stored: StoredOpenNow) -> Shown:
    entry = stored.entry
    starts, ends = (datetime.fromtimestamp(at, UTC) for at in (entry.starts, entry.ends))
    closed = datetime.fromtimestamp(stored.closed_at, UTC) if stored.closed_at else None
    return Shown(stored, _what(entry), starts, ends, closed)


def _what(entry: OpenNow) -> str:
    """In words, as it is called now."""
    if entry.scope == "site":
        return "the whole site"
    if entry.scope == "section":
        section = Section.objects.filter(slug=entry.key).first()
        return f"section {section.name if section else entry.key}"
    article = Article.objects.filter(pk=int(entry.key)).first() if entry.key.isdecimal() else None
    return f"{article.headline} ({article.path})" if article else f"article {entry.key}, which is no longer there"


@contextlib.contextmanager
def _store() -> Iterator[OpenNowStore]:
    store = OpenNowStore(settings.FOLDLINE.home)
    try:
        yield store
    finally:
        store.close()
