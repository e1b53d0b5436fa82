"""Responses and their headers: an allow-list, ready as bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime

from foldline.gate import tally
from foldline.pages.fragment import Fragment, join_gzip, join_plain, trailer

HeaderList = tuple[tuple[bytes, bytes], ...]

#: Letters of a date in a header.
LONGEST_DATE = 64

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HTML: HeaderList = ((b"content-type", b"text/html; charset=utf-8"),)
JSON: HeaderList = ((b"content-type", b"application/json"),)

#: How long a shared cache keeps a neutral preview, how much longer it shows it while it asks for the next, and how long
#: where the gate does not answer, in seconds.
KEPT_SECONDS, SHOWN_MEANWHILE, STALE_ON_ERROR = 30, 10, 86400
#: How long a shared cache may show it while the gate answers.
CACHED_AT_MOST = KEPT_SECONDS + SHOWN_MEANWHILE

#: nginx and Varnish know no CDN-Cache-Control (RFC 9213); X-Accel-Expires says the same to nginx, which before 1.23
#: heeds whichever of the headers about caching comes first.
NEUTRAL: HeaderList = (
    (b"x-accel-expires", b"%d" % KEPT_SECONDS),
    (b"cache-control", b"no-cache"),
    (
        b"cdn-cache-control",
        b"max-age=%d, stale-while-revalidate=%d, stale-if-error=%d" % (KEPT_SECONDS, SHOWN_MEANWHILE, STALE_ON_ERROR),
    ),
    (b"vary", b"accept-encoding"),
)


def neutral_for(seconds: int) -> HeaderList:
    """`NEUTRAL` for a preview that is another in so many seconds: no cache shows it any longer."""
    kept = min(seconds, KEPT_SECONDS)
    return (
        (b"x-accel-expires", b"%d" % kept),
        (b"cache-control", b"no-cache"),
        (b"cdn-cache-control", b"max-age=%d" % kept),
        (b"vary", b"accept-encoding"),
    )


PRIVATE: HeaderList = (
    (b"cache-control", b"private, no-cache"),
    (b"x-accel-expires", b"0"),
    (b"vary", b"accept-encoding"),
)
#: A whole is kept by nobody: only `no-store` keeps it off the Back button after sign-out.
NO_STORE: HeaderList = (
    (b"cache-control", b"private, no-store"),
    (b"x-accel-expires", b"0"),
    (b"vary", b"accept-encoding"),
)
FOREVER: HeaderList = ((b"cache-control", b"public, max-age=31536000, immutable"), (b"vary", b"accept-encoding"))
GZIP: HeaderList = ((b"content-encoding", b"gzip"),)
GATED: HeaderList = ((b"x-robots-tag", b"noarchive"),)


def security_headers(url: str) -> HeaderList:
    """What every page carries. HSTS only where the publication's address is https."""
    headers = (
        (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"strict-origin-when-cross-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    )
    strict = ((b"strict-transport-security", b"max-age=31536000"),) if url.startswith("https:") else ()
    return (*headers, *strict)


@dataclass(slots=True)
class Response:
    """A whole answer. `body` is also there for HEAD: whoever sends it leaves it out and keeps its length. `lines` are
    the headers as they were written the first time, for answers that are given often. `kind` is what it is counted as
    (`gate/tally.py`)."""

    status: int
    headers: HeaderList
    body: bytes = b""
    lines: bytes | None = field(default=None, compare=False, repr=False)
    kind: int = field(default=tally.OTHER, compare=False, repr=False)

    def adding(self, *more: tuple[bytes, bytes]) -> Response:
        """The same answer with more headers behind."""
        return Response(self.status, (*self.headers, *more), self.body, kind=self.kind)


def page(
    parts: tuple[Fragment, ...],
    headers: HeaderList,
    *,
    gzip: bool,
    status: int = 200,
    end: bytes | None = None,
    kind: int = tally.OTHER,
) -> Response:
    """A page of ready fragments; `end` is its gzip trailer where one was stored, `kind` what it is counted as."""
    if gzip:
        body = join_gzip(parts, trailer(parts) if end is None else end)
        headers = (*headers, *GZIP)
    else:
        body = join_plain(parts)
    return Response(status, (*headers, (b"content-length", b"%d" % len(body))), body, kind=kind)


def entity_tag(body: bytes) -> bytes:
    """A strong validator of exactly these bytes, so that no two variants share one."""
    return b'"' + hashlib.sha256(body).hexdigest()[:24].encode() + b'"'


def matches(if_none_match: bytes, tag: bytes) -> bool:
    """RFC 9110, 13.1.2: weak comparison against a list, or `*`."""
    if if_none_match.strip() == b"*":
        return True
    return any(part.strip().removeprefix(b"W/") == tag for part in if_none_match.split(b","))


def http_date(epoch: int) -> bytes:
    """A moment as headers say it (RFC 9110, 5.6.7)."""
    return formatdate(epoch, usegmt=True).encode()


def is_since(if_modified_since: bytes, modified: int) -> bool:
    """Whether what was modified then is still the newest for who asks so; what is no date asks nothing."""
    if not if_modified_since or len(if_modified_since) > LONGEST_DATE:
        return False
    try:
        return modified <= parsedate_to_datetime(if_modified_since.decode("latin-1")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return False


def cookie_headers(*values: str) -> HeaderList:
    """`Set-Cookie` headers."""
    return tuple((b"set-cookie", value.encode()) for value in values)
