"""JSON Feed, 1.0 and 1.1: https://www.jsonfeed.org/version/1.1/"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from foldline.fold.feed import words
from foldline.fold.feed.model import NotUnderstood
from foldline.syndication.newsstand.entries import MOST_ENTRIES, Entry, Read

_VERSION = "https://jsonfeed.org/version/"


def read_json(body: bytes) -> Read:
    """A feed as it is told.

    Raises:
        NotUnderstood: it is no JSON Feed.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotUnderstood("no JSON") from error
    items = said.get("items") if isinstance(said, dict) else None
    if not isinstance(items, list) or not str(said.get("version", "")).startswith(_VERSION):
        raise NotUnderstood("JSON, and no JSON Feed")
    if len(items) > MOST_ENTRIES:
        raise NotUnderstood("more articles than any feed has")
    return _text(said.get("title")), _text(said.get("language")), 0, _entries(items)


def _entries(items: list[Any]) -> Iterator[Entry]:
    for item in items:
        if not isinstance(item, dict):
            continue
        key, tags = item.get("id"), item.get("tags")
        yield Entry(
            key=str(key) if isinstance(key, int | float) else _text(key),
            link=_text(item.get("url")) or _text(item.get("external_url")),
            title=_text(item.get("title")),
            title_is_html=False,
            summary=_text(item.get("summary")),
            summary_is_html=False,
            at=words.moment(item.get("date_published")),
            tags=tuple(_text(tag) for tag in tags[:20]) if isinstance(tags, list) else (),
        )


def _text(said: object) -> str:
    return said if isinstance(said, str) else ""
