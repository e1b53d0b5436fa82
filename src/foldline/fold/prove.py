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
#: So many views are looked at, and so many characters together of what stood in them as base64.
_VIEWS = 2_000
_VIEWED = 4_000_000
#: Runs of this many letters or words are looked up first.
_SEED = LETTERS // 2
_WORD_SEED = WORDS // 2
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
    return frozenset((*map(hash, _letter_runs(_letters(plain))), *map(hash, _word_runs(_WORD.findall(plain)))))


@dataclass(frozen=True, slots=True)
class Known:
    """Public text whose shingles were made before, for many proofs: what a page says whatever its article is."""

    letters: tuple[str, ...]
    letter_runs: frozenset[str]
    word_runs: frozenset[tuple[str, ...]]

    @classmethod
    def of(cls, *texts: str) -> Known:
        """Takes HTML or plain text, and every decoded view of it."""
        plain = [_plain(view) for text in texts for view in _some_views(text)]
        letters = tuple(_letters(view) for view in plain)
        return cls(
            letters,
            frozenset(run for view in letters for run in _letter_runs(view)),
            frozenset(run for view in plain for run in _word_runs(_WORD.findall(view))),
        )


def survivors(rest_html: str, public: bytes, allowed: Iterable[str | Known] = ()) -> int:
    """How many shingles of the rest stand in the public bytes, in any decoded view, that no allowed text holds.

    `allowed` are texts (HTML or plain) that an editor wrote as public.
    Views: as sent, HTML-unescaped, percent-decoded, JSON-unescaped, base64 runs, and these inflated, to depth 3.
    Where there are more views than are looked at, that counts as one survivor: not proved is not clean.
    """
    return Wanted(_readable_text(rest_html), allowed).survivors(public)


@dataclass(frozen=True, slots=True)
class Seen:
    """Shingles that stand in a text: runs of letters and runs of words, as `_plain` writes them. `whole` is False where
    there were more views than are looked at, so that more may stand there."""

    letters: frozenset[str] = frozenset()
    words: frozenset[tuple[str, ...]] = frozenset()
    whole: bool = True

    @property
    def count(self) -> int:
        return len(self.letters) + len(self.words)


class Wanted:
    """What of a rest must not be found: its shingles, made once and looked for in many places.

    `rest` is plain text; `allowed` are texts (HTML or plain) whose shingles may be found.
    """

    def __init__(self, rest: str, allowed: Iterable[str | Known] = ()) -> None:
        plain = _plain(rest)
        letters, words = _letters(plain), _WORD.findall(plain)
        self.short = letters if len(words) < WORDS and len(letters) < _LONG else ""
        self.letter_runs: set[str] = set()
        self.word_runs: set[tuple[str, ...]] = set()
        self._passages = _Passages()
        if not self.short:
            self.letter_runs.update(_letter_runs(letters))
            self.word_runs.update(_word_runs(words))
            self._letter_seeds = {letters[at : at + _SEED] for at in range(len(letters) - _SEED + 1)}
            self._word_seeds = set(zip(*(words[at:] for at in range(_WORD_SEED)), strict=False))
        elif len(self.short) < SHORTEST:
            self.short = ""
        for text in allowed:
            self.allow(text)

    def allow(self, text: str | Known) -> None:
        """What this text holds may be found from now on."""
        if self.short:
            self.short = "" if _knows(text, self.short) else self.short
        elif isinstance(text, Known):
            self.letter_runs -= text.letter_runs
            self.word_runs -= text.word_runs
        elif self.letter_runs or self.word_runs:
            for view in _both(text):
                plain = _plain(view)
                letters, words = _letters(plain), _WORD.findall(plain)
                self.letter_runs.difference_update(letters[at : at + LETTERS] for at in self._near(letters))
                self.word_runs -= self._near_words(words)
                self._passages.add(plain)

    def survivors(self, public: bytes | str) -> int:
        """How many shingles stand in this, in any decoded view."""
        seen = self.seen(public)
        return seen.count if seen.whole else max(1, seen.count)

    def seen(self, public: bytes | str) -> Seen:
        """Which shingles stand in this, in any decoded view."""
        found_letters: set[str] = set()
        found_words: set[tuple[str, ...]] = set()
        if not (self.short or self.letter_runs or self.word_runs):
            return Seen()
        try:
            for view in _views(public.decode("utf-8", "replace") if isinstance(public, bytes) else public):
                plain = _plain(view)
                if self.short:
                    if self.short in _letters(plain):
                        return Seen(frozenset((self.short,)))
                    continue
                found_letters.update(self._letters_in(plain))
                found_words.update(self._words_in(plain))
        except _TooManyViews:
            return Seen(frozenset(found_letters), frozenset(found_words), whole=False)
        return Seen(frozenset(found_letters), frozenset(found_words))

    def places(self, letters: str) -> list[tuple[int, int]]:
        """Where shingles of letters stand in a text that `letters_of` made, as (start, end); some may overlap."""
        if self.short:
            at = letters.find(self.short)
            return [(at, at + len(self.short))] if at >= 0 else []
        if not self.letter_runs:
            return []
        letters = self._passages.out_of_letters(letters, keep_length=True)
        return [(at, at + LETTERS) for at in self._near(letters) if letters[at : at + LETTERS] in self.letter_runs]

    def _letters_in(self, plain: str) -> set[str]:
        letters = self._passages.out_of_letters(_letters(plain))
        return self.letter_runs.intersection(letters[at : at + LETTERS] for at in self._near(letters))

    def _near(self, letters: str) -> list[int]:
        """Every run of 24 holds one of 12 at a multiple of 12, so that one look in twelve finds them all."""
        seeds = self._letter_seeds
        hits = [at for at in range(0, len(letters) - _SEED + 1, _SEED) if letters[at : at + _SEED] in seeds]
        return [near for at in hits for near in range(max(0, at - LETTERS + _SEED), at + 1)]

    def _words_in(self, plain: str) -> set[tuple[str, ...]]:
        words = self._near_words(_WORD.findall(plain))
        if not words:
            return set()
        return self.word_runs.intersection(_word_runs(_WORD.findall(self._passages.out_of_words(plain))))

    def _near_words(self, words: list[str]) -> set[tuple[str, ...]]:
        seeds, found = self._word_seeds, set()
        for at in range(0, len(words) - _WORD_SEED + 1, _WORD_SEED):
            if tuple(words[at : at + _WORD_SEED]) in seeds:
                for start in range(max(0, at - WORDS + _WORD_SEED), at + 1):
                    found.add(tuple(words[start : start + WORDS]))
        return self.word_runs.intersection(found)


