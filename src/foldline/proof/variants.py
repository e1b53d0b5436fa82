"""Ways to ask for a page: one axis at a time over all its values, a seeded choice of several at once, every pair."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from foldline.proof.asks import Ask, Pairs
from foldline.proof.covering import rows

if TYPE_CHECKING:
    from foldline.testing.readers import ReaderState

#: A word that no page of ours holds: where an answer says it, something of the request was echoed.
ECHO = b"zq7echo"

Change = Callable[[Ask], Ask]


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension of a request: (what it is called, what it does to a request) each."""

    name: str
    values: tuple[tuple[str, Change], ...]


def variants(base: Ask, axes: Iterable[Axis], mixed: int, seed: int = 1) -> Iterator[Ask]:
    """The request itself, every value of every axis alone, then `mixed` requests that take two to six axes each."""
    axes = tuple(axes)
    yield base
    for axis in axes:
        for label, change in axis.values:
            yield replace(change(base), label=f"{axis.name}: {label}")
    chance = random.Random(seed)  # noqa: S311 - a seeded cover, not a secret
    for _ in range(mixed):
        chosen = chance.sample(axes, min(len(axes), chance.randint(2, 6)))
        ask, labels = base, []
        for axis in chosen:
            label, change = chance.choice(axis.values)
            ask = change(ask)
            labels.append(f"{axis.name}: {label}")
        yield replace(ask, label=" + ".join(labels))


#: Axes of the request line. An odd value of one is refused before anything else is looked at.
LINE = ("method", "path", "query", "host")
#: What is asked beside them, in the same rows.
WITH_THE_LINE = ("accept-encoding", "reader", "history", "cookie")


def covering(base: Ask, axes: Iterable[Axis]) -> Iterator[Ask]:
    """Requests that together hold every pair of values of two axes, "as it is" among the values: one array of all axes
    but those of the request line, and one of these with who asks, what for, and what came before. So nothing odd in a
    line hides what a header does."""
    axes = tuple(axes)
    yield from _rows(base, [axis for axis in axes if axis.name not in LINE])
    yield from _rows(base, [axis for axis in axes if axis.name in (*LINE, *WITH_THE_LINE)])


def _rows(base: Ask, axes: list[Axis]) -> Iterator[Ask]:
    for row in rows(tuple(len(axis.values) + 1 for axis in axes)):
        ask, labels = base, []
        for axis, value in zip(axes, row, strict=True):
            if value:
                label, change = axis.values[value - 1]
                ask = change(ask)
                labels.append(f"{axis.name}: {label}")
        yield replace(ask, label=" + ".join(labels))


def page_axes(states: Iterable[ReaderState], tag: bytes = b"") -> tuple[Axis, ...]:
    """Every axis for a page. `tag` is the validator of its preview; `states` are who may not read it."""
    return (
        Axis("method", tuple((method, _method(method)) for method in METHODS)),
        Axis("path", tuple(_paths())),
        Axis("query", tuple((_label(query), _query(query)) for query in QUERIES)),
        *header_axes(states, tag),
    )


def header_axes(states: Iterable[ReaderState], tag: bytes = b"") -> tuple[Axis, ...]:
    """The axes that leave the request line alone."""
    return (
        _header_axis("accept", b"accept", ACCEPTS),
        _header_axis("accept-encoding", b"accept-encoding", ENCODINGS),
        _header_axis("accept-language", b"accept-language", LANGUAGES),
        _header_axis("user-agent", b"user-agent", AGENTS),
        _header_axis("referer", b"referer", REFERERS),
        Axis("forwarded", tuple(_forwarded())),
        _header_axis("host", b"host", HOSTS),
        Axis("condition", tuple(_pairs(conditions(tag)))),
        _header_axis("range", b"range", RANGES),
        Axis("fetch", tuple(_pairs(FETCHES))),
        Axis("internal", tuple(_pairs(INTERNALS))),
        Axis("reader", tuple((f"{state.kind} {state.name}", _carrying(state)) for state in states)),
    )


METHODS = (
    "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "REPORT", "LOCK", "COPY", "get", "JEFF",
)  # fmt: skip

