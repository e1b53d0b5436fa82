"""Whether an origin's answer on a forwarded request may be sent. Pure; what is not known to be harmless is closed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from urllib.parse import urlsplit

from foldline.sources.origin.surfaces import Kind, Surface

Fields = Sequence[tuple[bytes, bytes]]


class Verdict(StrEnum):
    """What is sent of an answer."""

    SENT = "sent"  # all of it
    BARE = "bare"  # status and header, without a body
    CLOSED = "closed"  # nothing: the gate answers itself


REDIRECTS = frozenset((301, 302, 303, 307, 308))

#: Kinds of media in which nobody writes an article.
_PICTURES = ("image/", "font/", "audio/", "video/")
_STYLES = frozenset(("text/css",))
#: Beside these, on a route that is mapped as files. No JSON: it is where articles lie.
_PARTS = frozenset(
    (
        "application/javascript",
        "application/x-javascript",
        "text/javascript",
        "application/wasm",
        "application/manifest+json",
        "application/font-woff",
        "application/font-woff2",
        "application/x-font-ttf",
        "application/x-font-woff",
        "application/vnd.ms-fontobject",
        "application/ogg",
        "application/octet-stream",
        "application/pdf",
        "application/zip",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "text/vtt",
    )
)
_DOCUMENTS = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.")


def verdict_on(surface: Surface, status: int, headers: Fields, hosts: frozenset[bytes]) -> Verdict:
    """What may be sent of an answer whose head is here. `hosts` are the names of the site itself."""
    if surface.kind is Kind.PASSED:
        return Verdict.SENT
    if surface.kind is not Kind.FILES:
        return Verdict.CLOSED
    if status in REDIRECTS:
        return Verdict.BARE if _leads_home(headers, hosts) else Verdict.CLOSED
    if status in (204, 304):
        return Verdict.BARE
    if status not in (200, 206, 416):
        return Verdict.CLOSED
    if status == 416:
        return Verdict.BARE
    return Verdict.SENT if _is_a_file(headers, mapped=not surface.unmapped) else Verdict.CLOSED


def media_type(headers: Fields) -> str:
    """The media type of an answer, in lower case; "" where it has none, or two."""
    found = [value for name, value in headers if name == b"content-type"]
    return found[0].split(b";")[0].strip().decode("latin-1").lower() if len(found) == 1 else ""


def charset_of(headers: Fields) -> str:
    """What an answer says its letters are written in; "" where it does not."""
    found = [value for name, value in headers if name == b"content-type"]
    match = (
        re.search(rb"charset\s*=\s*\"?([A-Za-z0-9_.:-]{1,40})", found[0], re.IGNORECASE) if len(found) == 1 else None
    )
    return match[1].decode("ascii") if match else ""


def _is_a_file(headers: Fields, *, mapped: bool) -> bool:
    kind = media_type(headers)
    if "," in kind:
        return False
    if kind.startswith(_PICTURES) or kind in _STYLES:
        return True
    return mapped and (kind in _PARTS or kind.startswith(_DOCUMENTS))


def _leads_home(headers: Fields, hosts: frozenset[bytes]) -> bool:
    found = [value for name, value in headers if name == b"location"]
    if len(found) != 1:
        return False
    try:
        to = urlsplit(found[0].decode("ascii"))
    except (UnicodeDecodeError, ValueError):
        return False
    if not to.netloc:
        return not to.scheme and b"\\" not in found[0]
    return to.scheme in ("http", "https") and to.netloc.lower().encode() in hosts
