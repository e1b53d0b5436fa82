"""Spellings of a path, and programs that read paths in their own ways (group E of the catalogue of leaks)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote, unquote_to_bytes

from hypothesis import strategies as st

Reader = Callable[[bytes], str | None]

_PIECES = (
    *(
        "/",
        "//",
        "/./",
        "/../",
        "/..;/",
        "/;x=1/",
        ";",
        ";.css",
        ".",
        "..",
        "%2e",
        "%2E%2e/",
        "%2f",
        "%2F",
        "%5c",
        "\\",
    ),
    *("%252e", "%252f", "%25", "%00", "%0a", "%0d", "%09", "%20", "+", "%23", "%3f", "#", "~", "%7e", "::$DATA", ","),
    *(
        "%c0%ae",
        "%u002f",
        "%ef%bc%8f",
        "%ef%bc%8e",
        "%e2%80%8b",
        "%e2%80%8d",
        "%e2%80%ae",
        "%cc%81",
        "%c5%bf",
        "%e2%84%aa",
    ),
    *("feed", "amp", "wp-json", "wp-admin", "wp-content/uploads", "static", "tag", "category", "search", "index.php"),
    *(".html", ".json", ".css", ".png", ".php", "index.html", "2026", "07", "12", "a", "A", "%61", "%41", "x"),
)


def spelt(parts: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    """Paths that are made of pieces that mean something, and of a few that do not."""
    piece = st.one_of(st.sampled_from(_PIECES), st.sampled_from(parts))
    return st.lists(piece, max_size=9).map(lambda some: ("/" + "".join(some)).encode())


def of_article(path: bytes) -> st.SearchStrategy[bytes]:
    """Spellings of one path: letters encoded, slashes doubled, cases changed, junk behind or between."""

    def letter(byte: int) -> st.SearchStrategy[bytes]:
        plain = bytes([byte])
        return st.sampled_from([plain, plain, plain, plain, b"%%%02x" % byte, b"%%25%02x" % byte, plain.upper()])

    def junk() -> st.SearchStrategy[bytes]:
        return st.sampled_from([b"", b"", b"", b"", b"", b"/", b"./", b";a=b", b"%2e/", b"%00", b"%20", b"%e2%80%8b"])

    whole = st.tuples(*(st.tuples(letter(byte), junk()) for byte in path))
    return whole.map(lambda pairs: b"".join(one + more for one, more in pairs))


def _decoded(path: bytes) -> str | None:
    try:
        return unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return None


def strict(path: bytes) -> str | None:
    """As RFC 3986 has it: escapes are undone once, and nothing else is done."""
    return _decoded(path)


def _then(change: Callable[[str], str]) -> Reader:
    def read(path: bytes) -> str | None:
        text = _decoded(path)
        return None if text is None else change(text)

    return read


def _resolved(text: str) -> str:
    kept: list[str] = []
    for segment in text.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def _servlet(path: bytes) -> str | None:
    """Parameters are cut from segments before escapes are undone, then dot segments are resolved."""
    text = _decoded(b"/".join(segment.split(b";")[0] for segment in path.split(b"/")))
    return None if text is None else _resolved(text)


def _twice(path: bytes) -> str | None:
    text = _decoded(path)
    return None if text is None else unquote(text)


#: What origins do beside what is strict.
LENIENT: dict[str, Reader] = {
    "resolves dot segments": _then(_resolved),
    "joins slashes": _then(lambda text: re.sub("/{2,}", "/", text)),
    "cuts parameters": _servlet,
    "takes backslashes for slashes": _then(lambda text: _resolved(text.replace("\\", "/"))),
    "knows no case": _then(str.lower),
    "decodes twice": _twice,
    "composes": _then(lambda text: unicodedata.normalize("NFKC", text)),
    "stops at NUL": _then(lambda text: text.split("\0")[0]),
    "trims": _then(lambda text: re.sub(r"[. ]+(?=/|$)", "", text)),
    "reads a decoded query": _then(lambda text: re.split("[?#]", text)[0]),
    "sees what is visible": _then(lambda text: "".join(one for one in text if unicodedata.category(one) != "Cf")),
    "joins, cuts and resolves": _then(lambda text: _resolved(re.sub("/{2,}", "/", re.sub(r";[^/]*", "", text)))),
}
