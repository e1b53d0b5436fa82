"""As whom a stranger asks: everything that a program can say of itself without having any right to a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from foldline.proof.asks import Ask, Pairs

FIRST_CRAWLER = b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_CRAWLERS = (
    FIRST_CRAWLER,
    b"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    b"Googlebot-News",
    b"Mozilla/5.0 (Linux; Android 6.0.1) AppleWebKit/537.36 Chrome/156 Mobile (compatible; Googlebot/2.1)",
    b"AdsBot-Google (+http://www.google.com/adsbot.html)", b"Mozilla/5.0 (Applebot/0.1)", b"DuckDuckBot/1.1",
    b"YandexBot/3.0",
    b"facebookexternalhit/1.1", b"Twitterbot/1.0", b"Slackbot-LinkExpanding 1.0", b"LinkedInBot/1.0", b"WhatsApp/2.23",
    b"TelegramBot (like TwitterBot)", b"GPTBot/1.2", b"ClaudeBot/1.0", b"PerplexityBot/1.0", b"CCBot/2.0",
    b"Amazonbot/0.1",
    b"archive.org_bot", b"ia_archiver", b"Google-InspectionTool/1.0", b"Chrome-Lighthouse",
)  # fmt: skip
_READERS = (
    b"Feedly/1.0", b"Miniflux/2.2", b"Pocket", b"Instapaper/4.0", b"AppleNewsBot", b"Kindle/3.0", b"curl/8.5.0",
    b"Wget/1.21",
    b"python-requests/2.32",
    b"Mozilla/5.0 (X11; Linux x86_64) Chrome/156 Safari/537.36,gzip(gfe) (via translate.google.com)",
    b"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
    b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    b"w3m/0.5", b"Flipboard/4.2",
)  # fmt: skip
_REFERERS = (
    b"https://www.google.com/", b"https://news.google.com/", b"https://www.bing.com/", b"https://duckduckgo.com/",
    b"https://t.co/abc",
    b"https://www.facebook.com/", b"https://l.facebook.com/l.php?u=x", b"https://www.reddit.com/",
    b"https://www.linkedin.com/",
    b"https://cdn.ampproject.org/", b"android-app://com.google.android.gm",
    b"android-app://com.google.android.googlequicksearchbox/",
    b"https://flipboard.com/", b"https://getpocket.com/", b"https://translate.google.com/",
)  # fmt: skip
_FORWARDING = (
    b"x-forwarded-for", b"x-real-ip", b"true-client-ip", b"cf-connecting-ip", b"client-ip", b"x-client-ip",
    b"x-cluster-client-ip",
    b"fastly-client-ip", b"x-originating-ip", b"x-remote-addr", b"forwarded",
)  # fmt: skip
_ACCEPTS = (
    b"application/json", b"application/ld+json", b"application/activity+json", b"application/rss+xml",
    b"application/atom+xml",
    b"text/markdown", b"text/plain", b"application/pdf", b"application/xml", b"text/event-stream",
    b"application/signed-exchange;v=b3",
    b"*/*;q=0", b"junk",
)  # fmt: skip
_COOKIES = (
    b"subscriber=1", b"subscribed=true", b"premium=1", b"tier=premium", b"is_subscriber=true", b"paywall=off",
    b"logged_in=1",
    b"member=1", b"role=admin", b"wordpress_logged_in_x=admin%7C9999999999%7Cx%7Cx", b"wp-postpass_x=1",
    b"lp_cookie=[]",
    b"ghost-members-ssr=x", b"xbc=1", b"meter=0", b"articles_read=0", b"auth=1; entitlements=all", b"session=junk",
)  # fmt: skip
_INTERNAL: tuple[Pairs, ...] = (
    ((b"x-middleware-subrequest", b"middleware:middleware:middleware:middleware:middleware"),),
    ((b"x-now-route-matches", b"1"),),
    ((b"x-user-id", b"1"),), ((b"x-entitled", b"1"),), ((b"x-subscriber", b"1"),), ((b"x-user", b"admin"),),
    ((b"x-auth-user", b"1"),),
    ((b"x-member-cache-tier", b"premium"),), ((b"remote-user", b"admin"),), ((b"x-remote-user", b"admin"),),
    ((b"x-preview", b"1"),),
    ((b"x-debug", b"1"),), ((b"surrogate-capability", b"abc=ESI/1.0"),), ((b"x-requested-with", b"XMLHttpRequest"),),
    ((b"hx-request", b"true"),), ((b"turbo-frame", b"article"),), ((b"authorization", b"Bearer x"),),
    ((b"cache-control", b"no-cache"),),
    ((b"x-wp-nonce", b"x"),), ((b"x-inertia", b"true"),), ((b"x-pjax", b"true"),),
)  # fmt: skip
_PREFETCH: tuple[Pairs, ...] = (
    ((b"sec-purpose", b"prefetch"),), ((b"sec-purpose", b"prefetch;prerender"),), ((b"purpose", b"prefetch"),),
    ((b"x-moz", b"prefetch"),),
)  # fmt: skip
_HINTS: tuple[Pairs, ...] = (
    ((b"save-data", b"on"),), ((b"accept-language", b"fr"),), ((b"accept-language", b"*"),), ((b"sec-gpc", b"1"),),
    ((b"sec-fetch-dest", b"iframe"), (b"sec-fetch-mode", b"navigate")), ((b"sec-fetch-mode", b"cors"),
    (b"sec-fetch-site", b"same-origin")),
    ((b"prefer", b"return=representation"),), ((b"viewport-width", b"320"),), ((b"upgrade-insecure-requests", b"1"),),
)  # fmt: skip
_RANGES = (b"bytes=0-", b"bytes=0-99", b"bytes=-500", b"bytes=1000-", b"bytes=0-0,-1", b"bytes=99999999-")
_CODINGS = (b"identity", b"deflate", b"br", b"zstd", b"*", b"gzip;q=0", b"identity;q=0")


@dataclass(frozen=True, slots=True)
class State:
    """`axis` is what it varies; `vector` what a whole is that is given for it. An empty value drops a field; `told` is
    shown for `headers` in a report, where these are nobody's to see."""

    axis: str
    name: str
    vector: str
    headers: Pairs = ()
    method: str = "GET"
    told: Pairs = ()

    def of(self, asked: Ask, *, for_report: bool = False) -> Ask:
        """The request as this state asks it: its fields in place of those of the same names."""
        for name, value in (self.told or self.headers) if for_report else self.headers:
            asked = asked.with_header(name, value)
        return replace(asked, method=self.method) if self.method != "GET" else asked


