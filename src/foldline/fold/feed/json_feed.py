"""JSON Feed 1 and 1.1: https://www.jsonfeed.org/version/1.1/"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Any

from foldline.fold.feed import words
from foldline.fold.feed.marks import ACCESS_KEY, ACCESS_WORD
from foldline.fold.feed.model import MOST_ITEMS, Feed, File, Item, NotUnderstood

MEDIA_TYPE = "application/feed+json"
VERSION = "https://jsonfeed.org/version/1.1"

Json = dict[str, Any]


def read(said: object, address: str) -> Feed:
    """The feed of a JSON document.

    Raises:
        NotUnderstood: it says of itself that it is something else, or has too many items.
    """
    if not isinstance(said, dict) or not str(said.get("version", "")).startswith("https://jsonfeed.org/version/1"):
        raise NotUnderstood("no JSON Feed")
    items = said.get("items")
    if not isinstance(items, list) or len(items) > MOST_ITEMS or not all(isinstance(item, dict) for item in items):
        raise NotUnderstood("no items, or too many")
    return Feed(
        "json",
        address,
        title=words.plain(said.get("title")),
        link=words.address(said.get("home_page_url"), address),
        description=words.plain(said.get("description")),
        language=words.language(said.get("language")),
        items=tuple(_item(item, address) for item in items),
    )


def _item(item: Json, base: str) -> Item:
    html, text, summary = item.get("content_html"), item.get("content_text"), item.get("summary")
    own = html if isinstance(html, str) else escape(text) if isinstance(text, str) else summary
    tags, number = item.get("tags"), item.get("id")
    return Item(
        words.address(item.get("url"), base),
        title=words.plain(item.get("title")),
        id=words.plain(str(number) if isinstance(number, int) else number),
        authors=words.names(_authors(item)),
        tags=words.names(tags if isinstance(tags, list) else ()),
        published=words.moment(item.get("date_published")),
        updated=words.moment(item.get("date_modified")),
        files=tuple(_files(item, base)),
        text=own if isinstance(own, str) else "",
        full=html is not None or text is not None,
        short=summary is not None,
        said=tuple(everything(item)),
    )


def _authors(item: Json) -> Iterator[object]:
    several = item.get("authors")
    for author in (*(several if isinstance(several, list) else ()), item.get("author")):
        if isinstance(author, dict):
            yield author.get("name")


def _files(item: Json, base: str) -> Iterator[File]:
    listed = item.get("attachments")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict):
            where, kind = words.address(one.get("url"), base), words.media_type(one.get("mime_type"))
            if where and kind:
                yield File(where, kind, words.length(one.get("size_in_bytes")))


def everything(said: object) -> Iterator[str]:
    """Every text in a JSON value, names included."""
    waiting = [said]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, dict):
            waiting += [*inner.keys(), *inner.values()]
        elif isinstance(inner, list):
            waiting += inner


def write(feed: Feed) -> str:
    """The feed as a document."""
    about: Json = {"version": VERSION, "title": feed.title}
    told = {
        "feed_url": feed.address,
        "home_page_url": feed.link,
        "description": feed.description,
        "language": feed.language,
    }
    about |= {key: value for key, value in told.items() if value}
    return json.dumps(about | {"items": [_written(item) for item in feed.items]}, ensure_ascii=False) + "\n"


def _written(item: Item) -> Json:
    told: Json = {
        "url": item.link,
        "title": item.title,
        "summary": item.summary,
        "date_published": _said(item.published),
        "date_modified": _said(item.updated),
        "authors": [{"name": name} for name in item.authors],
        "tags": list(item.tags),
        "attachments": [
            {"url": file.address, "mime_type": file.media_type}
            | ({"size_in_bytes": file.length} if file.length else {})
            for file in item.files
        ],
    }
    made: Json = {"id": item.id or item.link} | {key: value for key, value in told.items() if value}
    # One of the two texts must be there (1.1, Items).
    made["content_html"] = item.content
    return made | {ACCESS_KEY: {"access": ACCESS_WORD}} if item.gated else made


def _said(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
