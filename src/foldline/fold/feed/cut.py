"""The cut of a feed: texts of articles are those of their previews, and nothing that was dropped is found again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from html import escape, unescape

from foldline.fold.feed import atom, json_feed, rss, words
from foldline.fold.feed.model import Feed, Item, NotUnderstood
from foldline.fold.feed.xml_text import name_of, read_xml
from foldline.fold.listed import Listed, unproved
from foldline.fold.page.excerpt import Excerpt

#: Media types that a feed comes as.
XML = frozenset(("application/rss+xml", "application/atom+xml", "application/xml", "text/xml"))
JSON = frozenset(("application/feed+json", "application/json"))

_WRITERS = {"rss": rss.write, "atom": atom.write, "json": json_feed.write}
MEDIA_TYPES = {"rss": rss.MEDIA_TYPE, "atom": atom.MEDIA_TYPE, "json": json_feed.MEDIA_TYPE}


def read_feed(body: bytes, media_type: str, charset: str, address: str) -> Feed:
    """What a feed says. `address` is where it lies; `media_type` and `charset` are its own.

    Raises:
        NotUnderstood: it is no feed of a kind that is known here.
    """
    if media_type in JSON:
        return json_feed.read(read_json(body), address)
    if media_type not in XML:
        raise NotUnderstood("no feed, by its media type")
    root = read_xml(body, charset)
    if name_of(root) == "rss":
        return rss.read(root, address)
    if name_of(root) == atom.ROOT:
        return atom.read(root, address)
    raise NotUnderstood("neither RSS 2.0 nor Atom")


def read_json(body: bytes) -> object:
    """A JSON document.

    Raises:
        NotUnderstood: it is none.
    """
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise NotUnderstood(f"no JSON that is read: {type(error).__name__}") from error


def cut_feed(feed: Feed, excerpts: Mapping[str, Excerpt], more: str) -> str:
    """The feed as it may be sent. `excerpts` has what is public of articles by their links; `more` is what a gated
    item's text ends with, as words of a link to its article.

    Raises:
        NotUnderstood: it can't be proved that no rest is in it.
    """
    writes = _WRITERS[feed.form]
    items = tuple(_cut(item, excerpts.get(item.link), more) for item in feed.items)
    made = replace(feed, items=items)
    listed = [_listed(item, excerpts.get(item.link)) for item in items]
    titles = (feed.title, more)
    own = Listed(None, feed.title, "", (feed.description,), ())
    document = writes(made)
    blamed = unproved(document, [*listed, own], titles)
    if not blamed and blamed is not None:
        return document
    made = _without(made, blamed) if blamed else _bare(made)
    document = writes(made)
    if unproved(document, [*listed, own], titles) != frozenset():
        raise NotUnderstood("a cut that can't be proved")
    return document


def _cut(item: Item, excerpt: Excerpt | None, more: str) -> Item:
    if excerpt is None:
        return replace(item, files=(), gated=False)
    summary = excerpt.standfirst if item.short and item.full else ""
    content = ""
    if item.full or item.short:
        content = excerpt.html or (f"<p>{escape(excerpt.standfirst)}</p>" if excerpt.standfirst else "")
    if excerpt.gated:
        if content:
            content += f'\n<p><a href="{escape(item.link)}">{escape(more)}</a></p>'
        public = unescape(excerpt.public)
        files = tuple(file for file in item.files if file.address in public)
        return replace(item, files=files, summary=summary, content=content, gated=True)
    own = excerpt.public_part(item.text, item.link)
    return replace(item, summary=summary, content=own or content)


def _listed(item: Item, excerpt: Excerpt | None) -> Listed:
    """What was dropped is all that the feed said, without what is sent as it came."""
    files = [file.address for file in item.files]
    kept = tuple(filter(None, (item.id, item.link, *item.authors, *item.tags, *files)))
    told = {item.title, *kept}
    dropped = (text for text in item.said if not _is_a_fact(text) and words.plain(text) not in told)
    return Listed(excerpt, item.title, item.link, kept, tuple(dropped), "" if item.gated else item.content)


def _is_a_fact(text: str) -> bool:
    """An address or a moment is no text of an article."""
    return bool(words.address(text, "")) or words.moment(text) is not None


def _without(feed: Feed, blamed: frozenset[str]) -> Feed:
    """The feed without single texts."""

    def clean(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(text for text in texts if text not in blamed)

    items = tuple(
        replace(
            item,
            id="" if item.id in blamed else item.id,
            link="" if item.link in blamed else item.link,
            authors=clean(item.authors),
            tags=clean(item.tags),
            files=tuple(file for file in item.files if file.address not in blamed),
        )
        for item in feed.items
    )
    return replace(feed, items=items, description="" if feed.description in blamed else feed.description)


def _bare(feed: Feed) -> Feed:
    """Titles, addresses and moments alone."""
    items = tuple(replace(item, content="", summary="", authors=(), tags=(), files=()) for item in feed.items)
    return replace(feed, items=items, description="")


def _no_number(said: str) -> float:
    raise ValueError(f"{said} is no JSON")
