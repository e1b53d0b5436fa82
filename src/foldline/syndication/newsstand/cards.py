"""A feed in, cards out. What a card does not show is let go of here: no text of an article leaves this room."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from foldline.fold.feed import words
from foldline.syndication.newsstand.entries import Entry
from foldline.syndication.newsstand.json_feed import read_json
from foldline.syndication.newsstand.plain import one_line, shortened, text_of_html, without_notices

#: Cards of one source, the newest.
MOST_CARDS = 50
LONGEST_HEADLINE, LONGEST_STANDFIRST, LONGEST_TAG, MOST_TAGS = 200, 280, 40, 5
LONGEST_NAME = 80
#: Before this year nobody had a feed: such a date is a program's beginning of time.
FIRST_YEAR = 1995
#: A date so far ahead is a clock or a zone that is set wrongly; one that is farther is none.
AHEAD = timedelta(days=1)
#: What a feed tells a reader's program to wait is believed up to here, in seconds.
LONGEST_WAIT = 86_400
_TRACKING = re.compile(r"utm_[a-z]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceCard:
    """What is kept of one article of a source. `key` tells it from the source's others; `at` is None where the feed
    gives no date that can be right."""

    key: str
    link: str
    headline: str
    standfirst: str = ""
    at: datetime | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """A feed's cards in its own order. `left_out` counts what became no card, by why; `wait` is how many seconds the
    feed asks to be left alone, 0 where it does not."""

    title: str
    language: str
    cards: tuple[SourceCard, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    wait: int = 0


def read_feed(body: bytes, headers: Mapping[str, str], address: str, now: datetime) -> ReadFeed:
    """The cards of a feed that came from `address`: RSS, Atom or JSON Feed of any version. `headers` are those of the
    answer, by names in small letters.

    Raises:
        NotUnderstood: it is no feed, or larger than any.
    """
    start = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"{"):
        title, language, wait, entries = read_json(body)
    else:
        # Only who fetches pays for its import.
        from foldline.syndication.newsstand.xml_feed import read_xml

        title, language, wait, entries = read_xml(body, headers, address)
    left_out: Counter[str] = Counter()
    cards: dict[str, SourceCard] = {}
    for entry in entries:
        card = _card(entry, address, now)
        if isinstance(card, str):
            left_out[card] += 1
        elif card.key in cards or any(card.link == other.link for other in cards.values()):
            left_out["twice"] += 1
        else:
            cards[card.key] = card
        if len(cards) >= MOST_CARDS:
            break
    name = shortened(text_of_html(title), LONGEST_NAME)
    return ReadFeed(name, words.language(language), tuple(cards.values()), dict(left_out), min(wait, LONGEST_WAIT))


def _card(entry: Entry, address: str, now: datetime) -> SourceCard | str:
    """The card, or why there is none."""
    headline = text_of_html(entry.title) if entry.title_is_html else one_line(entry.title)
    if not headline:
        return "without a headline"
    link = canonical(words.address(entry.link, address))
    if not link:
        return "without an address"
    summary = text_of_html(entry.summary) if entry.summary_is_html else one_line(entry.summary)
    standfirst = without_notices(summary)
    if standfirst.rstrip(".") == headline.rstrip("."):
        standfirst = ""
    tags = (one_line(text_of_html(tag)) for tag in entry.tags)
    return SourceCard(
        key=one_line(entry.key)[:300] or link,
        link=link,
        headline=shortened(headline, LONGEST_HEADLINE),
        standfirst=shortened(standfirst, LONGEST_STANDFIRST),
        at=believed(entry.at, now),
        tags=tuple(dict.fromkeys(tag for tag in tags if 0 < len(tag) <= LONGEST_TAG))[:MOST_TAGS],
    )


def believed(at: datetime | None, now: datetime) -> datetime | None:
    """A date that can be right: none of the beginning of time, and none that is far ahead."""
    if at is None or at.astimezone(UTC).year < FIRST_YEAR or at > now + AHEAD:
        return None
    return at


def canonical(link: str) -> str:
    """An article's address without what only counts who came from where."""
    if not link or "utm_" not in link.lower():
        return link
    parts = urlsplit(link)
    kept = [(name, value) for name, value in parse_qsl(parts.query, True) if not _TRACKING.fullmatch(name)]
    return parts._replace(query=urlencode(kept)).geturl()