QUERIES = (
    b"utm_source=newsletter", b"utm_campaign=x&utm_medium=y", b"src=app", b"ref=homepage", b"smid=tw-share",
    b"share=1", b"gift=" + ECHO, b"unlocked=1", b"unlocked_article_code=" + ECHO, b"subscriber=1", b"bypass=1",
    b"preview=1", b"preview=true", b"nocache=1", b"debug=1", b"static=1", b"amp", b"amp=1", b"outputType=amp",
    b"print=1", b"view=print", b"page=2", b"format=json", b"format=md", b"feed=rss2", b"full=1", b"fulltext=1",
    b"raw=1", b"as=subscriber", b"role=admin", b"token=" + ECHO, b"article=3", b"id=3", b"p=3", b"lang=en",
    b"next=/the-lamp", b"_method=GET", b"callback=" + ECHO, b"q=" + ECHO, b"answer=fragment", b"fragment=rest",
    b"a=1&a=2", b"a[]=1", b"a=1;a=2", b"=", b"&&&", b"%00", b"%", b"%zz", b"\xff", b"?", b"x.css", b"a=" + b"A" * 8000,
    b"&".join(b"k%d=1" % number for number in range(300)), b"__proto__[x]=1", b"<script>" + ECHO + b"</script>",
)  # fmt: skip

ACCEPTS = (
    b"text/html", b"*/*", b"application/json", b"application/ld+json", b"application/activity+json",
    b"application/xml", b"application/rss+xml", b"application/atom+xml", b"application/feed+json", b"text/markdown",
    b"text/plain", b"application/pdf", b"image/webp", b"*/*;q=0", b"text/html;q=0, text/markdown", b"junk", b"",
    b"text/x-component", b"text/event-stream", b"application/signed-exchange;v=b3",
)  # fmt: skip

ENCODINGS = (
    b"", b"identity", b"gzip", b"br", b"zstd", b"deflate", b"gzip, deflate, br, zstd", b"gzip;q=0", b"gzip;q=0.001",
    b"*", b"*;q=0", b"GZIP", b"x-gzip", b"gzip;q=junk", b"identity;q=0", b"identity;q=0, *;q=0", b",", b"gzip" * 500,
)  # fmt: skip

LANGUAGES = (b"en", b"fr", b"fr-CA, fr;q=0.8", b"*", b"xx", b";;;", b"", ECHO)

AGENTS = tuple(
    agent.encode()
    for agent in (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (Linux; Android 6.0.1) AppleWebKit/537.36 Chrome/156 (compatible; Googlebot/2.1)",
        "Googlebot-News", "Googlebot-Image/1.0", "AdsBot-Google (+http://www.google.com/adsbot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "Applebot/0.1", "DuckDuckBot/1.1",
        "GPTBot/1.2", "ClaudeBot/1.0", "PerplexityBot/1.0", "CCBot/2.0", "Amazonbot/0.1", "Bytespider", "YandexBot/3.0",
        "facebookexternalhit/1.1", "Twitterbot/1.0", "Slackbot-LinkExpanding 1.0", "LinkedInBot/1.0", "WhatsApp/2.23",
        "archive.org_bot", "ia_archiver", "Feedly/1.0", "Miniflux/2.2", "Pocket", "Instapaper/4.0", "AppleNewsBot",
        "Kindle/3.0", "curl/8.5.0", "Wget/1.21", "python-requests/2.32", "", "() { :; }; echo x",
        "zq7echo/1.0", "A" * 9000,
    )
)  # fmt: skip

REFERERS = (
    b"https://twin.example/", b"https://twin.example/the-lamp", b"https://www.google.com/", b"https://news.google.com/",
    b"https://www.bing.com/", b"https://t.co/abc", b"https://www.facebook.com/", b"https://l.facebook.com/l.php?u=x",
    b"https://www.reddit.com/", b"https://cdn.ampproject.org/", b"android-app://com.google.android.gm", b"about:blank",
    b"javascript:alert(1)", b"", b"junk", b"https://evil.example/" + ECHO,
)  # fmt: skip

HOSTS = (
    b"TWIN.EXAMPLE", b"twin.example.", b"twin.example:443", b"twin.example:80", b"other.example", b"localhost",
    b"127.0.0.1", b"[::1]", b"", b"twin.example@evil.example", b"twin.example, other.example", b"amp.twin.example",
    b"xn--twn-0ma.example", b"twin.example/x", ECHO + b".example",
)  # fmt: skip

