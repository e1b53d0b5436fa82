"""What the account's page says of private feeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from django.conf import settings
from django.http import HttpRequest
from django.template.context_processors import csrf
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from foldline.pages.dates import short_dateline
from foldline.site.feeds import keys
from foldline.site.feeds.keys import Running
from foldline.site.feeds.lists import offered
from foldline.site.readers import rendering
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words

#: The part of the account's page to look at.
PART = "feeds"


@dataclass(frozen=True, slots=True)
class Line:
    """One feed: what it is of, what is known of its use, and a warning or ""."""

    number: int
    base: str
    name: str
    facts: tuple[str, ...]
    warning: str


def account_part(request: HttpRequest, reader: Reader) -> SafeString:
    """The part's HTML, "" where there is no newsroom of ours, and no feed of this reader's."""
    lists = offered()
    lines = [_line(one, lists) for one in keys.running(reader)]
    if not lists and not lines:
        return SafeString()
    without = [(base, name) for base, name in lists.items() if base not in {line.base for line in lines}]
    values = {"w": rendering.Texts(), "lines": lines, "without": without, **csrf(request)}
    return render_to_string("feeds/account_part.html", values)


def _line(one: Running, lists: dict[str, str]) -> Line:
    facts = [words().format("feed.since", date=_day(one.key.made_at))]
    if one.used_on:
        noon = datetime.combine(date.fromordinal(one.used_on), time(12), settings.FOLDLINE.zone)
        facts.append(words().format("account.device-used", date=_day(noon)))
    if one.networks:
        facts.append(words().format("feed.networks", count=one.networks))
    name = lists.get(one.key.base, one.key.base.rpartition("/")[2])
    return Line(one.key.pk, one.key.base, name, tuple(facts), words()["feed.many"] if one.many else "")


def _day(at: datetime) -> str:
    publication = rendering.publication()
    return short_dateline(at, publication.zone, publication.language)
