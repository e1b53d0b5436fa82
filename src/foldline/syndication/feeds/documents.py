"""The three documents of one feed. No order of their own, no clock: the same items make the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from foldline.fold.feed import atom, json_feed, rss
from foldline.fold.feed.model import Feed, Item
from foldline.pages.public import Publication
from foldline.syndication.feeds.naming import Form

_WRITERS: dict[Form, Callable[[Feed], str]] = {"rss": rss.write, "atom": atom.write, "json": json_feed.write}


@dataclass(frozen=True, slots=True)
class Channel:
    """What a feed is about: a list's title ("" for home) and its path."""

    title: str
    base: str


def document(channel: Channel, form: Form, address: str, publication: Publication, items: Iterable[Item]) -> str:
    """A feed as a document. `address` is its own, whole; `items` are in their order."""
    shown = tuple(items)
    moments = [moment for item in shown if (moment := item.updated or item.published)]
    feed = Feed(
        form,
        address,
        title=f"{channel.title} – {publication.name}" if channel.title else publication.name,
        link=publication.url + channel.base,
        description=publication.tagline or publication.name,
        language=publication.language,
        updated=max(moments, default=None),
        items=shown,
    )
    return _WRITERS[form](feed)
