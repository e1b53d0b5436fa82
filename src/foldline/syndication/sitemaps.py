"""Sitemaps (sitemaps.org, protocol 0.9) and the news sitemap: where articles lie, closed ones too.

An address, a date that an editor gave and, for news, the headline: nothing here follows from a text. What an editor
changes below the fold moves no date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import NamedTuple

from foldline.pages.public import Publication

PATH, NEWS_PATH = "/sitemap.xml", "/sitemap-news.xml"
TYPE = "application/xml; charset=utf-8"
#: The protocol allows 50,000 addresses and 50 MB in a file. With fewer, a worker reads less for one that it answers.
MOST_ADDRESSES, MOST_BYTES = 10_000, 10_000_000
#: What Google News takes: articles of the last two days, and no more of them in a file.
NEWS_FOR, MOST_NEWS = timedelta(hours=48), 1_000

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
#: Characters that XML 1.0 can't hold in any spelling. Nobody sees them in a headline, either.
_NO_XML = re.compile(r"[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


class Place(NamedTuple):
    """An address of the publication, by its path. `changed` is when an editor says that it last did, None where nobody
    said anything."""

    path: str
    changed: datetime | None = None


class News(NamedTuple):
    """An article by its path and headline."""

    path: str
    headline: str
    published_at: datetime


def sitemaps(publication: Publication, places: Sequence[Place]) -> dict[str, str]:
    """The files by their paths: one, or an index with as many as it takes. Places stand in the order that is given, so
    that files don't change whose places didn't."""
    files = list(files_of(publication, places))
    if len(files) == 1:
        return {PATH: files[0]}
    parts = {part(number): text for number, text in enumerate(files, 1)}
    return {PATH: index(publication, parts), **parts}


def part(number: int) -> str:
    """Where a file of an index lies; the first has the number 1."""
    return f"/sitemap-{number}.xml"


def index(publication: Publication, parts: Iterable[str]) -> str:
    """The index of files at these paths."""
    entries = "".join(f"<sitemap><loc>{_text(publication.url + path)}</loc></sitemap>\n" for path in parts)
    return f"{_HEAD}<sitemapindex {_SITEMAP}>\n{entries}</sitemapindex>\n"


def files_of(publication: Publication, places: Iterable[Place]) -> Iterable[str]:
    """As many files as these places take, at least one."""
    return _files([_url(publication, place) for place in places])


def news_sitemap(publication: Publication, articles: Iterable[News], now: datetime) -> str:
    """The newest articles of the last two days. A file without one is what Google expects on a quiet day."""
    recent = [one for one in articles if now - NEWS_FOR < one.published_at <= now]
    recent.sort(key=lambda one: (one.published_at, one.path), reverse=True)
    entries = "".join(_news(publication, one) for one in recent[:MOST_NEWS])
    return f"{_HEAD}<urlset {_SITEMAP} {_NEWS}>\n{entries}</urlset>\n"


def _files(urls: Sequence[str]) -> Iterable[str]:
    held: list[str] = []
    size = 0
    for url in urls:
        length = len(url.encode())
        if held and (len(held) == MOST_ADDRESSES or size + length > MOST_BYTES):
            yield _urlset(held)
            held, size = [], 0
        held.append(url)
        size += length
    yield _urlset(held)


def _urlset(urls: Iterable[str]) -> str:
    return f"{_HEAD}<urlset {_SITEMAP}>\n{''.join(urls)}</urlset>\n"


def _url(publication: Publication, place: Place) -> str:
    changed = f"<lastmod>{_when(place.changed)}</lastmod>" if place.changed else ""
    return f"<url><loc>{_text(publication.url + place.path)}</loc>{changed}</url>\n"


def _news(publication: Publication, one: News) -> str:
    return (
        f"<url><loc>{_text(publication.url + one.path)}</loc>\n<news:news>"
        f"<news:publication><news:name>{_text(publication.name)}</news:name>"
        f"<news:language>{_text(publication.language)}</news:language></news:publication>"
        f"<news:publication_date>{_when(one.published_at)}</news:publication_date>"
        f"<news:title>{_text(one.headline)}</news:title></news:news></url>\n"
    )


def _when(moment: datetime) -> str:
    """As W3C Datetime, which both protocols ask for."""
    return moment.isoformat(timespec="seconds")


def _text(text: str) -> str:
    return escape(_NO_XML.sub("", text))
