"""A cut page in parts, as they are stored: what everybody may have, and beside it what only an Opening reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from foldline.fold.page.actions import Edit
from foldline.fold.page.charset import Letters

#: `both` is in preview and whole; `preview` in the preview alone; `sealed` stands for a piece of the whole that is kept
#: elsewhere; at `head` and `wall` the gate puts what is its own.
Kind = Literal["both", "preview", "sealed", "head", "wall"]


@dataclass(frozen=True, slots=True)
class Part:
    """`data` is in the page's charset, and empty for `sealed`, `head` and `wall`."""

    kind: Kind
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Places:
    """Where in the text the gate's stylesheet and script go, and where its element."""

    head: int
    wall: int


@dataclass(frozen=True, slots=True)
class Parts:
    """`public` in order; `sealed` are the pieces for its `sealed` parts, in their order."""

    public: tuple[Part, ...]
    sealed: tuple[bytes, ...]

    def preview(self, head: bytes = b"", wall: bytes = b"") -> bytes:
        ours = {"head": head, "wall": wall, "sealed": b""}
        return b"".join(ours.get(part.kind, part.data) for part in self.public)

    def whole(self, head: bytes = b"", wall: bytes = b"") -> bytes:
        pieces = iter(self.sealed)
        ours = {"head": head, "wall": wall, "preview": b""}
        return b"".join(
            next(pieces) if part.kind == "sealed" else ours.get(part.kind, part.data) for part in self.public
        )


def merged(edits: Sequence[Edit]) -> list[Edit]:
    """In order. One inside another is done with it; where two reach into each other, all of both is taken out."""
    made: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if not made or edit.start >= made[-1].end:
            made.append(edit)
        elif edit.end > made[-1].end:
            made[-1] = Edit(made[-1].start, edit.end)
    return made


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text with merged edits done."""
    made, at = [], 0
    for edit in edits:
        made += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*made, text[at:]])


def parted(letters: Letters, edits: Sequence[Edit], places: Places, before_wall: str, end_of_head: str) -> Parts:
    """The page in parts. Both texts are the preview's alone, and stand directly before what the gate puts there."""
    text = letters.text
    public: list[Part] = [Part("both", letters.mark)] if letters.mark else []
    sealed: list[bytes] = []
    marks = sorted([(places.head, 0, "head"), (places.wall, 1, "wall")])
    at = 0

    def both_until(end: int) -> None:
        nonlocal at
        if end > at:
            public.append(Part("both", letters.encoded(text[at:end])))
        at = max(at, end)

    def gate_until(end: int) -> None:
        while marks and marks[0][0] <= end:
            where, _, kind = marks.pop(0)
            both_until(where)
            own = end_of_head if kind == "head" else before_wall
            if own:
                public.append(Part("preview", letters.written(own)))
            public.append(Part("head") if kind == "head" else Part("wall"))

    for edit in edits:
        gate_until(edit.start)
        both_until(edit.start)
        if edit.text:
            public.append(Part("preview", letters.written(edit.text)))
        if edit.end > edit.start:
            public.append(Part("sealed"))
            sealed.append(letters.encoded(text[edit.start : edit.end]))
        at = edit.end
    gate_until(len(text))
    both_until(len(text))
    return Parts(tuple(public), tuple(sealed))


def replaced(
    letters: Letters | None, preview: tuple[bytes, bytes, bytes], places: Places | None, page: bytes = b""
) -> Parts:
    """A preview that shares nothing with the page: both side by side, with the gate's places in each.

    Where the page's letters or places are not known, `page` is the whole, and both of the gate's places are its end.
    """
    pieces = (page, b"", b"")
    if letters is not None and places is not None:
        text = letters.text
        pieces = (
            letters.mark + letters.encoded(text[: places.head]),
            letters.encoded(text[places.head : places.wall]),
            letters.encoded(text[places.wall :]),
        )
    public: list[Part] = []
    for data, place in zip(preview, (Part("head"), Part("wall"), None), strict=True):
        public += [Part("preview", data), Part("sealed"), *([place] if place is not None else [])]
    return Parts(tuple(public), pieces)
