"""Addresses in a sitemap, an index of sitemaps, or a feed: read in part where they are long, and never expanded."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

# A document type is refused below, so that nothing is expanded, and nothing outside is read.

#: So many entries are read of one list, and so many letters of one text.
MOST_ENTRIES = 5_000
LONGEST_TEXT = 200_000
_PIECE = 64 << 10
_TEXTS = frozenset(("description", "encoded", "content", "summary"))


@dataclass(slots=True)
class Entry:
    """One line: where, when it changed last as the list writes it, and what it tells of the text."""

    address: str = ""
    changed: str = ""
    text: str = ""


@dataclass(slots=True)
class Listing:
    """`kind` is the name of its root: `urlset`, `sitemapindex`, `rss`, `feed`, `RDF`, or "". `title` is the feed's own.
    `broken` says why its end was not read."""

    kind: str = ""
    title: str = ""
    entries: list[Entry] = field(default_factory=list)
    broken: str = ""

    @property
    def is_feed(self) -> bool:
        return self.kind in ("rss", "feed", "RDF")


class _Refused(Exception):
    pass


class _Full(Exception):
    pass


def read_list(data: bytes) -> Listing:
    """Reads as much as is there, and is well-formed. A document type is where entities are declared: it ends the
    reading before the first of them."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        for at in range(0, len(data), _PIECE):
            parser.Parse(data[at : at + _PIECE], False)
        parser.Parse(b"", True)
    except _Refused:
        reader.found.broken = "it declares a document type, which no sitemap or feed needs"
    except _Full:
        reader.found.broken = f"it has more than {MOST_ENTRIES} entries"
    except expat.ExpatError as error:
        reader.found.broken = f"it is not well-formed, or longer than what is read: {error}"
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found = Listing()
        self._path: list[str] = []
        self._said: list[str] = []
        self._length = 0
        self._entry: Entry | None = None

    def refuse(self, *_: object) -> None:
        raise _Refused

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if not self._path:
            self.found.kind = local
        self._path.append(local)
        self._said, self._length = [], 0
        if local in ("url", "sitemap", "item", "entry"):
            self._entry = Entry()
        elif local == "link" and self._entry is not None and attributes.get("rel", "alternate") == "alternate":
            self._entry.address = self._entry.address or attributes.get("href", "").strip()

    def text(self, data: str) -> None:
        self._length += len(data)
        if self._length <= LONGEST_TEXT:
            self._said.append(data)

    def end(self, name: str) -> None:
        local = self._path.pop()
        said = "".join(self._said).strip()
        self._said, self._length = [], 0
        entry = self._entry
        if entry is None:
            if local == "title" and not self.found.title:
                self.found.title = " ".join(said.split())[:200]
            return
        # A picture's own `loc` is no page.
        depth = self._path[-1] if self._path else ""
        if local in ("loc", "link") and depth in ("url", "sitemap", "item") and said:
            entry.address = said
        elif local in ("lastmod", "pubDate", "updated", "published", "date"):
            entry.changed = entry.changed or said
        elif local in _TEXTS and len(said) > len(entry.text):
            entry.text = said
        elif local in ("url", "sitemap", "item", "entry"):
            self._entry = None
            if entry.address:
                self.found.entries.append(entry)
            if len(self.found.entries) >= MOST_ENTRIES:
                raise _Full
