"""Atom: RFC 4287."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from foldline.fold.feed import words
from foldline.fold.feed.marks import ACCESS_TERM, ACCESS_WORD
from foldline.fold.feed.model import MOST_ITEMS, Feed, File, Item, NotUnderstood
from foldline.fold.feed.xml_text import XML_DECLARATION, everything, text_of, written

MEDIA_TYPE = "application/atom+xml"
ROOT = "{http://www.w3.org/2005/Atom}feed"
_A = "{http://www.w3.org/2005/Atom}"
_BASE, _LANG = "{http://www.w3.org/XML/1998/namespace}base", "{http://www.w3.org/XML/1998/namespace}lang"
_SPACES = 'xmlns="http://www.w3.org/2005/Atom" xmlns:dcterms="http://purl.org/dc/terms/"'


def read(root: Element, address: str) -> Feed:
    """The feed of a document whose root is `feed`.

    Raises:
        NotUnderstood: it has too many entries.
    """
    entries = root.findall(f"{_A}entry")
    if len(entries) > MOST_ITEMS:
        raise NotUnderstood("too many entries")
    base = words.address(root.get(_BASE), address) or address
    return Feed(
        "atom",
        address,
        title=_title(root.find(f"{_A}title")),
        link=_link(root, base),
        description=_title(root.find(f"{_A}subtitle")),
        language=words.language(root.get(_LANG)),
        updated=words.moment(text_of(root.find(f"{_A}updated"))),
        items=tuple(_entry(entry, base) for entry in entries),
    )


def _entry(entry: Element, base: str) -> Item:
    base = words.address(entry.get(_BASE), base) or base
    full, short = entry.find(f"{_A}content"), entry.find(f"{_A}summary")
    own = full if full is not None else short
    return Item(
        _link(entry, base),
        title=_title(entry.find(f"{_A}title")),
        id=words.plain(text_of(entry.find(f"{_A}id"))),
        authors=words.names(text_of(author.find(f"{_A}name")) for author in entry.findall(f"{_A}author")),
        tags=words.names(tag.get("label") or tag.get("term") for tag in entry.findall(f"{_A}category")),
        published=words.moment(text_of(entry.find(f"{_A}published"))),
        updated=words.moment(text_of(entry.find(f"{_A}updated"))),
        files=tuple(_files(entry, base)),
        text=text_of(own),
        full=full is not None,
        short=short is not None,
        said=tuple(text for text in everything(entry) if text.strip()),
    )


def _title(element: Element | None) -> str:
    text = text_of(element)
    if element is not None and element.get("type") == "html":
        # Only who reads strangers' feeds pays for a parser of pages.
        from turbohtml import parse

        from foldline.fold.page.source import readable

        text = readable([parse(text)])
    return words.plain(text)


def _link(element: Element, base: str) -> str:
    for link in element.findall(f"{_A}link"):
        if link.get("rel", "alternate") == "alternate" and link.get("type", "text/html").startswith("text/html"):
            return words.address(link.get("href"), base)
    return ""


def _files(entry: Element, base: str) -> Iterator[File]:
    for link in entry.findall(f"{_A}link"):
        where, kind = words.address(link.get("href"), base), words.media_type(link.get("type"))
        if link.get("rel") == "enclosure" and where and kind:
            yield File(where, kind, words.length(link.get("length")))


def write(feed: Feed) -> str:
    """The feed as a document."""
    newest = max((moment for item in feed.items if (moment := item.updated or item.published)), default=None)
    about = [
        written("title", feed.title),
        written("id", feed.address or feed.link),
        written("updated", _said(feed.updated or newest)),
    ]
    if feed.address:
        about.insert(2, written("link", attributes={"href": feed.address, "rel": "self", "type": MEDIA_TYPE}))
    if feed.link:
        about.append(written("link", attributes={"href": feed.link, "rel": "alternate", "type": "text/html"}))
    if feed.description:
        about.append(written("subtitle", feed.description))
    if not all(item.authors for item in feed.items):
        about.append(written("author", "", None, written("name", feed.title or "-")))
    language = f' xml:lang="{feed.language}"' if feed.language else ""
    inner = "\n".join([*about, *(_written(item, feed) for item in feed.items)])
    return f"{XML_DECLARATION}\n<feed {_SPACES}{language}>\n{inner}\n</feed>\n"


def _written(item: Item, feed: Feed) -> str:
    inner = [
        written("title", item.title),
        written("id", item.id or item.link or feed.address),
        written("updated", _said(item.updated or item.published or feed.updated)),
    ]
    if item.link:
        inner.append(written("link", attributes={"href": item.link, "rel": "alternate", "type": "text/html"}))
    if item.published:
        inner.append(written("published", _said(item.published)))
    inner += [written("author", "", None, written("name", name)) for name in item.authors]
    inner += [written("category", attributes={"term": tag}) for tag in item.tags]
    if item.gated:
        inner.append(written(ACCESS_TERM, ACCESS_WORD))
    if not item.full and item.content:
        inner.append(written("summary", item.content, {"type": "html"}))
    elif item.summary:
        inner.append(written("summary", item.summary))
    if item.full and item.content:
        inner.append(written("content", item.content, {"type": "html"}))
    for file in item.files:
        told = {"length": str(file.length)} if file.length else {}
        link = {"href": file.address, "rel": "enclosure", "type": file.media_type}
        inner.append(written("link", attributes=link | told))
    return written("entry", "", None, "\n", *(f"{element}\n" for element in inner))


def _said(moment: datetime | None) -> str:
    # RFC 4287 wants a moment; where none was told it is one that nobody takes for news.
    return (moment or datetime(1970, 1, 1, tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
