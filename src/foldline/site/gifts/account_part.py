"""What the account's page says of gifts: which articles, on how many devices each was opened, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest
from django.template.context_processors import csrf
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from foldline.errors import StoreUnavailable
from foldline.pages.dates import short_dateline
from foldline.site.gifts import giving, subjects
from foldline.site.readers import moment, passes, rendering
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words
from foldline.stores.gifts import Given

#: The part of the account's page to look at.
PART = "gifts"


@dataclass(frozen=True, slots=True)
class Line:
    """One gift. `number` is "" for one that can't be taken back any more."""

    number: str
    name: str
    path: str
    facts: tuple[str, ...]


def account_part(request: HttpRequest, reader: Reader) -> SafeString:
    """The part's HTML; "" for whoever has given nothing and could give nothing."""
    try:
        gifts = giving.of(reader)
        lines = [_line(one) for one in gifts]
    except StoreUnavailable:
        # The rest of the account stands without it.
        return SafeString()
    subscribes = any(not end or end > moment.epoch() for _product, end in passes.products_running(reader))
    if not lines and not (subscribes and giving.foldline().gifts.per_month):
        return SafeString()
    left = words().format("gift.left", left=giving.left(gifts)) if subscribes else ""
    values = {"w": rendering.Texts(), "lines": lines, "left": left, **csrf(request)}
    return render_to_string("gifts/account_part.html", values)


def _line(one: Given) -> Line:
    subject = subjects.numbered(one.article)
    runs = one.runs(moment.epoch())
    if one.taken_back:
        state = words()["gift.line-back"]
    else:
        key = "gift.line" if runs else "gift.line-ended"
        state = words().format(key, date=_day(one.ends))
    opened = words().format("gift.line-opened", opened=one.opened, openers=one.most)
    name = subject.headline if subject is not None else words()["gift.gone"]
    path = subject.path if subject is not None else ""
    return Line(one.number.hex() if runs else "", name, path, (state, opened))


def _day(at: int) -> str:
    publication = rendering.publication()
    return short_dateline(datetime.fromtimestamp(at, UTC), publication.zone, publication.language)