def states(host: str, tag: str = "") -> Iterator[State]:
    """Every state. `host` is the site's as it is sent, `tag` the validator of a subscriber's page."""
    for agent in _CRAWLERS:
        yield State("agent", f"called {_short(agent)}", "C01", ((b"user-agent", agent),))
    for agent in _READERS:
        yield State("agent", f"called {_short(agent)}", "C19", ((b"user-agent", agent),))
    for referer in _REFERERS:
        yield State("referer", f"from {referer.decode()}", "C07", ((b"referer", referer),))
    for name in _FORWARDING:
        address = b"for=66.249.66.1" if name == b"forwarded" else b"66.249.66.1"
        pair = (name, address)
        yield State(
            "claimed address", f"a crawler's address in {name.decode()}", "C02", (pair, (b"user-agent", FIRST_CRAWLER))
        )
        yield State(
            "claimed address",
            f"an address in {name.decode()}",
            "C11",
            ((name, address.replace(b"66.249.66.1", b"127.0.0.1")),),
        )
    for cookie in _COOKIES:
        yield State("cookie", f"with the cookie {cookie.decode()[:40]}", "H14", ((b"cookie", cookie),))
    for pairs in _INTERNAL:
        yield State("internal field", f"with {_named(pairs)}", "C15", pairs)
    for name in (b"cf-ipcountry", b"x-country", b"x-geo-country"):
        yield State("country", f"with {name.decode()}", "C13", ((name, b"US"),))
    for value in _ACCEPTS:
        yield State("accept", f"asking for {value.decode()}", "E14", ((b"accept", value),))
    for pairs in _HINTS:
        yield State("hint", f"with {_named(pairs)}", "E14", pairs)
    for pairs in _PREFETCH:
        yield State("prefetch", f"with {_named(pairs)}", "D21", pairs)
    for value in _CODINGS:
        yield State("coding", f"taking {value.decode()}", "D18", ((b"accept-encoding", value),))
    for value in _RANGES:
        yield State(
            "range", f"asking for {value.decode()}", "D10", ((b"range", value), (b"accept-encoding", b"identity"))
        )
    for pairs in _conditions(tag):
        yield State("condition", f"with {_named(pairs)}", "D11", pairs)
    yield from _hosts(host)
    yield from _methods()


def _hosts(host: str) -> Iterator[State]:
    name, _, port = host.partition(":")
    port = f":{port}" if port else ""
    for one in (
        f"{name.upper()}{port}",
        f"{name}.{port}",
        f"amp.{host}",
        f"m.{host}",
        f"origin.{host}",
        "localhost",
        "127.0.0.1",
    ):
        if one != host:
            yield State("host", f"for the host {one}", "C14", ((b"host", one.encode()),))
    for field in (b"x-forwarded-host", b"x-host", b"x-original-host"):
        yield State("host", f"with {field.decode()}", "C14", ((field, b"localhost"),))


def _methods() -> Iterator[State]:
    for method in ("HEAD", "POST", "OPTIONS", "get", "JEFF", "PROPFIND", "TRACE"):
        yield State("method", f"by {method}", "E09", (), method)
    for name in (b"x-http-method-override", b"x-method-override", b"x-http-method"):
        yield State("method", f"by POST with {name.decode()}: GET", "E10", ((name, b"GET"),), "POST")


def _conditions(tag: str) -> Iterator[Pairs]:
    own = tag.encode("latin-1", "replace") or b'"0123456789abcdef"'
    for value in (own, b"W/" + own.removeprefix(b"W/"), b"*", b'"junk"'):
        yield ((b"if-none-match", value),)
    yield ((b"if-modified-since", b"Thu, 01 Jan 1970 00:00:00 GMT"),)
    yield ((b"if-modified-since", b"Fri, 01 Jan 2100 00:00:00 GMT"),)
    yield ((b"if-match", own),)
    yield ((b"if-range", own), (b"range", b"bytes=0-"))


def _named(pairs: Pairs) -> str:
    return ", ".join(f"{name.decode()}: {value.decode('latin-1')[:40]}" for name, value in pairs)


def _short(agent: bytes) -> str:
    text = agent.decode("latin-1")
    named = text.partition("compatible; ")[2].partition(";")[0].partition(")")[0]
    return named or (text if len(text) < 40 else text.rpartition(")")[2].strip() or text[:40])
