"""The one item that says that a subscription has ended: feed readers show items, and nothing else of a feed."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from foldline.fold.feed.model import Item
from foldline.pages.dates import short_dateline
from foldline.pages.public import Publication
from foldline.pages.words import Words
from foldline.syndication.feeds.naming import authority


def item(ended_on: int, publication: Publication, words: Words) -> Item:
    """What a reader is told whose last subscription ended at an epoch second: the same item until they have another."""
    at = datetime.fromtimestamp(ended_on, UTC)
    link = publication.url + (publication.offer.subscribe_path or f"{publication.prefix}subscribe")
    date = short_dateline(at, publication.zone, publication.language)
    said = escape(words.format("feed.ended", date=date, name=publication.name))
    return Item(
        link,
        title=words["feed.ended-title"],
        id=f"tag:{authority(publication.url)},2026:feed/ended/{ended_on}",
        authors=(publication.name,),
        published=at,
        content=f'<p>{said} <a href="{escape(link)}">{escape(words["feed.ended-link"])}</a></p>',
        full=True,
    )
