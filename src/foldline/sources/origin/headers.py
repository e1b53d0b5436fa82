"""Which header fields cross the gate, and which we set ourselves. Pure.

`foldline.signed.cookies` and the site process name our cookies; all of them begin as `OURS` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Field = tuple[bytes, bytes]
Fields = Sequence[Field]

#: How the names of our cookies begin, in lower case. No other program's may.
OURS = (b"__host-foldline-", b"foldline-")
#: How the names of our header fields begin. `SECRET` is what the origin knows the gate by.
OUR_FIELDS = b"x-foldline-"
SECRET = b"x-foldline-secret"

#: RFC 9110, 7.6.1, and what was used before it. `Connection` names more of them.
HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-authentication-info",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    )
)
#: A request's framing is ours, and so is who asks: whatever a client says of it is dropped.
_SET_BY_US = frozenset(
    (
        b"host",
        b"content-length",
        b"expect",
        b"forwarded",
        b"x-real-ip",
        b"client-ip",
        b"true-client-ip",
        b"cf-connecting-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"fastly-client-ip",
        b"x-scheme",
        b"x-script-name",
        b"x-host",
        b"x-envoy-external-address",
        b"proxy",
    )
)
#: With these a client could have another address routed than the one that was decided on.
_ROUTED_BY = frozenset(
    (
        b"x-original-url",
        b"x-original-uri",
        b"x-original-method",
        b"x-original-host",
        b"x-rewrite-url",
        b"x-middleware-subrequest",
        b"x-middleware-prefetch",
        b"x-now-route-matches",
        b"x-matched-path",
        b"x-invoke-path",
        b"x-sendfile-type",
        b"x-accel-mapping",
    )
)
#: With this middleware inside an application takes a part of the path away before it routes.
_REROUTED_BY = frozenset((b"x-script-name",))
_OVERRIDES = frozenset((b"x-http-method-override", b"x-http-method", b"x-method-override"))

#: Of an answer, beside hop-by-hop fields: what would steer the proxy before us, lead browsers around us, or is ours.
_NOT_ANSWERED = frozenset((b"x-accel-redirect", b"x-sendfile", b"x-lighttpd-send-file", b"alt-svc", b"date"))

_FIELD_NAME = re.compile(rb"[!#$&'*+.^`|~0-9a-z%-]+")  # a token, without the underscore that CGI takes for a hyphen
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Asker:
    """What the origin is told of a request. `host` and `scheme` are those of the publication as readers type them,
    `client` is the address that our own proxies saw, "" for an unknown one."""

    host: bytes
    scheme: bytes
    client: str
    secret: bytes


def request_fields(headers: Iterable[Field], asker: Asker, *, overrides: bool = False) -> list[Field]:
    """The fields of a forwarded request, without framing. `overrides` keeps a method override, for a route that takes
    every method anyway."""
    given = [(name.lower(), value) for name, value in headers]
    dropped = HOP_BY_HOP | _named_by_connection(given) | _SET_BY_US | _ROUTED_BY
    if not overrides:
        dropped |= _OVERRIDES
    kept = []
    for name, value in given:
        if name in dropped or name.startswith((OUR_FIELDS, b"x-forwarded-")) or not _FIELD_NAME.fullmatch(name):
            continue
        value = value.strip(b" \t")
        if _CONTROL.search(value):
            continue
        if name == b"cookie":
            value = foreign_cookies(value)
            if not value:
                continue
        kept.append((name, value))
    client = asker.client.encode() or b"unknown"
    return [
        (b"host", asker.host),
        *kept,
        (b"x-forwarded-for", client),
        (b"x-forwarded-host", asker.host),
        (b"x-forwarded-proto", asker.scheme),
        (b"x-real-ip", client),
        (SECRET, asker.secret),
    ]


#: Fields that begin like those we set and that programs are known to believe. A proxy has to name each one.
_FORWARDED = tuple(b"x-forwarded-" + name for name in b"path port prefix scheme server ssl uri method user".split())


def steering_fields() -> tuple[bytes, ...]:
    """The names of what no client may tell an origin, for a proxy that asks it in our place: who asks, and which other
    address is meant. Those that the proxy sets itself (Host, X-Forwarded-For, -Host, -Proto, X-Real-IP) are not in it.
    """
    dropped = _SET_BY_US | _ROUTED_BY | frozenset(_FORWARDED)
    return tuple(sorted(dropped - {b"host", b"content-length", b"expect", b"x-real-ip"}))


def override_fields() -> tuple[bytes, ...]:
    """The names of what asks for another method than that of the request."""
    return tuple(sorted(_OVERRIDES))


def passed_fields(headers: Iterable[Field], *, overrides: bool = False) -> list[Field]:
    """The fields of a request that goes on to an application in this process. It stands where it stood before, so what
    proxies say of the client and the framing are as they came; what is ours, or could have another address routed, is
    not."""
    dropped = _ROUTED_BY | _REROUTED_BY | (frozenset() if overrides else _OVERRIDES)
    kept = []
    for name, value in headers:
        read_as = name.lower().replace(b"_", b"-")
        if read_as in dropped or read_as.startswith(OUR_FIELDS):
            continue
        if read_as == b"cookie":
            value = foreign_cookies(value)
            if not value:
                continue
        kept.append((name, value))
    return kept


#: What the gate takes for an article.
PAGES = b"text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"


def fetch_fields(asker: Asker, agent: bytes, conditions: Fields = (), accept: bytes = PAGES) -> list[Field]:
    """The fields with which the gate asks for something itself: the same for every reader, and nothing of any."""
    return [
        (b"host", asker.host),
        (b"user-agent", agent),
        (b"accept", accept),
        (b"accept-encoding", b"gzip"),
        *conditions,
        (b"x-forwarded-host", asker.host),
        (b"x-forwarded-proto", asker.scheme),
        (SECRET, asker.secret),
    ]


def answer_fields(headers: Iterable[Field]) -> tuple[Field, ...]:
    """The fields of an answer that a reader is sent. Those of the origin that bear our names are dropped."""
    given = [(name.lower(), value) for name, value in headers]
    dropped = HOP_BY_HOP | _named_by_connection(given) | _NOT_ANSWERED
    return tuple(
        (name, value)
        for name, value in given
        if name not in dropped and not name.startswith(OUR_FIELDS) and not (name == b"set-cookie" and _sets_ours(value))
    )


def own_answer_fields(headers: Iterable[Field]) -> tuple[Field, ...]:
    """The fields of an answer of an application in this process, which its server frames: all but those of our
    names."""
    return tuple(
        (name, value)
        for name, value in headers
        if not name.lower().startswith(OUR_FIELDS) and not (name.lower() == b"set-cookie" and _sets_ours(value))
    )


def foreign_cookies(header: bytes) -> bytes:
    """A `Cookie` header without ours; what is left keeps its bytes."""
    if b"foldline-" not in header.lower():
        return header
    return b";".join(part for part in header.split(b";") if not _is_ours(part)).strip(b" \t")


def is_unsendable(headers: Iterable[Field]) -> bool:
    """Whether an answer has a field with control bytes, which nobody may send on (RFC 9110, 5.5)."""
    return any(_CONTROL.search(value) for _, value in headers)


def _is_ours(pair: bytes) -> bool:
    return pair.partition(b"=")[0].strip(b" \t").lower().startswith(OURS)


def _sets_ours(value: bytes) -> bool:
    pair = value.split(b";", 1)[0].strip(b" \t")
    # A cookie without a name is sent back as its value alone, which then reads like a name (rfc6265bis, 8.8).
    return _is_ours(pair) or _is_ours(pair.lstrip(b"= \t"))


def _named_by_connection(headers: Iterable[Field]) -> frozenset[bytes]:
    named = (
        token.strip(b" \t").lower() for name, value in headers if name == b"connection" for token in value.split(b",")
    )
    # A client must not have us drop what we or the origin rely on.
    return frozenset(named) - frozenset((b"cookie", b"authorization", b"content-type", b"content-encoding", b"vary"))
