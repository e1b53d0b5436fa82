"""Ways to break a wall, to see that an audit finds them: each takes a preview and what it hides, and gives too much.

They stand in a program before the demonstration's gate, which is a client of it as anybody is: the gate itself has no
way to leak, and no publication but the demonstration starts that program.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `path` and `query` as they came, names of `headers` in small letters."""

    method: str
    path: str
    query: str
    headers: dict[str, str]

    def says(self, name: str, part: str) -> bool:
        """Whether a field holds this."""
        return part in self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, without its content coding."""

    status: int
    headers: Fields
    body: bytes

    def inserting(self, html: str, before: str) -> Said:
        """The page with something put before an end tag."""
        mark = before.encode()
        return replace(self, body=self.body.replace(mark, html.encode() + mark, 1))

    def having(self, name: str, value: str) -> Said:
        """The answer with one field set anew."""
        return replace(self, headers=(*(pair for pair in self.headers if pair[0] != name), (name, value)))


@dataclass(frozen=True, slots=True)
class Closed:
    """An article that is not free: its path, the rest in HTML and as words, and the whole as a subscriber gets it."""

    path: str
    rest: str
    words: str
    whole: Said


#: Given a request, the honest answer, and the article that it is about: another answer, or None for the honest one.
Leak = Callable[[Asked, Said, Closed], Said | None]


@dataclass(frozen=True, slots=True)
class Named:
    """`vector` is what an audit calls it; `anywhere` whether it answers at other addresses than the article's own."""

    vector: str
    what: str
    leak: Leak
    anywhere: bool = False


def _in_page(make: Callable[[Closed], str], before: str = "</body>") -> Leak:
    def leak(asked: Asked, said: Said, closed: Closed) -> Said | None:
        return said.inserting(make(closed), before) if said.status == 200 else None

    return leak


def _field(name: str, make: Callable[[Closed], str]) -> Leak:
    return lambda asked, said, closed: said.having(name, make(closed))


def _opens(door: Callable[[Asked], bool]) -> Leak:
    return lambda asked, said, closed: closed.whole if door(asked) else None


def _at(address: Callable[[str], str], make: Callable[[Closed], Said]) -> Leak:
    def leak(asked: Asked, said: Said, closed: Closed) -> Said | None:
        target = f"{asked.path}?{asked.query}" if asked.query else asked.path
        return make(closed) if target == address(closed.path) else None

    return leak


def _whole(closed: Closed) -> Said:
    return closed.whole


def _data(kind: str, make: Callable[[Closed], object]) -> Callable[[Closed], Said]:
    return lambda closed: Said(200, (("content-type", kind),), json.dumps(make(closed)).encode())


def _text(kind: str, make: Callable[[Closed], str]) -> Callable[[Closed], Said]:
    return lambda closed: Said(200, (("content-type", f"{kind}; charset=utf-8"),), make(closed).encode())


def _feed(closed: Closed) -> str:
    item = f"<link>{closed.path}</link><description>{escape(closed.rest)}</description>"
    return f"<rss><channel><item>{item}</item></channel></rss>"


def _padded(asked: Asked, said: Said, closed: Closed) -> Said | None:
    return replace(said, body=said.body + b" " * (len(closed.rest) % 100_000))


def _head_length(asked: Asked, said: Said, closed: Closed) -> Said | None:
    return said.having("content-length", str(len(closed.whole.body))) if asked.method == "HEAD" else None


def _range_total(asked: Asked, said: Said, closed: Closed) -> Said | None:
    if "range" not in asked.headers:
        return None
    told = ("content-range", f"bytes 0-9/{len(closed.whole.body)}")
    return Said(206, (*said.headers, told), said.body[:10])


def _checksum(closed: Closed) -> int:
    return zlib.crc32(closed.words.encode())


def _script(kind: str, value: object) -> str:
    text = json.dumps(value).replace("<", "\\u003c")
    return f"<script {kind}>{text}</script>"


def _packed(closed: Closed) -> str:
    return base64.b64encode(zlib.compress(closed.words.encode())).decode()


