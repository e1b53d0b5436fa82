"""Every spelling of group E of the catalogue of leaks, of one article and of what lies beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tests.server import test_origin_spellings as origin

from foldline.testing.builders import HOST
from foldline.testing.client import Headers

#: Where else a program may find the article, and how it may be asked for. `{}` is its path, `{name}` its last part.
_ELSEWHERE = (
    *("{}", "{}?", "{}??", "{}?#", "{}?/../", "{}#/../x", "{}%3fx=1", "{}%3Fx", "{}%23x", "{}?x=1;y=2", "{}?page=1"),
    *("{}?amp", "{}?%61mp=1", "{}?a[]=1&a[]=2", "{}?x=%00", "{}?x=%0d%0aX:1", "{}?_method=POST"),
    *("{}?a=1&a=1", "{}&x=1", "{}%e0%80%af"),
    *("{}%c0%ae%c0%ae/", "{}%c0%af", "/news%c0%af{name}/", "/n%c3%a9ws/../{name}/", "/%c3%83%c2%a9/..{}"),
    *("/news/{name}%cc%81/", "/news/%c3%a9/..%2f{name}/", "/news/{name}%ef%bc%8e", "/news/{name}%e2%80%ae/"),
    *("/news/{name}%ef%bb%bf/", "/news/{name}/%e2%81%a0", "/NEWS/{NAME}/", "/News/{name}/", "/news/{NAME}/"),
    *("/tags/#/..{}", "/tags/?/..{}", "{}#/../../the-crown/", "{}#/../../a-bridge/", "{}?format=json", "{}?s=x"),
    *("/tags/x{}", "/tags{}", "/tags/..;{}", "/tags/%2e%2e{}", "/tags/.%00.{}", "/tags/\\..{}"),
    *("/shop{}", "/shop/..{}", "/shop/%2e%2e{}", "/shop/..%2f..{}", "/shop//..{}", "/shop/;/..{}", "/shop/..%5c{}"),
    *("/robots.txt/..{}", "/robots.txt%2f..{}", "/robots.txt;{}", "/robots.txt/%2e%2e{}", "/index.html/..{}"),
    *("/-/..{}", "/-/../..{}", "/-/%2e%2e{}", "/-/static/..%2f..{}", "/-/authz/..{}", "/-/authz{}", "//-/authz{}"),
    *("/-{}", "/%2d/..{}", "/-/authz", "/-//authz", "/-/./authz", "/-/%61uthz", "/-/authz/", "/-/authz?{}", "/-/Authz"),
    *("/tags/x?y{}", "/tags/x/?s=y", "/?format=json", "/shop/?x{}"),
    *("/index.json", "/search/", "/feed/", "/news/feed/", "/tags/x?format=json", "/?s=x", "/;/index.json", "//feed/"),
    *("/shop/..;/feed/", "/tags/..%2ffeed/", "/tags/%2e%2e/index.json", "/FEED/", "/articles.json", "/%66eed/"),
    *("{}|", "{}%7c", "{}^", "{}`", '{}"', "{}<x>", "{}{{", "/news/{name}%7e", "{}!", "{}'", "{}(1)"),
    *("{}*", "{}@", "{}:80"),
    *("/" + "x/" * 45 + "..{}", "/tags/" + "x" * 1200, "/tags/" + "y/" * 35, "{}" + "z" * 2100, "/x" * 40 + "{}"),
)  # fmt: skip
#: Targets that are no path.
_NO_PATH = (
    "http://{host}{}",
    "http://other.example{}",
    "https://{host}:443{}",
    "http://user@{host}{}",
    "*",
    "{host}:80",
)
#: Hosts, and what a client may say of the target. `{}` is the article.
_SAID: tuple[tuple[tuple[str, str], ...], ...] = (
    (("Host", "{HOST}"),),
    (("Host", "{host}."),),
    (("Host", "{host}:80"),),
    (("Host", "other.example"),),
    (("Host", ""),),
    (("Host", "{host}"), ("Host", "other.example")),
    (("Host", "other.example"), ("Host", "{host}")),
    (("X-Forwarded-Host", "other.example"),),
    (("X-Original-URL", "{}"),),
    (("X-Original-URI", "{}"), ("X-Original-Method", "GET")),
    (("X-Rewrite-URL", "{}"),),
    (("X-Forwarded-Uri", "{}"), ("X-Forwarded-Method", "GET")),
    (("X-Forwarded-Prefix", "{}"),),
    (("X-HTTP-Method-Override", "POST"),),
    (("X_Original_URL", "{}"),),
    (("X-Accel-Redirect", "{}"),),
    (("Range", "bytes=0-"),),
    (("If-None-Match", '"whole"'),),
    (("Upgrade", "h2c"), ("Connection", "Upgrade, HTTP2-Settings"), ("HTTP2-Settings", "AAMAAABkAAQAAP__")),
    (("Connection", "close, Host, Cookie, X-Foldline-Secret"),),
)


def targets(article: str, *, all_of_them: bool = False) -> list[str]:
    """Targets that mean the article, or nearly. All: every way before it with every way behind it."""
    name = article.rstrip("/").rpartition("/")[2]
    made = [_filled(one, article, name) for one in (*_ELSEWHERE, *_NO_PATH)]
    made += [one.replace("a-bridge", name).replace("A-BRIDGE", name.upper()) for one in _of_the_origins(all_of_them)]
    return list(dict.fromkeys(made))


def said_with(article: str) -> Iterator[Headers]:
    """Header fields that could lead to the article, whatever the target."""
    for fields in _SAID:
        yield tuple((key.encode(), _filled(value, article, "").encode()) for key, value in fields)


def _of_the_origins(all_of_them: bool) -> Iterator[str]:
    if all_of_them:
        yield from origin.spellings()
        return
    yield from (before + origin.ARTICLE for before in origin.BEFORE)
    yield from (origin.ARTICLE + after for after in origin.AFTER)
    yield from itertools.chain(origin.WITHIN, origin.WHOLE)


def _filled(text: str, article: str, name: str) -> str:
    known = {"{}": article, "{name}": name, "{NAME}": name.upper(), "{host}": HOST, "{HOST}": HOST.upper()}
    for key, value in known.items():
        text = text.replace(key, value)
    return text