RANGES = (
    b"bytes=0-99", b"bytes=-100", b"bytes=1000-", b"bytes=0-0,-1", b"bytes=99999999-", b"bytes=0-18446744073709551616",
    b"bytes=" + b",".join(b"%d-%d" % (at, at) for at in range(200)), b"bytes=9-1", b"lines=1-2", b"junk", b"",
)  # fmt: skip

FETCHES: tuple[Pairs, ...] = (
    ((b"sec-purpose", b"prefetch"),), ((b"sec-purpose", b"prefetch;prerender"),), ((b"purpose", b"prefetch"),),
    ((b"x-moz", b"prefetch"),), ((b"sec-fetch-mode", b"navigate"), (b"sec-fetch-dest", b"document")),
    ((b"sec-fetch-mode", b"cors"), (b"sec-fetch-site", b"cross-site")), ((b"sec-fetch-site", b"same-origin"),),
    ((b"sec-fetch-site", b"same-site"),), ((b"sec-fetch-site", b"none"),), ((b"sec-fetch-mode", b"no-cors"),),
    ((b"sec-fetch-dest", b"iframe"),), ((b"sec-fetch-dest", b"image"),), ((b"sec-gpc", b"1"),), ((b"dnt", b"1"),),
    ((b"save-data", b"on"),), ((b"sec-ch-ua-mobile", b"?1"),), ((b"viewport-width", b"320"),),
    ((b"device-memory", b"0.5"),), ((b"origin", b"https://twin.example"),), ((b"origin", b"https://evil.example"),),
    ((b"origin", b"null"),), ((b"upgrade-insecure-requests", b"1"),),
)  # fmt: skip

INTERNALS: tuple[Pairs, ...] = (
    ((b"x-middleware-subrequest", b"middleware:middleware:middleware"),), ((b"x-now-route-matches", b"1"),),
    ((b"x-original-url", b"/the-open"),), ((b"x-rewrite-url", b"/the-open"),), ((b"x-accel-redirect", b"/sealed"),),
    ((b"x-sendfile", b"/articles/sealed.db"),), ((b"x-user-id", b"1"),), ((b"x-entitled", b"1"),),
    ((b"x-member-cache-tier", b"premium"),), ((b"x-http-method-override", b"POST"),), ((b"x-method-override", b"PUT"),),
    ((b"x-forwarded-host", ECHO + b".example"),), ((b"x-forwarded-proto", b"http"),),
    ((b"x-forwarded-prefix", b"/" + ECHO),), ((b"x-forwarded-port", b"8443"),), ((b"x-host", ECHO + b".example"),),
    ((b"rsc", b"1"),), ((b"hx-request", b"true"),), ((b"turbo-frame", b"rest"),),
    ((b"prefer", b"return=representation"),),
    ((b"x-requested-with", b"XMLHttpRequest"),), ((b"authorization", b"Bearer " + ECHO),), ((b"x-country", b"US"),),
    ((b"cf-ipcountry", b"US"),), ((b"content-encoding", b"gzip"),), ((b"te", b"trailers"),),
    ((b"cache-control", b"no-cache"),), ((b"pragma", b"no-cache"),), ((b"cache-control", b"only-if-cached"),),
    ((b"x-debug", b"1"),), ((b"x-feature", b"full-text"),), ((b"surrogate-capability", b"abc=ESI/1.0"),),
    ((b"signature-agent", b'"https://crawler.example"'), (b"signature", b"sig1=:AAAA:")),
)  # fmt: skip

FORWARDING = (
    b"x-forwarded-for", b"x-real-ip", b"true-client-ip", b"cf-connecting-ip", b"client-ip", b"x-client-ip",
    b"x-cluster-client-ip", b"fastly-client-ip", b"x-originating-ip", b"x-remote-addr", b"forwarded",
    b"x_forwarded_for",
)  # fmt: skip
ADDRESSES = (b"66.249.66.1", b"192.0.2.200, 66.249.66.1", b"127.0.0.1", b"10.0.0.1", b"2001:4860:4801::1", b"junk")

WEAK, FULL = b"W/", b'"0123456789abcdef01234567"'


