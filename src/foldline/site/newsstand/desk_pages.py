"""The newsstand at the desk: sources with how they answer, a look at a feed before it is added, and taking one away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from django import forms
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from foldline.site.desk import audit
from foldline.site.desk.audited import staff_of
from foldline.site.desk.pages import page, staff_page
from foldline.site.desk.roles import Power
from foldline.site.newsroom import lists
from foldline.site.newsroom.press import open_press, settings
from foldline.site.newsstand.models import LONGEST_ADDRESS, Source
from foldline.site.newsstand.refreshing import add, guest_of, named, remove
from foldline.site.newsstand.shelf import path_of
from foldline.site.readers.adapter import SeeOther
from foldline.syndication.newsstand.cards import LONGEST_NAME, ReadFeed
from foldline.syndication.newsstand.plain import one_line
from foldline.syndication.newsstand.round import Asked, ask

#: Cards that are shown of a feed before it is added.
LOOKED_AT = 5
MOST_SOURCES = 500


def addresses() -> list[URLPattern]:
    return [
        path("newsstand", sources, name="newsstand"),
        path("newsstand/<int:number>/remove", take_away, name="newsstand_remove"),
        path("newsstand/<int:number>/again", ask_again, name="newsstand_again"),
    ]


class SourceForm(forms.Form):
    """A feed's address, and what it is called on the newsstand."""

    address = forms.CharField(label="Address of the feed", max_length=LONGEST_ADDRESS)
    title = forms.CharField(label="Name, if not the feed’s own", max_length=LONGEST_NAME, required=False)

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].strip()
        if "://" not in address:
            address = f"https://{address}"
        if Source.objects.filter(address=address).exists():
            raise forms.ValidationError("This feed stands on the newsstand already.")
        if Source.objects.count() >= MOST_SOURCES:
            raise forms.ValidationError(f"There is room for {MOST_SOURCES} feeds. Take one away first.")
        return address

    def clean_title(self) -> str:
        return one_line(self.cleaned_data["title"])


@dataclass(frozen=True, slots=True)
class Shown:
    """A source as the desk shows it; moments are None for never."""

    source: Source
    place: str
    cards: int
    fetched: datetime | None
    next: datetime


@staff_page(Power.NEWSSTAND)
@require_http_methods(["GET", "HEAD", "POST"])
def sources(request: HttpRequest) -> HttpResponse:
    """All sources, and the form that looks at a feed and adds it."""
    if request.method != "POST":
        return _page(request, SourceForm())
    form = SourceForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    address = form.cleaned_data["address"]
    outcome = asyncio.run(ask(Asked(0, address), guest_of(settings())))
    if outcome.feed is None:
        form.add_error("address", f"No feed was to be had there: {outcome.problem}.")
        return _page(request, form, status=400)
    if "add" not in request.POST:
        return _page(request, form, outcome.feed)
    try:
        source = add(address, outcome.feed, form.cleaned_data["title"])
    except IntegrityError:
        form.add_error("address", "This feed stands on the newsstand already.")
        return _page(request, form, status=400)
    audit.record(staff_of(request), "added", _subject(source), "", f"{source.cards.count()} cards")
    _write()
    return SeeOther(reverse("newsstand"))


@staff_page(Power.NEWSSTAND)
@require_POST
def take_away(request: HttpRequest, number: int) -> HttpResponse:
    """Take a source and its cards away, from the page too."""
    source = Source.objects.filter(pk=number).first()
    if source is None:
        raise Http404
    before = f"{source.cards.count()} cards"
    subject = _subject(source)
    remove(source)
    audit.record(staff_of(request), "removed", subject, before, "")
    _write()
    return SeeOther(reverse("newsstand"))


@staff_page(Power.NEWSSTAND)
@require_POST
def ask_again(request: HttpRequest, number: int) -> HttpResponse:
    """Let a source be asked in the next round, whatever it said of waiting."""
    if not Source.objects.filter(pk=number).update(next_at=0):
        raise Http404
    return SeeOther(reverse("newsstand"))


def _write() -> None:
    with open_press() as press:
        lists.refresh_lists(press)


def _subject(source: Source) -> audit.Subject:
    return audit.Subject("source of the newsstand", str(source.pk), f"{source.title} ({named(source.address)})")


def _page(request: HttpRequest, form: SourceForm, feed: ReadFeed | None = None, status: int = 200) -> HttpResponse:
    publication = settings().publication
    shown = [
        Shown(
            source,
            named(source.address),
            source.cards.count(),
            datetime.fromtimestamp(source.fetched_at, UTC) if source.fetched_at else None,
            datetime.fromtimestamp(source.next_at, UTC),
        )
        for source in Source.objects.order_by("title")
    ]
    context = {
        "form": form,
        "feed": feed,
        "looked_at": feed.cards[:LOOKED_AT] if feed is not None else (),
        "sources": shown,
        "public": publication.url + path_of(publication),
    }
    return page(request, "newsstand", "Newsstand", context, status=status)
