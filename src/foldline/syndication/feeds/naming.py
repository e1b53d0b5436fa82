"""Where feeds lie, and what names an item for ever."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from foldline.fold.feed import atom, json_feed, rss

Form = Literal["rss", "atom", "json"]

#: The last part of a feed's address, by its form.
FILES: dict[Form, str] = {"rss": "feed.xml", "atom": "atom.xml", "json": "feed.json"}
MEDIA_TYPES: dict[Form, str] = {"rss": rss.MEDIA_TYPE, "atom": atom.MEDIA_TYPE, "json": json_feed.MEDIA_TYPE}

#: Part of every item's name: it may never change.
_YEAR = "2026"


def feed_path(base: str, form: Form) -> str:
    """The address of a list's feed: `/feed.xml` for home, `/section/science/feed.xml` for a section."""
    return f"{base.rstrip('/')}/{FILES[form]}"


def content_type(form: Form) -> str:
    """What a feed is, for its header."""
    return f"{MEDIA_TYPES[form]}; charset=utf-8"


def item_id(url: str, article: int) -> str:
    """The name of an article in feeds: a tag URI (RFC 4151) of the publication's host and the article's number. No part
    of it changes when an article is closed, renamed, moved or corrected."""
    return f"tag:{authority(url)},{_YEAR}:article/{article}"


def authority(url: str) -> str:
    """Who names items: the host without its port, which no authority of a tag URI has."""
    return (urlsplit(url).hostname or "").lower()
