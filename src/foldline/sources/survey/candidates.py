"""Which addresses of a site are asked first, in the hope of articles: those of its feed, its sitemap, its links."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import chain, zip_longest
from urllib.parse import urlsplit

from foldline.sources.survey.guest import Guest
from foldline.sources.survey.lists import Listing, read_list
from foldline.sources.survey.looks import Look

#: Bytes of a sitemap or a feed that are read; of a longer one its beginning.
_MOST = 6 << 20
#: Sitemaps that are read of an index.
_CHILDREN = 3
_USUAL = ("/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml")
_LIKELY = re.compile(r"post|article|news|stor(?:y|ies)|artikel|noticia|actualit", re.IGNORECASE)
_UNLIKELY = re.compile(r"tag|categor|author|user|page|image|video|taxonom", re.IGNORECASE)
#: What nobody calls an article.
_FILES = re.compile(r"\.(?:avif|css|gif|gz|ico|jpe?g|js|json|mp3|mp4|pdf|png|svg|txt|webp|xml|zip)$", re.IGNORECASE)


@dataclass(slots=True)
class Candidates:
    """`feed` and `sitemap` are where these were found, or ""; `addresses` are whole URLs of the site, the likeliest
    first; `in_feed` those of the feed. `notes` are sentences about what could not be read."""

    feed: str = ""
    sitemap: str = ""
    listing: Listing = field(default_factory=Listing)
    in_feed: frozenset[str] = frozenset()
    addresses: tuple[str, ...] = ()
    in_sitemap: int = 0
    notes: list[str] = field(default_factory=list)


async def candidates(guest: Guest, front: Look) -> Candidates:
    """Asks for one feed and one sitemap, with up to three parts where it is an index."""
    found = Candidates()
    for url in front.feeds[:1]:
        if listing := await _read(guest, url, found):
            found.feed, found.listing = url, listing
    feed = [own for entry in found.listing.entries if (own := guest.own(entry.address))]
    found.in_feed = frozenset(feed)
    listed = await _sitemap(guest, found)
    found.in_sitemap = len(listed)
    links = [url for url in front.links if _may_be_page(url)]
    either = (one for pair in zip_longest(feed, listed) for one in pair if one is not None)
    every = dict.fromkeys(chain(either, links))
    every.pop(front.url, None)
    found.addresses = tuple(url for url in every if guest.may(url) and _may_be_page(url))
    if not found.feed:
        found.notes.append("No feed is announced on the front page.")
    if not found.sitemap:
        found.notes.append(f"No sitemap was found ({', '.join(_USUAL)}, or a line in robots.txt).")
    return found


async def _sitemap(guest: Guest, found: Candidates) -> list[str]:
    """The pages of the site's sitemap, newest first."""
    named = [own for url in (guest.robots.sitemaps if guest.robots else ()) if (own := guest.own(url))]
    for url in dict.fromkeys((*named[:3], *(guest.place.url + path for path in _USUAL if not named))):
        listing = await _read(guest, url, found)
        if listing is None or listing.is_feed:
            continue
        found.sitemap = url
        entries = list(listing.entries)
        if listing.kind == "sitemapindex":
            children = sorted(entries, key=lambda entry: entry.changed, reverse=True)
            children.sort(key=lambda entry: _likelihood(entry.address))
            entries = []
            for child in children[:_CHILDREN]:
                part = await _read(guest, child.address, found)
                entries += part.entries if part is not None and part.kind == "urlset" else []
        entries.sort(key=lambda entry: _moment(entry.changed), reverse=True)
        owned = ((guest.own(entry.address), entry) for entry in entries)
        return [own for own, _ in owned if own is not None]
    return []


async def _read(guest: Guest, url: str, found: Candidates) -> Listing | None:
    page = await guest.get(url, _MOST, part=True)
    if page is None or page.status != 200:
        return None
    listing = read_list(page.body)
    if listing.broken and (listing.kind or page.kind.endswith("xml")):
        found.notes.append(f"{page.url}: {listing.broken}; {len(listing.entries)} entries were read.")
    return listing if listing.kind in ("urlset", "sitemapindex", "rss", "feed", "RDF") else None


def _likelihood(address: str) -> int:
    name = urlsplit(address).path.rpartition("/")[2]
    return 0 if _LIKELY.search(name) else 2 if _UNLIKELY.search(name) else 1


def _may_be_page(url: str) -> bool:
    parts = urlsplit(url)
    return not _FILES.search(parts.path) and not parts.query and parts.path not in ("", "/")


def _moment(text: str) -> float:
    """When, as sitemaps and feeds write it; the beginning of time where they do not."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
