"""RSS and Atom of every version, read by feedparser, within bounds that it does not have itself."""

from __future__ import annotations

import io
import re
from calendar import timegm
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from xml.parsers import expat

import feedparser

from foldline.fold.feed.model import DEEPEST, MOST_ELEMENTS, NotUnderstood
from foldline.syndication.newsstand.entries import MOST_ENTRIES, Entry, Read

#: What is no XML is guessed at up to this size, in bytes: guessing takes long.
_MOST_GUESSED = 512 << 10
_ENTRY = re.compile(rb"<(?:[A-Za-z0-9_-]+:)?(?:item|entry)[\s/>]")
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_HTML = ("text/html", "application/xhtml+xml")


def read_xml(body: bytes, headers: Mapping[str, str], address: str) -> Read:
    """A feed as it is told.

    Raises:
        NotUnderstood: it is none, declares entities, or has more elements than any feed.
    """
    _refuse(body)
    # Where the header names no letters, the document does (RFC 7303); feedparser goes by older rules and takes Latin 1.
    kind = headers.get("content-type", "")
    told = {"content-type": kind if "charset" in kind.lower() else "application/xml"}
    # In a file: text that is handed over as it is, is taken for an address or a path first.
    parsed = feedparser.parse(
        io.BytesIO(body),
        response_headers={**told, "content-location": address},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not dict.get(parsed, "version"):
        raise NotUnderstood("no feed")
    about = parsed.feed
    return _text(about, "title"), _text(about, "language"), _wait(about), _entries(parsed.entries)


def _refuse(body: bytes) -> None:
    """What feedparser would take, and should not."""
    if body.count(b"<") > 2 * MOST_ELEMENTS or len(_ENTRY.findall(body)) > MOST_ENTRIES:
        raise NotUnderstood("more elements than any feed has")
    begins = _ENTRY.search(body)
    if _ENTITY.search(body, 0, begins.start() if begins else len(body)):
        raise NotUnderstood("it declares entities")
    try:
        _Depth().read(body)
    except expat.ExpatError as error:
        if len(body) > _MOST_GUESSED:
            raise NotUnderstood("no XML, and too large to guess at") from error


class _Depth:
    """Reads a document for nothing but how deep it is, and whether it declares entities, in whatever letters."""

    def __init__(self) -> None:
        self._deep = 0

    def read(self, body: bytes) -> None:
        parser = expat.ParserCreate()
        parser.EntityDeclHandler = self._declared
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.Parse(body.lstrip(b" \t\r\n"), True)

    def _declared(self, *told: object) -> None:
        raise NotUnderstood("it declares entities")

    def _start(self, name: str, attributes: object) -> None:
        self._deep += 1
        if self._deep > DEEPEST:
            raise NotUnderstood("elements in elements without end")

    def _end(self, name: str) -> None:
        self._deep -= 1


def _entries(entries: list[feedparser.FeedParserDict]) -> Iterator[Entry]:
    for entry in entries:
        title, title_is_html = _detail(entry, "title")
        summary, summary_is_html = _detail(entry, "summary")
        if any(part.get("value") == summary for part in entry.get("content", ())):
            # feedparser gives the article's text where there is no summary: a card has none then.
            summary = ""
        link = entry.get("feedburner_origlink") or entry.get("link") or ""
        yield Entry(
            key=str(entry.get("id") or ""),
            link=str(link),
            title=title,
            title_is_html=title_is_html,
            summary=summary,
            summary_is_html=summary_is_html,
            at=_moment(entry),
            tags=tuple(str(tag.get("label") or tag.get("term") or "") for tag in entry.get("tags", ())[:20]),
        )


def _detail(entry: feedparser.FeedParserDict, name: str) -> tuple[str, bool]:
    """A text, and whether it is HTML. RSS does not say what it is: what could be HTML is taken for it."""
    detail = entry.get(f"{name}_detail") or {}
    text = str(detail.get("value") or "")
    return text, detail.get("type") in _HTML or "<" in text or "&" in text


def _moment(entry: feedparser.FeedParserDict) -> datetime | None:
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        # Without asking by `get`: feedparser answers for one name with another.
        said = dict.get(entry, name)
        if said:
            with suppress(ValueError, OverflowError, TypeError, OSError):
                return datetime.fromtimestamp(timegm(said), UTC)
    return None


def _wait(about: feedparser.FeedParserDict) -> int:
    """`ttl` of RSS 2.0 in seconds, which is told in minutes; else what `sy:updatePeriod` and `sy:updateFrequency` say
    (https://web.resource.org/rss/1.0/modules/syndication/)."""
    ttl = str(about.get("ttl") or "")
    if ttl.isascii() and ttl.isdecimal() and len(ttl) < 8:
        return int(ttl) * 60
    period = {"hourly": 3600, "daily": 86_400, "weekly": 7 * 86_400}.get(str(about.get("sy_updateperiod") or ""), 0)
    often = str(about.get("sy_updatefrequency") or "1")
    return period // max(1, int(often)) if often.isascii() and often.isdecimal() and len(often) < 5 else period


def _text(about: feedparser.FeedParserDict, name: str) -> str:
    return str(about.get(name) or "")
