"""A newspaper with a wall that keeps, and seventy ways to break it: one ASGI application, each leak by its name."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal
from urllib.parse import parse_qs, unquote

import uvicorn

SESSION = "session=a-subscriber-3f9c1b7d5e"
LAPSED = "session=somebody-without-a-plan"
HEAD = '<link rel="stylesheet" href="/site.css"><script src="/app.js"></script>'
_PIXEL = "R0lGODlhAQABAAAAACw="

#: name: (its vector, what it does). Those under TWIN show no word of the rest.
LEAKS: dict[str, tuple[str, str]] = {
    "css": ("A01", "the rest is in the page, hidden by a class of the site's sheet"),
    "blur": ("A02", "the rest is under a blur"),
    "script-removes": ("A03", "the rest is in the open page, and a script takes it away"),
    "noscript": ("A04", "in <noscript>"),
    "template": ("A05", "in <template>"),
    "comment": ("A05", "in a comment"),
    "base64": ("A06", "as base64 in a data- attribute"),
    "encrypted-by-xor-no-by-gzip": ("A06", "gzipped and as base64 in a script"),
    "next": ("A07", "in __NEXT_DATA__"),
    "nuxt": ("A07", "in window.__NUXT__, escaped"),
    "json-ld": ("A08", "as articleBody"),
    "microdata": ("A09", "in <meta itemprop=articleBody>"),
    "description": ("A10", "as meta description"),
    "field": ("A14", "in a field of the head"),
    "body-behind-402": ("A20", "behind the status 402"),
    "search-index": ("A25", "in the index that the page's script loads"),
    "srcdoc": ("A26", "in a srcdoc"),
    "label": ("A27", "as aria-label"),
    "page-two": ("A29", "on page 2"),
    "feed": ("B01", "in the feed"),
    "json-feed": ("B01", "in the JSON feed"),
    "section-feed": ("B02", "in the feed of a section"),
    "amp": ("B04", "in the AMP page"),
    "print": ("B05", "in the print version"),
    "pdf": ("B05", "in a PDF"),
    "rest": ("B06", "by the interface for one article"),
    "rest-excerpt": ("B06", "as the excerpt of an interface"),
    "rest-list": ("B07", "by the interface for lists"),
    "short-address": ("B08", "at the short address"),
    "graphql": ("B09", "by GraphQL"),
    "oembed": ("B10", "in the embed card"),
    "sitemap": ("B11", "as a caption in the news sitemap"),
    "search-snippet": ("B12", "in the results of the search"),
    "endpoint": ("B14", "by the address that the script calls"),
    "front-page": ("B15", "on the front page"),
    "activitypub": ("E14", "as an ActivityPub object, for an Accept"),
    "markdown": ("B20", "as Markdown"),
    "llms": ("B20", "in llms-full.txt"),
    "captions": ("B21", "in the captions of its audio"),
    "epub": ("B24", "as EPUB"),
    "preview": ("B26", "as a preview"),
    "data-route": ("B27", "by the data route of page transitions"),
    "rsc": ("B27", "as a flight of server components"),
    "source-map": ("B30", "in a source map"),
    "backup": ("B30", "as a backup beside the page"),
    "crawler": ("C01", "to Googlebot by name"),
    "crawler-and-address": ("C02", "to Googlebot by name and a claimed address"),
    "referer": ("C07", "to who comes from Google"),
    "query-word": ("C08", "to ?debug=1"),
    "claimed-address": ("C11", "to who claims to be local"),
    "host": ("C14", "under another host"),
    "internal-field": ("C15", "to who sends X-Entitled"),
    "translator": ("C19", "to a translator by name"),
    "cache": ("D01", "from a cache that forgets cookies"),
    "static-cache": ("D06", "from a cache of static files"),
    "head-length": ("D09", "as the length for HEAD"),
    "range-total": ("D10", "as the total of a range"),
    "shared-etag": ("D12", "as an ETag that both versions share"),
    "condition": ("D11", "to a conditional request"),
    "coding": ("D18", "in deflate alone"),
    "prefetch": ("D21", "to a prefetch"),
    "slash": ("E01", "with a slash at the end"),
    "dots": ("E02", "under /./"),
    "encoded": ("E03", "with its first letter encoded"),
    "letters": ("E04", "in capitals"),
    "suffix": ("E05", "with .html"),
    "post": ("E09", "to POST"),
    "override": ("E10", "to POST with a method override"),
    "old-address": ("E17", "under /en"),
    "search-oracle": ("F04", "as a result without a snippet"),
    "cookie": ("H14", "to the cookie subscriber=1"),
    "cookie-by-name": ("H14", "to any cookie of the subscriber's name"),
    "cookie-half-read": ("H13", "to a cookie that begins as a subscriber's does"),
}  # fmt: skip
#: These are seen by who looks at two versions of one text alone.
TWIN: dict[str, tuple[str, str]] = {
    "length": ("F01", "the page is padded to the whole's length"),
    "word-count": ("A12", "the page tells how many words there are"),
    "etag": ("F02", "the preview's ETag is made from the whole"),
    "modified": ("F03", "Last-Modified moves with the rest"),
    "asset-name": ("A23", "a picture is named by a hash of the whole"),
    "feed-length": ("A12", "the feed tells how long the text is"),
}
#: A leak that needs two things at once, of which neither opens anything alone.
MIXED: dict[str, tuple[str, str]] = {"crawler-on-amp": ("C01", "to Googlebot by name, on the AMP page alone")}

_SENTENCES = (
    "The peat of {name} keeps the pollen of {n} thousand summers in an order that nobody arranged.",
    "In the drawer of the {name} office lay ledgers whose ink had turned the brown of tea by the year {n}.",
    "Surveyors of {name} measured the sinking ground with copper nails and found {n} inches in a single decade.",
    "An old engineer from {name} remembered {n} pumps that had quarrelled with the moorland every winter.",
    "What the drainage of {name} cost was written down {n} times and believed by none of the auditors.",
    "The cranes came back to {name} when {n} ditches were blocked with nothing more than boards and patience.",
)


@dataclass
class Story:
    slug: str
    title: str
    preview: str
    rest: str

    @property
    def path(self) -> str:
        return f"/news/{self.slug}"


def stories() -> list[Story]:
    made = []
    for at, name in enumerate(("Vellmoor", "Karsund", "Ostrava Fen")):
        slug = name.lower().replace(" ", "-")
        preview = (
            f"<p>Everybody may read how the moor of {name} was drained, and by whom it was paid for in the end.</p>"
        )
        rest = "".join(
            f"<p>{sentence.format(name=name, n=(at + 3) * (line + 7))}</p>" for line, sentence in enumerate(_SENTENCES)
        )
        made.append(Story(slug, f"How {name} was drained", preview, rest))
    return made


@dataclass
class Asked:
    method: str
    path: str
    raw: str
    query: str
    headers: dict[str, str]

    @property
    def arguments(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.query, keep_blank_values=True).items()}


@dataclass
class Said:
    body: bytes | str = b""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: list[tuple[str, str]] = field(default_factory=list)


NOT_FOUND = Said("<h1>There is nothing here</h1>", 404)


class Wall:
    """The site. `stories` may be changed while it runs, as an editor does. `seen` holds what it was asked."""

    def __init__(self, *leaks: str) -> None:
        self.leaks = frozenset(leaks)
        self.stories = stories()
        self.seen: list[Asked] = []
        self.times: list[float] = []
        self.url = ""
        self.before: Callable[[Asked], Said | None] = lambda asked: None
        self._cached: dict[str, Said] = {}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive()).get("more_body"):
            body += message.get("body", b"")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        raw = scope["raw_path"].decode("latin-1")
        asked = Asked(scope["method"], unquote(raw), raw, scope["query_string"].decode("latin-1"), headers)
        self.seen.append(asked)
        self.times.append(time.monotonic())
        said = self.before(asked) or self.answer(asked)
        sent = said.body.encode() if isinstance(said.body, str) else said.body
        fields = [("content-type", said.kind), *said.headers]
        told = [value for name, value in fields if name == "content-length"]
        if not told:
            fields.append(("content-length", str(len(sent))))
        await send(
            {
                "type": "http.response.start",
                "status": said.status,
                "headers": [(name.encode(), value.encode("latin-1")) for name, value in fields],
            }
        )
        await send({"type": "http.response.body", "body": b"" if asked.method == "HEAD" else sent})

    def has(self, name: str) -> bool:
        return name in self.leaks

    def answer(self, asked: Asked) -> Said:
        """What the cache in front has, else what the site says."""
        key = f"{asked.raw}?{asked.query}"
        caches = (self.has("cache") and "audit=" in asked.query) or (
            self.has("static-cache") and asked.path.endswith((".css", ".js")) and asked.path.startswith("/news/")
        )
        if caches and key in self._cached:
            return self._cached[key]
        said = self._routed(asked)
        if caches and said.status == 200:
            self._cached[key] = said
        return said

    def _routed(self, asked: Asked) -> Said:
        path = asked.path
        if asked.headers.get("host", "").lower() not in self.hosts and not self.has("host"):
            return Said("<h1>Not here</h1>", 421)
        for story in self.stories:
            if path == story.path and asked.raw == story.path:
                return self._article(asked, story)
            if said := self._other_spelling(asked, story) or self._other_form(asked, story):
                return said
        return self._site(asked)

    @property
    def hosts(self) -> tuple[str, str]:
        host = self.url.partition("://")[2]
        return host, host + "."

    def _may_read(self, asked: Asked) -> bool:
        """Whether this visitor is sent the whole, by right or by a leak."""
        headers, cookie = asked.headers, asked.headers.get("cookie", "")
        agent = headers.get("user-agent", "")
        doors = {
            "crawler": "Googlebot" in agent,
            "crawler-and-address": "Googlebot" in agent and "66.249.66.1" in headers.get("x-forwarded-for", ""),
            "referer": "google." in headers.get("referer", ""),
            "query-word": asked.arguments.get("debug") == "1",
            "claimed-address": headers.get("x-forwarded-for") == "127.0.0.1",
            "host": headers.get("host", "").lower() not in self.hosts,
            "internal-field": "x-entitled" in headers,
            "translator": "translate.google" in agent,
            "condition": "if-none-match" in headers,
            "prefetch": "prefetch" in headers.get("sec-purpose", ""),
            "coding": headers.get("accept-encoding") == "deflate",
            "post": asked.method == "POST" and "x-http-method-override" not in headers,
            "override": asked.method == "POST" and headers.get("x-http-method-override") == "GET",
            "cookie": "subscriber=1" in cookie,
            "cookie-by-name": "session=x" in cookie,
            "cookie-half-read": SESSION[:20] in cookie,
            "preview": asked.arguments.get("preview") == "true",
        }
        return SESSION in cookie or any(self.has(name) and opens for name, opens in doors.items())

    def _article(self, asked: Asked, story: Story) -> Said:
        if asked.method not in ("GET", "HEAD") and not (self.has("post") or self.has("override")):
            return Said("", 405)
        if asked.method not in ("GET", "HEAD") and not self._may_read(asked):
            return Said("", 405)
        if self.has("activitypub") and asked.headers.get("accept") == "application/activity+json":
            return data({"type": "Article", "content": story.rest}, "application/activity+json")
        if self.has("rsc") and asked.headers.get("rsc") == "1":
            return Said(f'0:["$","div",null,{{"children":{json.dumps(story.rest)}}}]', kind="text/x-component")
        if self.has("page-two") and asked.arguments.get("page") == "2":
            return self._page(story, story.rest)
        if self.has("print") and asked.arguments.get("print") == "1":
            return self._page(story, story.preview + story.rest, head="")
        if self._may_read(asked):
            said = self._whole(story)
            if self.has("shared-etag"):
                said.headers.append(("etag", f'"{story.slug}-1"'))
            if self.has("coding") and asked.headers.get("accept-encoding") == "deflate":
                said = Said(zlib.compress(bytes_of(said)), headers=[("content-encoding", "deflate")])
            return said
        return self._previewed(asked, story)

    def _previewed(self, asked: Asked, story: Story) -> Said:
        words = text_of(story.rest)
        head, below = HEAD, ""
        coded = base64.b64encode(zlib.compress(words.encode())).decode()
        inside = {
            "css": f'<div class="for-members">{story.rest}</div>',
            "blur": f'<div style="filter: blur(6px)">{story.rest}</div>',
            "script-removes": f'<div id="body">{story.rest}</div><script>body.remove()</script>',
            "noscript": f"<noscript>{story.rest}</noscript>",
            "template": f"<template>{story.rest}</template>",
            "comment": f"<!-- {words} -->",
            "base64": f'<div data-body="{base64.b64encode(words.encode()).decode()}"></div>',
            "encrypted-by-xor-no-by-gzip": f'<script>unlock("{coded}")</script>',
            "next": '<script id="__NEXT_DATA__" type="application/json">'
            f"{json.dumps({'props': {'pageProps': {'body': story.rest}}})}</script>",
            "nuxt": f"<script>window.__NUXT__={json.dumps({'state': words}).replace('<', chr(92) + 'u003c')}</script>",
            "srcdoc": f'<iframe srcdoc="{escape(story.rest)}"></iframe>',
            "label": f'<div aria-label="{escape(words)}"></div>',
            "captions": f'<audio><track src="/media/{story.slug}.vtt"></audio>',
        }
        heads = {
            "json-ld": '<script type="application/ld+json">'
            f"{json.dumps({'@type': 'NewsArticle', 'isAccessibleForFree': False, 'articleBody': words})}</script>",
            "microdata": f'<meta itemprop="articleBody" content="{escape(words)}">',
            "description": f'<meta name="description" content="{escape(words[:300])}">',
        }
        below += "".join(made for name, made in inside.items() if self.has(name))
        head += "".join(made for name, made in heads.items() if self.has(name))
        if self.has("word-count"):
            below += f"<p>{len(words.split())} words more</p>"
        if self.has("asset-name"):
            below += f'<img src="/pictures/{zlib.crc32(words.encode()):08x}.gif" alt="">'
        said = self._page(story, story.preview, below, head)
        if self.has("length"):
            said.body = str(said.body) + " " * max(0, len(story.rest) * 2 - len(said.body))
        if self.has("body-behind-402"):
            said = self._page(story, story.preview + story.rest)
            said.status = 402
        fields = {
            "field": ("x-summary", " ".join(words.split())[:400]),
            "shared-etag": ("etag", f'"{story.slug}-1"'),
            "etag": ("etag", f'"{zlib.crc32(words.encode()):08x}"'),
            "modified": ("last-modified", f"Thu, 05 Mar 2026 10:{zlib.crc32(words.encode()) % 60:02d}:00 GMT"),
        }
        said.headers += [pair for name, pair in fields.items() if self.has(name)]
        whole = len(bytes_of(self._whole(story)))
        if self.has("head-length") and asked.method == "HEAD":
            said.headers.append(("content-length", str(whole)))
        if self.has("range-total") and "range" in asked.headers:
            return Said(
                bytes_of(said)[:10], 206, headers=[("content-range", f"bytes 0-9/{whole}"), ("content-length", "10")]
            )
        return said

    def _whole(self, story: Story) -> Said:
        """What a subscriber is shown, with all that is made for them and is no article."""
        others = [other for other in self.stories if other is not story]
        related = "".join(f'<h3><a href="{other.path}">{other.title}</a></h3>{other.preview}' for other in others)
        hello = "<form><p>Good morning, Ada Quill: you have read this newspaper for eleven years.</p></form>"
        state = f"<script>window.user={json.dumps({'name': 'Ada Quill', 'id': 81_723})}</script>"
        text = f'{hello}{story.preview}<div id="body">{story.rest}</div><aside>{related}</aside>{state}'
        said = self._page(story, text)
        said.headers.append(("cache-control", "private, no-store"))
        return said

    def _page(self, story: Story, text: str, below: str = "", head: str = HEAD) -> Said:
        return Said(
            f"<!doctype html><html><head><title>{story.title}</title>{head}"
            '<link rel="alternate" type="application/rss+xml" href="/feed"></head><body>'
            f'<nav><a href="/">The Ditch</a> <a href="/section/land">Land</a> <a href="/tag/peat">Peat</a></nav>'
            f"<article><h1>{story.title}</h1>{text}</article>{below}<footer>The Ditch, a paper</footer></body></html>"
        )

    def _other_spelling(self, asked: Asked, story: Story) -> Said | None:
        raw, whole = asked.raw, self._page(story, story.preview + story.rest)
        spellings = {
            "slash": raw == f"{story.path}/",
            "dots": raw == f"/.{story.path}",
            "encoded": raw == f"/%{ord(story.path[1]):02x}{story.path[2:]}",
            "letters": raw == story.path.upper() != story.path,
            "suffix": raw == f"{story.path}.html",
            "old-address": raw == f"/en{story.path}",
            "short-address": raw == f"/p/{story.slug}",
            "static-cache": raw.startswith(f"{story.path}/") and SESSION in asked.headers.get("cookie", ""),
            "backup": raw == f"{story.path}.bak",
        }
        return whole if any(self.has(name) and fits for name, fits in spellings.items()) else None

    def _other_form(self, asked: Asked, story: Story) -> Said | None:
        path, words = asked.path, text_of(story.rest)
        agent = asked.headers.get("user-agent", "")
        if path == f"{story.path}/amp":
            opens = self.has("amp") or (self.has("crawler-on-amp") and "Googlebot" in agent)
            return self._page(story, story.preview + (story.rest if opens else ""), head="")
        forms: dict[str, tuple[bool, Callable[[], Said]]] = {
            "pdf": (path == f"{story.path}.pdf", lambda: Said(pdf(words), kind="application/pdf")),
            "epub": (path == f"{story.path}.epub", lambda: Said(epub(story.rest), kind="application/epub+zip")),
            "rest": (path == f"/api/articles/{story.slug}", lambda: data({"title": story.title, "body": story.rest})),
            "rest-excerpt": (
                path == "/wp-json/wp/v2/posts" and asked.arguments.get("slug") == story.slug,
                lambda: data([{"content": {"rendered": story.preview}, "excerpt": {"rendered": story.rest}}]),
            ),
            "graphql": (
                path == "/graphql" and f'"{story.slug}"' in unquote(asked.query),
                lambda: data({"data": {"post": {"content": story.rest}}}),
            ),
            "oembed": (
                path == "/oembed" and story.path in asked.arguments.get("url", ""),
                lambda: data({"type": "rich", "html": story.rest}),
            ),
            "endpoint": (path == f"/ajax/more/{story.slug}.json", lambda: data({"html": story.rest})),
            "markdown": (path == f"{story.path}.md", lambda: Said(words, kind="text/markdown")),
            "captions": (path == f"/media/{story.slug}.vtt", lambda: Said(f"WEBVTT\n\n{words}", kind="text/vtt")),
            "data-route": (path == f"{story.path}.json", lambda: data({"article": {"html": story.rest}})),
        }
        for name, (fits, made) in forms.items():
            if fits:
                return made() if self.has(name) else NOT_FOUND
        return None

    def _site(self, asked: Asked) -> Said:
        path, first = asked.path, self.stories[0]
        lists = {"/": "front-page", "/section/land": "", "/tag/peat": ""}
        if path in lists and asked.method in ("GET", "HEAD"):
            return self._list(whole=self.has(lists[path]))
        if path == "/feed":
            return self._feed(whole=self.has("feed"))
        if path == "/feed.json":
            key = "content_html"
            items = [
                {"url": self.url + s.path, key: s.rest if self.has("json-feed") else s.preview} for s in self.stories
            ]
            return data({"version": "https://jsonfeed.org/version/1.1", "items": items}, "application/feed+json")
        if path == "/section/land/feed":
            return self._feed(whole=self.has("section-feed"))
        if path == "/sitemap.xml":
            captions = [text_of(story.rest) if self.has("sitemap") else story.title for story in self.stories]
            urls = "".join(
                f"<url><loc>{self.url}{story.path}</loc><image:caption>{escape(caption)}</image:caption></url>"
                for story, caption in zip(self.stories, captions, strict=True)
            )
            return Said(f"<urlset>{urls}</urlset>", kind="application/xml")
        if path == "/robots.txt":
            return Said(f"User-agent: *\nAllow: /\nSitemap: {self.url}/sitemap.xml\n", kind="text/plain")
        if path == "/search":
            return self._search(asked.arguments.get("q", ""))
        if path == "/api/articles":
            rows = [{"title": s.title, "text": s.rest if self.has("rest-list") else s.preview} for s in self.stories]
            return data(rows)
        if path == "/site.css":
            return Said("body { margin: 0 } .for-members { display: none }", kind="text/css")
        if path == "/app.js":
            call = f'fetch("/ajax/more/{first.slug}.json"); fetch("/index/search.json")'
            return Said(f"{call}\n//# sourceMappingURL=app.js.map\n", kind="text/javascript")
        if path == "/index/search.json":
            return data(
                [{"t": s.title, "b": text_of(s.rest) if self.has("search-index") else ""} for s in self.stories]
            )
        if path == "/app.js.map" and self.has("source-map"):
            return data({"version": 3, "sourcesContent": [f"const seed = {json.dumps(text_of(first.rest))}"]})
        if path == "/llms-full.txt" and self.has("llms"):
            return Said("\n".join(text_of(story.rest) for story in self.stories), kind="text/plain")
        return NOT_FOUND

    def _list(self, *, whole: bool) -> Said:
        rows = "".join(
            f'<h2><a href="{story.path}">{story.title}</a></h2>{story.preview}{story.rest if whole else ""}'
            for story in self.stories
        )
        more = '<a href="/section/land">Land</a> <form action="/search"><input type="search" name="q"></form>'
        return Said(f"<!doctype html><html><head><title>The Ditch</title>{HEAD}</head><body>{rows}{more}</body></html>")

    def _feed(self, *, whole: bool) -> Said:
        count = f"<words>{sum(len(story.rest.split()) for story in self.stories)}</words>"
        items = "".join(
            f"<item><title>{story.title}</title><link>{self.url}{story.path}</link>"
            f"<content:encoded>{escape(story.rest if whole else story.preview)}</content:encoded></item>"
            for story in self.stories
        )
        told = count if self.has("feed-length") else ""
        return Said(f"<rss><channel>{told}{items}</channel></rss>", kind="application/rss+xml")

    def _search(self, words: str) -> Said:
        found = []
        for story in self.stories:
            text = text_of(story.preview)
            if self.has("search-snippet") or self.has("search-oracle"):
                text += text_of(story.rest)
            if words and words.lower() in text.lower():
                snippet = text_of(story.rest)[:300] if self.has("search-snippet") else ""
                found.append(f'<li><a href="{story.path}">{story.title}</a> {snippet}</li>')
        return Said(
            f"<!doctype html><title>Search</title><p>You asked for {escape(words)}</p><ul>{''.join(found)}</ul>"
        )


def data(value: object, kind: str = "application/json") -> Said:
    return Said(json.dumps(value), kind=kind)


def text_of(html: str) -> str:
    return html.replace("<p>", "").replace("</p>", "\n")


def bytes_of(said: Said) -> bytes:
    return said.body.encode() if isinstance(said.body, str) else said.body


def pdf(words: str) -> bytes:
    """A PDF with one page of text, its letters kerned and its stream packed as printing programs do."""
    lines = "".join(f"[({line[:9]}) -20 ({line[9:]})] TJ T*\n" for line in words.splitlines())
    stream = zlib.compress(f"BT /F1 11 Tf 14 TL 60 760 Td {lines} ET".encode("latin-1"))
    head = b"%%PDF-1.4\n4 0 obj <</Length %d/Filter/FlateDecode>>stream\n" % len(stream)
    return head + stream + b"\nendstream endobj\n%%EOF"


def epub(html: str) -> bytes:
    import io
    import zipfile

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("OEBPS/text.xhtml", f"<html><body>{html}</body></html>")
    return made.getvalue()


@contextlib.contextmanager
def wall(*leaks: str) -> Iterator[Wall]:
    """The site on a free port of the loopback, in a thread."""
    app = Wall(*leaks)
    with serving(app) as url:
        app.url = url
        yield app


@contextlib.contextmanager
def serving(app: Any, lifespan: Literal["on", "off"] = "off") -> Iterator[str]:
    """An ASGI application on a free port, until the block ends."""
    config = uvicorn.Config(
        app, "127.0.0.1", 0, log_level="critical", access_log=False, lifespan=lifespan, server_header=False,
        date_header=False,
        timeout_keep_alive=30,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        end = time.monotonic() + 20
        while not server.started and time.monotonic() < end:
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
