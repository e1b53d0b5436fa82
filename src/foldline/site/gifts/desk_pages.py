"""Gifts of the publication at the desk: an article for a few people, with an end and a bound of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from foldline.errors import StoreUnavailable
from foldline.site.desk import audit
from foldline.site.desk.audited import staff_of
from foldline.site.desk.choosing import path_in
from foldline.site.desk.pages import page, staff_page
from foldline.site.desk.roles import Power
from foldline.site.gifts import giving, subjects
from foldline.site.gifts.subjects import Subject
from foldline.site.newsroom.press import rules_in_force
from foldline.site.readers import moment
from foldline.site.readers.adapter import SeeOther
from foldline.stores.gifts import Given

MOST_DAYS, MOST_OPENERS = 365, 100_000
#: How many gifts are listed.
LISTED = 200
CANNOT_WRITE = "It could not be written down, so nothing has changed. Try again."


class GiftForm(forms.Form):
    """Which article, for how many days, on how many devices."""

    article = forms.CharField(label="Address of the article", max_length=2000)
    days = forms.IntegerField(label="Days", min_value=1, max_value=MOST_DAYS)
    openers = forms.IntegerField(label="Devices it can be opened on", min_value=1, max_value=MOST_OPENERS)

    def clean_article(self) -> Subject:
        given: str = self.cleaned_data["article"].strip()
        found = subjects.at_path(path_in(given) or f"/{given}")
        if found is None:
            raise forms.ValidationError("No article has this address. “See as” finds it by its headline.")
        rules = rules_in_force()
        if rules is None:
            raise forms.ValidationError("No rules can be read: nothing can be given just now.")
        plan = rules.plan(found.article, moment.epoch())
        if plan.opens_for_everyone:
            raise forms.ValidationError("Everybody reads this article already.")
        if plan.wall:
            raise forms.ValidationError(f"The rule “{plan.wall}” keeps it closed, and no gift opens it.")
        return found


@dataclass(frozen=True, slots=True)
class Shown:
    """A gift as the desk shows it. `link` is "" for one that opens nothing any more."""

    given: Given
    headline: str
    link: str
    made: datetime
    ends: datetime


@staff_page(Power.OPEN_NOW)
@require_http_methods(["GET", "HEAD", "POST"])
def gifts(request: HttpRequest) -> HttpResponse:
    """What was given, and the form that gives."""
    if request.method != "POST":
        usual = giving.foldline().gifts
        return _page(request, GiftForm(initial={"days": usual.days, "openers": usual.openers}))
    form = GiftForm(request.POST)
    try:
        if not form.is_valid():
            return _page(request, form, status=400)
        subject: Subject = form.cleaned_data["article"]
        given = giving.publish(subject.article.id, form.cleaned_data["days"], form.cleaned_data["openers"])
    except StoreUnavailable:
        return _page(request, form, CANNOT_WRITE, 503)
    after = f"until {moment_of(given.ends):%Y-%m-%d %H:%M} UTC, on {given.most} devices"
    audit.record(staff_of(request), "gave", _subject(given, subject.headline), "", after)
    return SeeOther(reverse("gifts"))


@staff_page(Power.OPEN_NOW)
@require_POST
def take_back(request: HttpRequest, number: str) -> HttpResponse:
    """Take one of the publication's gifts back."""
    try:
        given = giving.take_back(bytes.fromhex(number))
    except ValueError:
        raise Http404 from None
    except StoreUnavailable:
        return _page(request, GiftForm(), CANNOT_WRITE, 503)
    if given is None:
        raise Http404
    headline = _shown(given).headline
    audit.record(staff_of(request), "took back", _subject(given, headline), f"opened on {given.opened} devices", "")
    return SeeOther(reverse("gifts"))


ADDRESSES: list[URLPattern] = [
    path("gifts", gifts, name="gifts"),
    path("gifts/<str:number>/take-back", take_back, name="gift_take_back"),
]


def moment_of(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _subject(given: Given, headline: str) -> audit.Subject:
    return audit.Subject("gift", given.number.hex(), headline)


def _page(request: HttpRequest, form: GiftForm, note: str = "", status: int = 200) -> HttpResponse:
    shown: list[Shown] = []
    try:
        shown = [_shown(one) for one in giving.published()[:LISTED]]
    except StoreUnavailable:
        note, status = note or "What was given can’t be read just now. Try again.", 503
    context = {"form": form, "shown": shown, "note": note, "most_days": MOST_DAYS, "most_openers": MOST_OPENERS}
    return page(request, "gifts", "Gifts", context, status=status)


def _shown(given: Given) -> Shown:
    subject = subjects.numbered(given.article)
    runs = subject is not None and given.runs(moment.epoch())
    return Shown(
        given,
        subject.headline if subject is not None else "An article that is no longer there",
        giving.link(given, subject.path) if subject is not None and runs else "",
        moment_of(given.made_at),
        moment_of(given.ends),
    )
