"""The proof of a cut: no run of words of the rest stands anywhere in what everybody receives, however it is encoded."""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from foldline.fold.tree import Fragment

#: A shingle is this many consecutive words, or this many consecutive letters.
WORDS = 8
LETTERS = 24
#: A text shorter than WORDS counts as one shingle if it has LETTERS, else as itself if it has this many letters.
SHORTEST = 8
#: Scripts without spaces have few words in long texts; from so many letters on a text is never taken for a short one.
_LONG = 160
_DEPTH = 3
#: An allowed text of fewer letters is too short to be taken out of the page as a passage.
_PASSAGE = 12
_GAP = "0passage0"

_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_WORD = re.compile(r"\w+")
_TAG = re.compile(r"<[^<>]*>")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[\"'/\\bfnrt])")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}


def shingles(text: str) -> frozenset[int]:
    """Every run of 8 words and every run of 24 letters, lower-cased and without marks, as numbers of this process."""
    plain = _plain(text)
    return frozenset((*map(hash, _letter_runs(_letters(plain))), *map(hash, _word_runs(plain))))


@dataclass(frozen=True, slots=True)
class Known:
    """Public text whose shingles were made before, for many proofs: what a page says whatever its article is."""

    letters: tuple[str, ...]
    letter_runs: frozenset[str]
    word_runs: frozenset[tuple[str, ...]]

    @classmethod
    def of(cls, *texts: str) -> Known:
        """Takes HTML or plain text, and every decoded view of it."""
        plain = [_plain(view) for text in texts for view in _views(text.encode("utf-8", "replace"))]
        letters = tuple(_letters(view) for view in plain)
        return cls(
            letters,
            frozenset(run for view in letters for run in _letter_runs(view)),
            frozenset(run for view in plain for run in _word_runs(view)),
        )


def survivors(rest_html: str, public: bytes, allowed: Iterable[str | Known] = ()) -> int:
    """How many shingles of the rest stand in the public bytes, in any decoded view, that no allowed text holds.

    `allowed` are texts (HTML or plain) that an editor wrote as public.
    Views: as sent, HTML-unescaped, percent-decoded, JSON-unescaped, base64 runs, and these inflated, to depth 3.
    """
    rest = _plain(_readable_text(rest_html))
    letters = _letters(rest)
    if len(_WORD.findall(rest)) < WORDS and len(letters) < _LONG:
        return _short(letters, public, allowed)
    wanted_letters, wanted_words = set(_letter_runs(letters)), set(_word_runs(rest))
    passages = _Passages()
    for text in allowed:
        if isinstance(text, Known):
            wanted_letters -= text.letter_runs
            wanted_words -= text.word_runs
            continue
        for view in _both(text):
            plain = _plain(view)
            passages.add(plain)
            wanted_letters.difference_update(_letter_runs(_letters(plain)))
            wanted_words.difference_update(_word_runs(plain))
    found_letters: set[str] = set()
    found_words: set[tuple[str, ...]] = set()
    for view in _views(public):
        plain = _plain(view)
        found_letters.update(wanted_letters.intersection(_letter_runs(passages.out_of_letters(_letters(plain)))))
        words = wanted_words.intersection(_word_runs(plain))
        if words:
            found_words.update(words.intersection(_word_runs(passages.out_of_words(plain))))
    return len(found_letters) + len(found_words)


class _Passages:
    """Allowed texts as they stand in the public bytes. Each is taken out before shingles are compared: the last words
    of a standfirst with the first letters of what the layout puts behind it are a passage that nobody wrote."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.words: list[str] = []

    def add(self, plain: str) -> None:
        letters = _letters(plain)
        if len(letters) >= _PASSAGE:
            self.letters.append(letters)
            self.words.append(" " + " ".join(_WORD.findall(plain)) + " ")

    def out_of_letters(self, letters: str) -> str:
        for passage in sorted(self.letters, key=len, reverse=True):
            letters = letters.replace(passage, "\0")
        return letters

    def out_of_words(self, plain: str) -> str:
        words = " " + " ".join(_WORD.findall(plain)) + " "
        for passage in sorted(self.words, key=len, reverse=True):
            words = words.replace(passage, f" {_GAP} ")
        return words


def _short(letters: str, public: bytes, allowed: Iterable[str | Known]) -> int:
    if len(letters) < SHORTEST:
        return 0
    for text in allowed:
        known = text.letters if isinstance(text, Known) else [_letters(_plain(view)) for view in _both(text)]
        if any(letters in one for one in known):
            return 0
    return int(any(letters in _letters(_plain(view)) for view in _views(public)))


def _letter_runs(letters: str) -> Iterator[str]:
    return (letters[at : at + LETTERS] for at in range(len(letters) - LETTERS + 1))


def _word_runs(plain: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(plain)
    return zip(*(words[at:] for at in range(WORDS)), strict=False)


def _plain(text: str) -> str:
    """Lower case, compatibility forms undone, no marks."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def _letters(plain: str) -> str:
    return _NOT_LETTERS.sub("", plain)


def _readable_text(markup: str) -> str:
    """The text of the rest, and what its pictures and titles say."""
    body = Fragment(markup)
    said = [
        value
        for node in body.top.css("[alt], [title], [abbr], [cite]")
        for name, value in node.attributes.items()
        if name in ("alt", "title", "abbr", "cite") and value
    ]
    return "\n".join([body.top.text(separator=" "), *said])


def _both(view: str) -> Iterator[str]:
    """What stands between tags, and what stands inside them: text broken by markup and text hidden in an attribute."""
    if "<" not in view:
        yield view
        return
    yield _TAG.sub(" ", view)
    yield " ".join(_TAG.findall(view))


def _views(public: bytes) -> Iterator[str]:
    """Every way of reading the bytes."""
    seen: set[str] = set()
    waiting = [(public.decode("utf-8", "replace"), 0)]
    while waiting:
        view, depth = waiting.pop()
        if view in seen or len(seen) > 400:
            continue
        seen.add(view)
        yield from _both(view)
        if depth < _DEPTH:
            decoded = _unescaped(view)
            if decoded != view:
                waiting.append((decoded, depth + 1))
            waiting.extend((inner, depth + 1) for inner in _encoded(view))


def _unescaped(view: str) -> str:
    """Entities, percent-encoding and JSON escapes undone, one layer of each."""
    if "&" in view:
        view = html.unescape(view)
    if _PERCENT.search(view):
        view = unquote(view, errors="replace")
    if "\\" in view:
        view = _ESCAPE.sub(_character, view)
    return view


def _character(found: re.Match[str]) -> str:
    code = found[0][1:]
    if code[0] in "ux" and len(code) > 1:
        return chr(int(code[1:], 16))
    return _PLAIN.get(code, code)


def _encoded(view: str) -> Iterator[str]:
    for run in _BASE64.findall(view):
        body = run.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            raw = base64.b64decode(body[: len(body) - (len(body) % 4 == 1)] + "=" * (-len(body) % 4))
        except (binascii.Error, ValueError):
            continue
        for data in (raw, *_inflated(raw)):
            text = data.decode("utf-8", "replace")
            if text.count("\ufffd") * 4 < len(text):
                yield text


def _inflated(raw: bytes) -> Iterator[bytes]:
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        try:
            yield zlib.decompressobj(window).decompress(raw, 4_000_000)
            return
        except zlib.error:
            continue
