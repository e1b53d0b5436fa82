"""The feeds of a list, written beside its pages. Only those whose bytes changed are written."""

from __future__ import annotations

from foldline.pages.fragment import Fragment
from foldline.pages.record import Sheet
from foldline.site.newsroom.changes import changed
from foldline.site.newsroom.press import Press
from foldline.site.readers import moment
from foldline.syndication.feeds.documents import Channel, document
from foldline.syndication.feeds.item import read
from foldline.syndication.feeds.naming import FILES, content_type, feed_path

#: Articles of a feed, the newest first.
ITEMS = 30


def feed_paths(base: str) -> list[str]:
    """Where the feeds of a list lie."""
    return [feed_path(base, form) for form in FILES]


def write_feeds(press: Press, channel: Channel, articles: list[int]) -> int:
    """Write a list's feeds; `articles` are its numbers, the newest first. How many of them changed."""
    stored = press.writer.items(articles[:ITEMS])
    items = [read(one.text).in_preview() for one in stored]
    numbers = [one.article for one in stored]
    publication = press.layout.publication
    written = 0
    for form in FILES:
        path = feed_path(channel.base, form)
        text = document(channel, form, publication.url + path, publication, items)
        if press.writer.listing(path) != text:
            press.writer.put_feed(
                Sheet(path, Fragment.of(text), content_type(form), moment.epoch()), channel.title, numbers
            )
            changed(path)
            written += 1
    return written


def delete_feeds(press: Press, base: str) -> int:
    """Let the feeds of a list that is none any more be gone."""
    gone = [path for path in feed_paths(base) if press.writer.listing(path) is not None]
    for path in gone:
        press.writer.delete(path)
        changed(path)
    return len(gone)
