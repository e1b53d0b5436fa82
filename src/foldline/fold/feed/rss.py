"""RSS 2.0: https://www.rssboard.org/rss-specification"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from email.utils import format_datetime
from html import escape
from xml.etree.ElementTree import Element

from foldline.fold.feed import words
from foldline.fold.feed.marks import ACCESS_TERM, ACCESS_WORD
from foldline.fold.feed.model import MOST_ITEMS, Feed, File, Item, NotUnderstood
from foldline.fold.feed.xml_text import XML_DECLARATION, everything, text_of, written

MEDIA_TYPE = "application/rss+xml"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_ATOM = "http://www.w3.org/2005/Atom"
_SPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    f'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:atom="{_ATOM}"'
)


def read(root: Element, address: str) -> Feed:
    """The feed of a document whose root is `rss`.

    Raises:
        NotUnderstood: it has no channel, or too many items.
    """
    channel = root.find("channel")
    items = channel.findall("item") if channel is not None else []
    if channel is None or len(items) > MOST_ITEMS:
        raise NotUnderstood("no channel, or too many items")
    base = words.address(text_of(channel.find("link")), address) or address
    return Feed(
        "rss",
        address,
        title=words.plain(text_of(channel.find("title"))),
        link=base,
        description=words.plain(text_of(channel.find("description"))),
        language=words.language(text_of(channel.find("language"))),
        updated=words.moment(text_of(channel.find("lastBuildDate")) or text_of(channel.find("pubDate"))),
        items=tuple(_item(item, base) for item in items),
    )


def _item(item: Element, base: str) -> Item:
    guid = item.find("guid")
    said_id = words.plain(text_of(guid))
    is_link = guid is not None and guid.get("isPermaLink", "true") == "true"
    link = words.address(text_of(item.find("link")), base) or (words.address(said_id, base) if is_link else "")
    full, short = item.find(_CONTENT), item.find("description")
    own = full if full is not None else short
    return Item(
        link,
        title=words.plain(text_of(item.find("title"))),
        id=said_id,
        authors=words.names(text_of(name) for name in item.findall(f"{_DC}creator")),
        tags=words.names(text_of(name) for name in (*item.findall("category"), *item.findall(f"{_DC}subject"))),
        published=words.moment(text_of(item.find("pubDate")) or text_of(item.find(f"{_DC}date"))),
        files=tuple(_files(item, base)),
        text=text_of(own),
        full=full is not None,
        short=short is not None,
        said=tuple(text for text in everything(item) if text.strip()),
    )


def _files(item: Element, base: str) -> Iterator[File]:
    for enclosure in item.findall("enclosure"):
        where, kind = words.address(enclosure.get("url"), base), words.media_type(enclosure.get("type"))
        if where and kind:
            yield File(where, kind, words.length(enclosure.get("length")))


def write(feed: Feed) -> str:
    """The feed as a document."""
    about = [
        written("title", feed.title),
        written("link", feed.link or feed.address),
        written("description", feed.description),
    ]
    if feed.address:
        about.append(written("atom:link", attributes={"href": feed.address, "rel": "self", "type": MEDIA_TYPE}))
    if feed.language:
        about.append(written("language", feed.language))
    if feed.updated:
        about.append(written("lastBuildDate", format_datetime(feed.updated.astimezone(UTC), usegmt=True)))
    inner = "\n".join([*about, *map(_written, feed.items)])
    return f'{XML_DECLARATION}\n<rss version="2.0" {_SPACES}>\n<channel>\n{inner}\n</channel>\n</rss>\n'


def _written(item: Item) -> str:
    inner = [written("title", item.title)]
    if item.link:
        inner.append(written("link", item.link))
    if item.id:
        permanent = "true" if item.id == item.link else "false"
        inner.append(written("guid", item.id, {"isPermaLink": permanent}))
    if item.published:
        inner.append(written("pubDate", format_datetime(item.published.astimezone(UTC), usegmt=True)))
    inner += [written("dc:creator", name) for name in item.authors]
    inner += [written("category", tag) for tag in item.tags]
    if item.gated:
        inner.append(written(ACCESS_TERM, ACCESS_WORD))
    if not item.full and item.content:
        inner.append(written("description", item.content))
    elif item.summary:
        inner.append(written("description", escape(item.summary)))
    if item.full and item.content:
        inner.append(written("content:encoded", item.content))
    inner += [
        written("enclosure", attributes={"url": file.address, "length": str(file.length), "type": file.media_type})
        for file in item.files[:1]
    ]
    return written("item", "", None, "\n", *(f"{element}\n" for element in inner))