LEAKS: dict[str, Named] = {
    "css": Named("A01", "hidden by a style", _in_page(lambda c: f'<div style="display:none">{c.rest}</div>')),
    "blur": Named("A02", "under a blur", _in_page(lambda c: f'<div style="filter:blur(5px)">{c.rest}</div>')),
    "noscript": Named("A04", "in <noscript>", _in_page(lambda c: f"<noscript>{c.rest}</noscript>")),
    "template": Named("A05", "in <template>", _in_page(lambda c: f"<template>{c.rest}</template>")),
    "comment": Named("A05", "in a comment", _in_page(lambda c: f"<!-- {c.words.replace('--', '')} -->")),
    "base64": Named("A06", "packed, in a script", _in_page(lambda c: f'<script>unlock("{_packed(c)}")</script>')),
    "next": Named(
        "A07", "in the state of scripts", _in_page(lambda c: _script('id="__NEXT_DATA__"', {"body": c.rest}))
    ),
    "json-ld": Named(
        "A08",
        "as articleBody",
        _in_page(lambda c: _script('type="application/ld+json"', {"articleBody": c.words}), "</head>"),
    ),
    "microdata": Named(
        "A09",
        "as microdata",
        _in_page(lambda c: f'<meta itemprop="articleBody" content="{escape(c.words)}">', "</head>"),
    ),
    "description": Named(
        "A10",
        "as a description",
        _in_page(lambda c: f'<meta property="og:description" content="{escape(c.words[:300])}">', "</head>"),
    ),
    "field": Named("A14", "in a field of the head", _field("x-summary", lambda c: _ascii(c.words[:400]))),
    "srcdoc": Named("A26", "in a srcdoc", _in_page(lambda c: f'<iframe srcdoc="{escape(c.rest)}"></iframe>')),
    "label": Named("A27", "as a label", _in_page(lambda c: f'<div aria-label="{escape(c.words)}"></div>')),
    "feed": Named("B01", "in a feed", _at(lambda path: "/rss.xml", _text("application/rss+xml", _feed)), anywhere=True),
    "amp": Named("B04", "in an AMP page", _at(lambda path: f"{path}/amp", _whole), anywhere=True),
    "print": Named("B05", "in a print version", _at(lambda path: f"{path}?print=1", _whole), anywhere=True),
    "rest": Named(
        "B06",
        "by an interface",
        _at(lambda path: f"/api/articles{path}", _data("application/json", lambda c: {"body": c.rest})),
        anywhere=True,
    ),
    "short-address": Named("B08", "at a short address", _at(lambda path: f"/p{path}", _whole), anywhere=True),
    "markdown": Named(
        "B20", "as Markdown", _at(lambda path: f"{path}.md", _text("text/markdown", lambda c: c.words)), anywhere=True
    ),
    "preview": Named("B26", "as a preview", _at(lambda path: f"{path}?preview=true", _whole), anywhere=True),
    "data-route": Named(
        "B27",
        "by a data route",
        _at(lambda path: f"{path}.json", _data("application/json", lambda c: {"html": c.rest})),
        anywhere=True,
    ),
    "crawler": Named("C01", "to Googlebot by name", _opens(lambda asked: asked.says("user-agent", "Googlebot"))),
    "referer": Named("C07", "to who comes from Google", _opens(lambda asked: asked.says("referer", "google."))),
    "query-word": Named("C08", "to ?debug=1", _at(lambda path: f"{path}?debug=1", _whole), anywhere=True),
    "claimed-address": Named(
        "C11", "to a claimed address", _opens(lambda asked: asked.headers.get("x-forwarded-for") == "127.0.0.1")
    ),
    "internal-field": Named("C15", "to X-Entitled", _opens(lambda asked: "x-entitled" in asked.headers)),
    "translator": Named("C19", "to a translator", _opens(lambda asked: asked.says("user-agent", "translate.google"))),
    "head-length": Named("D09", "as the length for HEAD", _head_length),
    "range-total": Named("D10", "as the total of a range", _range_total),
    "prefetch": Named("D21", "to a prefetch", _opens(lambda asked: asked.says("sec-purpose", "prefetch"))),
    "slash": Named("E01", "with a slash behind it", _at(lambda path: f"{path}/", _whole), anywhere=True),
    "suffix": Named("E05", "with .html behind it", _at(lambda path: f"{path}.html", _whole), anywhere=True),
    "post": Named("E09", "to POST", _opens(lambda asked: asked.method == "POST")),
    "cookie": Named("H14", "to the cookie subscriber=1", _opens(lambda asked: asked.says("cookie", "subscriber=1"))),
    "length": Named("F01", "as the page's length", _padded),
    "etag": Named("F02", "as an ETag", _field("etag", lambda c: f'"{_checksum(c):08x}"')),
    "modified": Named(
        "F03",
        "as the time of change",
        _field("last-modified", lambda c: f"Thu, 05 Mar 2026 10:{_checksum(c) % 60:02d}:00 GMT"),
    ),
    "word-count": Named("A12", "as a count of words", _in_page(lambda c: f"<p>{len(c.words.split())} words</p>")),
}
#: These show no word: an audit sees them with `--twin` alone.
ONLY_TWIN = frozenset(("length", "etag", "modified", "word-count"))


def _ascii(text: str) -> str:
    return " ".join(text.encode("ascii", "ignore").decode().split())
