"""Where a stranger asks for an article: every address that sites are known to answer at, and the site's own lists."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from foldline.proof.asks import Ask


@dataclass(frozen=True, slots=True)
class Probe:
    """One question. `surface` says where it asks, `state` as whom; `vector` is what it is where the rest is answered,
    "" where the place in the page tells. `article` is the number of the one that it is about; `told` stands for `ask`
    in a report, where that holds what nobody may see."""

    surface: str
    vector: str
    ask: Ask
    article: int | None = None
    state: str = ""
    told: Ask | None = None

    @property
    def plain(self) -> bool:
        """Whether it asks for the article itself, as a stranger without more."""
        return self.surface == "article" and not self.state

    @property
    def parts(self) -> frozenset[tuple[bytes, bytes]]:
        """What its state adds to a stranger's plain question: each field, and the method."""
        return frozenset((*self.ask.headers, (b"", self.ask.method.encode())))

    @property
    def key(self) -> tuple[object, ...]:
        return self.ask.method, self.ask.target, tuple(sorted(self.ask.headers)), self.ask.body


def ask(target: str, label: str = "plain", **headers: str) -> Ask:
    """A GET for a path with its query. Names of fields are written with underscores."""
    path, _, query = target.partition("?")
    pairs = tuple(
        (name.replace("_", "-").encode(), value.encode("latin-1", "replace")) for name, value in headers.items()
    )
    return Ask(path.encode("latin-1", "replace"), "GET", query.encode("latin-1", "replace"), pairs, label=label)


