"""The page on which a reader gives an article, and taking a gift back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from foldline.errors import StoreUnavailable
from foldline.pages.assets import asset_path
from foldline.pages.dates import day_and_month, long_date
from foldline.policy.decide import Outcome
from foldline.site.gifts import giving, subjects
from foldline.site.gifts.account_part import PART
from foldline.site.gifts.subjects import Subject
from foldline.site.readers import moment, rendering
from foldline.site.readers.account import done, signed_in
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words
from foldline.stores.gifts import LONGEST_NAME, Given


@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest) -> HttpResponse:
    """Show what giving an article means, and on POST give it; where it is given already, the link."""
    number = (request.POST if request.method == "POST" else request.GET).get("article", "")
    if not number.isascii() or not number.isdecimal() or len(number) > 15 or not giving.foldline().gifts.per_month:
        raise Http404
    reader = request.user
    if not isinstance(reader, Reader):
        query = urlencode({"next": f"{reverse('give')}?article={number}"}, safe="/")
        return SeeOther(f"{reverse('account_login')}?{query}")
    try:
        subject = subjects.numbered(int(number))
        if subject is None:
            raise Http404
        return _given(request, reader, subject)
    except StoreUnavailable:
        return _page(request, None, {"problem": words()["gift.too-late"]}, 503)


@require_POST
@signed_in
def take_back(request: HttpRequest, reader: Reader, number: str) -> HttpResponse:
    """Take back one of one's own gifts."""
    try:
        if giving.take_back(bytes.fromhex(number), reader) is None:
            raise Http404
    except ValueError:
        raise Http404 from None
    return done("gift-back", PART)


ADDRESSES: list[URLPattern] = [
    path("give", give, name="give"),
    path("account/gifts/<str:number>/take-back", take_back, name="take_gift_back"),
]


def _given(request: HttpRequest, reader: Reader, subject: Subject) -> HttpResponse:
    gifts = giving.of(reader)
    ours = [one for one in gifts if one.article == subject.article.id and one.made_at >= giving.month().starts]
    given = next((one for one in ours if one.runs(moment.epoch())), None)
    if given is not None and request.method != "POST":
        return _ready(request, given, subject)
    if giving.decision(reader, subject.article).outcome is not Outcome.OPENS:
        said = words().format("gift.not-yours", name=rendering.publication().name)
        return _page(request, subject, {"problem": said, "subscribe": True}, 403)
    if request.method == "POST":
        gave = giving.give(reader, subject.article.id, request.POST.get("name", ""))
        if gave.gift is not None:
            return SeeOther(f"{reverse('give')}?article={subject.article.id}")
        return _spent(request, subject)
    if not giving.left(gifts):
        return _spent(request, subject)
    ends = datetime.fromtimestamp(moment.epoch() + giving.foldline().gifts.days * giving.DAY, UTC)
    context = {
        "may": True,
        "terms": _terms(giving.foldline().gifts.openers, ends),
        "left": words().format("gift.left", left=giving.left(gifts)),
        "name_help": words().format("gift.name-help", name=rendering.publication().name),
        "longest": LONGEST_NAME,
    }
    return _page(request, subject, context)


def _ready(request: HttpRequest, given: Given, subject: Subject) -> HttpResponse:
    context = {
        "link": giving.link(given, subject.path),
        "number": given.number.hex(),
        "terms": _terms(given.most, datetime.fromtimestamp(given.ends, UTC)),
        "opened": words().format("gift.opened", opened=given.opened, openers=given.most),
        "script": asset_path("give.js", rendering.publication().prefix),
    }
    return _page(request, subject, context)


def _spent(request: HttpRequest, subject: Subject) -> HttpResponse:
    """The quota refuses by name, and says when it will not."""
    date = day_and_month(giving.month().resets, rendering.publication().language)
    said = words().format("gift.spent", count=giving.foldline().gifts.per_month, date=date)
    return _page(request, subject, {"problem": said}, 403)


def _terms(openers: int, ends: datetime) -> str:
    day = ends.astimezone(giving.foldline().zone).date()
    return words().format("gift.terms", openers=openers, date=long_date(day, rendering.publication().language))


def _page(request: HttpRequest, subject: Subject | None, context: dict[str, Any], status: int = 200) -> HttpResponse:
    title = words()["gift.ready" if "link" in context else "gift.title"]
    return rendering.page(request, "gifts/give", title, {"subject": subject, **context}, status=status)
