"""How a path may be spelt, so that what is decided on is what is routed. Pure; shared by the gate and the sources."""

from __future__ import annotations

import re
from itertools import combinations
from urllib.parse import quote_from_bytes, unquote_to_bytes

#: A longer path, or one with more segments, is refused: no site has one, and matching stays cheap.
LONGEST_PATH = 2048
MOST_SEGMENTS = 40
#: A path that can be read in more ways than this is refused unread.
MOST_READINGS = 16

_PLAIN_PATH = re.compile(rb"/(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*/?)?")
_NEEDLESS = re.compile(rb"%(?:2[dD]|2[eE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE])")
#: Zero-width (non-)joiners are letters' business in Persian and in Indian scripts, and stand in slugs.
_JOINERS = "\u200c\u200d"


def is_ambiguous(path: bytes) -> bool:
    """Whether two programs could read a path differently: dot segments in any encoding, backslash, control bytes,
    encoded slash, `;`, double slash, double encoding, invalid UTF-8 or a broken escape."""
    if _PLAIN_PATH.fullmatch(path):
        return False
    if not path.startswith(b"/") or re.search(rb"[^\x21-\x7e]|[\\;#?\"<>^`{|}]|//|%(?![0-9A-Fa-f]{2})", path):
        return True
    decoded = unquote_to_bytes(path)
    try:
        decoded.decode("utf-8")
    except UnicodeDecodeError:
        return True
    if re.search(rb"[\x00-\x1f\x7f\\;%#?]", decoded) or decoded.count(b"/") != path.count(b"/"):
        return True
    return any(segment in (b".", b"..") for segment in decoded.split(b"/"))


def is_one_spelling(path: bytes) -> bool:
    """Whether a path is the one spelling of what it names, but for the case of its escapes: not ambiguous, nothing
    encoded that need not be, composed (NFC), and without characters that nobody sees."""
    if _PLAIN_PATH.fullmatch(path):
        return True
    if is_ambiguous(path) or _NEEDLESS.search(path):
        return False
    text = unquote_to_bytes(path).decode("utf-8")
    # Only a site behind the gate pays for this table: memory of every worker.
    import unicodedata

    if unicodedata.normalize("NFC", text) != text:
        return False
    return all(letter in _JOINERS or unicodedata.category(letter)[0] not in "CZ" for letter in text)


def spelt(raw: bytes | None, routed: bytes) -> bytes:
    """A path as it is decided on, where a program behind us routes on the decoded path `routed`: as it was sent, where
    that is known and means the same, else with every byte escaped that a path may not hold. b"", which is refused
    everywhere, where the one that was sent is ambiguous, and something before us has read it in its own way."""
    if raw is not None and unquote_to_bytes(raw) == routed:
        return raw
    if raw is not None and is_ambiguous(raw):
        return b""
    return quote_from_bytes(routed, safe="/:@!$&'()*+,=~").encode()


def one_name(path: bytes) -> bytes:
    """The name of what a path of one spelling names: escapes in upper case (RFC 3986, 6.2.2.1)."""
    return re.sub(rb"%[0-9A-Fa-f]{2}", lambda found: found.group().upper(), path)


def readings(path: bytes) -> tuple[str, ...]:
    """Every way in which a program behind us could read a path; the first is that of RFC 3986. () for a path that is
    always refused: dot segments in any encoding, backslash, control bytes, invalid UTF-8, double encoding, too long, or
    to be read in too many ways."""
    if len(path) > LONGEST_PATH or path.count(b"/") > MOST_SEGMENTS:
        return ()
    if _PLAIN_PATH.fullmatch(path) and b"./" not in path and not path.endswith(b"."):
        return (path.decode("ascii"),)
    if not path.startswith(b"/") or re.search(rb"[^\x21-\x7e]|[\\#?]|%(?![0-9A-Fa-f]{2})", path):
        return ()
    try:
        text = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return ()
    found = _all_readings(text)
    if any(_is_never_meant(reading) for reading in found):
        return ()
    if re.search(rb"%2[fF]", path):
        # Some programs keep an encoded slash inside its segment.
        kept = unquote_to_bytes(re.sub(rb"%2[fF]", b"%252F", path)).decode("utf-8")
        found += tuple(reading for reading in _all_readings(kept) if reading not in found)
    return found if len(found) <= MOST_READINGS else ()


def _all_readings(text: str) -> tuple[str, ...]:
    changes = [change for change in _CHANGES if change(text) != text]
    found = [text]
    for size in range(1, len(changes) + 1):
        for some in combinations(changes, size):
            reading = text
            for change in some:
                reading = change(reading)
            found.append(reading)
    return tuple(dict.fromkeys(found))


def _is_never_meant(text: str) -> bool:
    if re.search(r"[\x00-\x1f\x7f\\]|%[0-9A-Fa-f]{2}|%u[0-9A-Fa-f]{4}", text) or not text.startswith("/"):
        return True
    return any(re.fullmatch(r"[. ]*\.[. ]*", segment.split(";")[0]) for segment in text.split("/"))


def _without_what_follows(text: str) -> str:
    return re.split(r"[?#]", text, maxsplit=1)[0]


def _without_parameters(text: str) -> str:
    return re.sub(r";[^/]*", "", text)


def _compatible(text: str) -> str:
    # Only a site behind the gate pays for this table: memory of every worker.
    import unicodedata

    return unicodedata.normalize("NFKC", text)


def _visible(text: str) -> str:
    # Only a site behind the gate pays for this table: memory of every worker.
    import unicodedata

    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")


def _trimmed(text: str) -> str:
    return re.sub(r"[. ]+(?=/|$)", "", text)


def _single_slashes(text: str) -> str:
    return re.sub(r"/{2,}", "/", text)


#: What programs do to a path before they route it, in an order in which each finds what the one before laid open.
_CHANGES = (_compatible, _visible, _without_what_follows, _without_parameters, _trimmed, _single_slashes)