class _TooManyViews(Exception):
    """There are more ways to read this than are looked at."""


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

    def out_of_letters(self, letters: str, *, keep_length: bool = False) -> str:
        for passage in sorted(self.letters, key=len, reverse=True):
            letters = letters.replace(passage, "\0" * (len(passage) if keep_length else 1))
        return letters

    def out_of_words(self, plain: str) -> str:
        words = " " + " ".join(_WORD.findall(plain)) + " "
        for passage in sorted(self.words, key=len, reverse=True):
            words = words.replace(passage, f" {_GAP} ")
        return words


def _knows(text: str | Known, letters: str) -> bool:
    known = text.letters if isinstance(text, Known) else [_letters(_plain(view)) for view in _both(text)]
    return any(letters in one for one in known)


def _letter_runs(letters: str) -> Iterator[str]:
    return (letters[at : at + LETTERS] for at in range(len(letters) - LETTERS + 1))


def _word_runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[at:] for at in range(WORDS)), strict=False)


def _plain(text: str) -> str:
    """Lower case, compatibility forms undone, no marks."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def letters_of(text: str) -> str:
    """The letters of a text as shingles are made of them: lower case, without marks, spaces and digits."""
    return _letters(_plain(text))


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


def _views(public: str) -> Iterator[str]:
    """Every way of reading the text. Raises _TooManyViews where there is no end of them."""
    seen: set[str] = set()
    waiting = [(public, 0)]
    decoded_size = 0
    while waiting:
        view, depth = waiting.pop()
        if view in seen:
            continue
        seen.add(view)
        if len(seen) > _VIEWS:
            raise _TooManyViews
        yield from _both(view)
        if depth < _DEPTH:
            decoded = _unescaped(view)
            if decoded != view:
                waiting.append((decoded, depth + 1))
            for inner in _encoded(view):
                decoded_size += len(inner)
                if decoded_size > _VIEWED:
                    raise _TooManyViews
                waiting.append((inner, depth + 1))


def _some_views(text: str) -> Iterator[str]:
    """The views of a text that is allowed. Where there are too many, fewer are allowed: closed."""
    try:
        yield from _views(text)
    except _TooManyViews:
        return


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
            yield zlib.decompressobj(window).decompress(raw, _VIEWED)
            return
        except zlib.error:
            continue