#: What is put behind an article's path: (surface, vector, endings). `{}` alone is the path's own end.
_ENDINGS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("AMP", "B04", ("/amp", "/amp/", ".amp", "?amp", "?amp=1", "?outputType=amp", ".amp.html")),
    ("print version", "B05", ("/print", "/print/", "?print=1", "?print=true", "?view=print", "?format=print", "/full",
    "/text")),
    ("mobile version", "B05", ("?mobile=1", "?m=1", "?view=mobile", "?view=text", "?output=text", "?format=text")),
    ("PDF", "B05", (".pdf", "/pdf", "?format=pdf", "?output=pdf", "/download")),
    ("EPUB", "B24", (".epub", "?format=epub", "?download=1")),
    ("Markdown", "B20", (".md", ".txt", "?format=md", "?format=markdown", "?output=md", "/index.md")),
    ("data", "B27", (
        ".json", "/index.json", "?format=json", "?output=json", "?outputType=json", "?_format=json", "/__data.json",
        "/_payload.json", "?__a=1", "?_data=root", "?json=1",
    )),
    ("feed of the article", "B02", ("/feed", "/feed/", "/rss", "?feed=rss2", "?format=feed", "?feed=atom",
    "?format=rss")),
    ("preview", "B26", ("?preview=true", "?preview=1", "?static=1", "?draft=1", "?revision=1",
    "?preview_id=1&preview=true")),
    ("further page", "A29", ("/2", "/2/", "/page/2", "?page=2", "?page=all", "?view=all", "?singlepage=1",
    "?onepage=true")),
    ("embed", "B10", ("/embed", "/embed/", "?embed=1", "?embed=true")),
    ("query word", "C08", (
        "?utm_source=newsletter", "?utm_source=app&utm_medium=share", "?src=app", "?ref=homepage", "?smid=tw-share",
        "?share=1", "?gift=1", "?gift=abcdef0123456789", "?unlocked=1", "?unlocked_article_code=1", "?unlock=1",
        "?subscriber=1", "?bypass=1", "?nocache=1", "?debug=1", "?test=1", "?full=1", "?fulltext=1", "?raw=1",
        "?as=subscriber", "?role=admin", "?token=1", "?paywall=0", "?paywall=false", "?nopaywall", "?free=1",
        "?reader=1",
        "?source=email", "?fbclid=1", "?gclid=1", "?from=google", "?lang=en", "?callback=x",
    )),
    ("backup", "B30", (".bak", ".old", ".orig", ".save", "~", ".swp", ".zip")),
    ("slash", "E01", ("/", "//")),
    ("suffix", "E05", (";x=1", ";.css", ";jsessionid=1", ".html", ".htm", ".php", ".xml", "/index.html", "/index.php",
    "/x.css", "/x")),
    ("trailing junk", "E06", (".", "%20", "%09", "%00", "%0a", "%23", "%3f", "::$DATA", ",", "%e2%80%8b")),
    ("broken query", "E08", ("?", "?&&&", "?=", "?%00", "?%", "?a=1&a=2", "?a[]=1", "?a=1;a=2")),
)  # fmt: skip
#: What is put before it.
_STARTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("AMP", "B04", ("/amp", "/AMP")),
    ("print version", "B05", ("/print", "/mobile", "/m")),
    ("path with dots or slashes", "E02", ("/", "/.", "/x/..", "/%2e", "/x/%2e%2e", "/..;", "//")),
    ("translation or old address", "E17", ("/en", "/de", "/fr", "/index.php", "/archive")),
    ("data", "B27", ("/api", "/json", "/data")),
)
#: Interfaces that give one article: {slug}, {path} (percent-encoded) and {url} (percent-encoded) are filled in.
_ONE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("interface for one article", "B06", (
        "/wp-json/wp/v2/posts?slug={slug}", "/wp-json/wp/v2/posts?slug={slug}&_embed",
        "/wp-json/wp/v2/posts?slug={slug}&_fields=content,excerpt", "/?rest_route=/wp/v2/posts&slug={slug}",
        "/wp-json/wp/v2/pages?slug={slug}", "/ghost/api/content/posts/slug/{slug}/", "/api/articles/{slug}",
        "/api/article/{slug}", "/api/posts/{slug}", "/api/stories/{slug}", "/api/v1/articles/{slug}",
        "/api/v1/posts/{slug}",
        "/api/v2/articles/{slug}", "/api/v2/pages/?slug={slug}&fields=*", "/api/content?path={path}",
        "/api/article?slug={slug}",
        "/api/article?url={url}", "/articles/{slug}.json", "/posts/{slug}.json",
        "/jsonapi/node/article?filter[path]={path}",
    )),
    ("page-transition data", "B27", ("/page-data{raw}/page-data.json",)),
    ("embed card", "B10", (
        "/wp-json/oembed/1.0/embed?url={url}", "/oembed?url={url}", "/oembed?url={url}&format=xml",
        "/oembed.json?url={url}", "/services/oembed?url={url}", "/api/oembed?url={url}",
    )),
    ("GraphQL", "B09", (
        "/graphql?query={{post(id:%22{slug}%22,idType:SLUG){{title%20content}}}}",
        "/api/graphql?query={{article(slug:%22{slug}%22){{title%20body%20content}}}}",
        "/graphql?query={{article(slug:%22{slug}%22){{title%20body}}}}",
    )),
    ("script endpoint", "B14", (
        "/wp-admin/admin-ajax.php?action=load_more&slug={slug}", "/ajax/article?slug={slug}", "/api/load-more?after=0",
        "/api/full?slug={slug}", "/fragment{raw}", "/partial{raw}", "/_fragment?path={path}",
    )),
    ("short address", "B08", ("/s/{slug}", "/p/{slug}", "/a/{slug}", "/{slug}", "/posts/{slug}", "/article/{slug}",
    "/articles/{slug}")),
)  # fmt: skip
_SITE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("front page", "B15", ("/",)),
    ("feed", "B01", (
        "/feed", "/feed/", "/rss", "/rss/", "/rss.xml", "/atom.xml", "/feed.xml", "/index.xml", "/feed.json",
        "/?feed=rss2",
        "/feed/atom/", "/feeds/posts/default", "/feed.atom", "/feed.rss", "/index.rss",
    )),
    ("sitemap", "B11", ("/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml", "/news-sitemap.xml",
    "/sitemap-news.xml")),
    ("robots.txt", "B11", ("/robots.txt",)),
    ("list interface", "B07", (
        "/wp-json/wp/v2/posts?per_page=20", "/wp-json/wp/v2/posts?per_page=20&_embed", "/?rest_route=/wp/v2/posts",
        "/ghost/api/content/posts/?limit=20&formats=html,plaintext", "/api/articles", "/api/posts", "/api/stories",
        "/api/v1/articles",
        "/api/v1/posts", "/api/v2/pages/?fields=*", "/posts.json", "/articles.json", "/index.json", "/api/latest",
    )),
    ("text for language models", "B20", ("/llms.txt", "/llms-full.txt")),
    ("client search index", "A25", (
        "/search.json", "/search-index.json", "/search_index.json", "/lunr-index.json", "/search/search_index.json",
        "/searchindex.js", "/index.search.json", "/sw.js", "/service-worker.js", "/precache-manifest.js",
        "/manifest.json",
    )),
    ("comments feed", "B02", ("/comments/feed/", "/comments/feed")),
)  # fmt: skip