def conditions(tag: bytes) -> tuple[Pairs, ...]:
    """Conditional requests with the preview's own validator, with others, and with none that is well formed."""
    own = tag or FULL
    tags = (
        own,
        WEAK + own,
        own + b", " + FULL,
        FULL,
        WEAK + FULL,
        b"*",
        b"junk",
        b'""',
        own.strip(b'"'),
        b"",
        b"," * 900,
    )
    dates = (b"Thu, 01 Jan 1970 00:00:00 GMT", b"Fri, 01 Jan 2100 00:00:00 GMT", b"junk")
    return (
        *(((b"if-none-match", value),) for value in tags),
        *(((b"if-match", value),) for value in (own, FULL, b"*")),
        *(((b"if-modified-since", date),) for date in dates),
        *(((b"if-unmodified-since", date),) for date in dates),
        *(((b"if-range", value), (b"range", b"bytes=0-9")) for value in (own, FULL, dates[0])),
    )


def _paths() -> Iterator[tuple[str, Change]]:
    """The spellings of one path that two programs could read differently."""
    endings = (
        "/", "//", "/.", "/..", "/./", ".", "..", "%20", "%00", "%09", "%0a", "%0d%0aX-Y:1", "%23", "%3f", "%2f", "%5c",
        "~", "%7e", "::$DATA", ";", ";x=1", ";.css", ";jsessionid=1", ",x", ".html", ".htm", ".json", ".xml", ".php",
        ".md", ".txt", ".pdf", ".css", ".js", ".png", ".rss", ".amp", ".bak", ".old", "/amp", "/amp/", "/print", "/pdf",
        "/feed", "/feed/", "/full", "/rest", "/2", "/page/2", "/index.html", "/anything", "/zq7echo", "/x.css",
        "/%2e%2e/the-lamp", "%u002f", "%c0%af", "%ef%bc%8f", "%e2%80%8b", "%E2%80%AE", "%cc%81", "\\", "|", "\xe9", "%",
        "%2", "%zz", "%25", "%252e", "%252f",
    )  # fmt: skip
    for ending in endings:
        yield f"…{ending}"[:24], _path(lambda path, ending=ending: path + ending.encode("latin-1"))  # type: ignore[misc]
    starts = (
        "/", "/./", "/x/..", "/%2e", "/%2e%2e", "/..;", "/\\", "/-", "/-/read/..", "/static/..%2f", "/-/static/..",
        "/en",        "/amp", "/api", "/wp-json", "/index.php", "//evil.example", "/http://twin.example",
    )  # fmt: skip
    for start in starts:
        yield f"{start}…", _path(lambda path, start=start: start.encode() + path)  # type: ignore[misc]
    yield "capitals", _path(lambda path: path.upper())
    yield "first letter encoded", _path(lambda path: b"/%%%02x" % path[1] + path[2:] if len(path) > 1 else path)
    yield "capitals encoded", _path(lambda path: b"/%%%02X" % path[1] + path[2:] if len(path) > 1 else path)
    yield "without its slash", _path(lambda path: path[1:])
    yield "8 KiB longer", _path(lambda path: path + b"A" * 8192)


def _method(name: str) -> Change:
    return lambda ask: replace(ask, method=name)


def _path(spelling: Callable[[bytes], bytes]) -> Change:
    return lambda ask: replace(ask, path=spelling(ask.path))


def _query(query: bytes) -> Change:
    return lambda ask: replace(ask, query=query)


def _setting(pairs: Pairs) -> Change:
    def change(ask: Ask) -> Ask:
        for name, value in pairs:
            ask = ask.with_header(name, value)
        return ask

    return change


def _carrying(state: ReaderState) -> Change:
    """Cookies join those of other axes by taking their place; a state may send one header twice."""

    def change(ask: Ask) -> Ask:
        names = {name for name, _ in state.headers}
        kept = tuple(pair for pair in ask.headers if pair[0] not in names)
        return replace(ask, headers=(*kept, *state.headers))

    return change


def _header_axis(name: str, header: bytes, values: Iterable[bytes]) -> Axis:
    return Axis(name, tuple((_label(value), _setting(((header, value),))) for value in values))


def _pairs(many: Iterable[Pairs]) -> Iterator[tuple[str, Change]]:
    for pairs in many:
        yield ", ".join(f"{name.decode()}={_label(value)}" for name, value in pairs), _setting(pairs)


def _forwarded() -> Iterator[tuple[str, Change]]:
    for header in FORWARDING:
        for address in ADDRESSES:
            value = b"for=" + address if header == b"forwarded" else address
            yield f"{header.decode()}={_label(value)}", _setting(((header, value),))


def _label(value: bytes) -> str:
    return ascii(value.decode("latin-1"))[1:-1][:60]