def article_probes(number: int, path: str, url: str) -> Iterator[Probe]:
    """Every address of one article. `url` is the site's, without a slash at its end."""
    bare, _, own_query = path.partition("?")
    stem = bare.rstrip("/") or "/"
    yield Probe("article", "", ask(path), number)
    if own_query:
        for surface, vector, target in _filled(_ONE, bare, url):
            yield Probe(surface, vector, ask(target), number)
        return
    for surface, vector, endings in _ENDINGS:
        for ending in endings:
            if bare.endswith("/") and ending == "/":
                ending = ""
            base = bare if ending.startswith("?") else stem
            yield Probe(surface, vector, ask(base + ending), number)
    for surface, vector, starts in _STARTS:
        for start in starts:
            yield Probe(surface, vector, ask(start + bare), number)
    for spelled in (bare.upper(), bare.title()):
        if spelled != bare:
            yield Probe("path in other letters", "E04", ask(spelled), number)
    for encoded in _encoded(bare):
        yield Probe("encoded path", "E03", ask(encoded), number)
    for surface, vector, target in _filled(_ONE, bare, url):
        yield Probe(surface, vector, ask(target), number)
    yield Probe("page-transition data", "B27", ask(bare, rsc="1", accept="text/x-component"), number)
    yield Probe("page-transition data", "B27", ask(f"{bare}?_rsc=1", rsc="1", next_router_state_tree=_TREE), number)


_TREE = quote(json.dumps(["", {"children": ["__PAGE__", {}]}, None, None, True]))


def site_probes() -> Iterator[Probe]:
    """The lists that sites have, and the files where their texts are found."""
    for surface, vector, targets in _SITE:
        for target in targets:
            yield Probe(surface, vector, ask(target))


def _filled(rows: tuple[tuple[str, str, tuple[str, ...]], ...], path: str, url: str) -> Iterator[tuple[str, str, str]]:
    slug = slug_of(path)
    for surface, vector, targets in rows:
        for target in targets:
            filled = target.format(
                slug=quote(slug), path=quote(path, safe=""), url=quote(url + path, safe=""), raw=path.rstrip("/")
            )
            if filled != path:
                yield surface, vector, filled


def slug_of(path: str) -> str:
    """The last name in a path, without a suffix."""
    last = urlsplit(path).path.rstrip("/").rpartition("/")[2]
    return last.rpartition(".")[0] or last


def _encoded(path: str) -> Iterator[str]:
    if len(path) > 1:
        yield f"/%{ord(path[1]):02x}{path[2:]}"
        yield f"{path[:-1]}%{ord(path[-1]):02X}"
        yield f"/%25{ord(path[1]):02x}{path[2:]}"
    head, slash, tail = path.rpartition("/")
    if slash and head:
        yield f"{head}%2f{tail}"
        yield f"{head}%5c{tail}"
        yield f"{head}//{tail}"
