"""A page that we did not write: its facts, and its preview and its rest, cut and proved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from foldline.fold.page import bounds
from foldline.fold.page.actions import Reason
from foldline.fold.page.alarms import Alarm
from foldline.fold.page.charset import Letters, letters_of_page
from foldline.fold.page.cutting import Read, cut_and_prove
from foldline.fold.page.facts import PageFacts, facts_of
from foldline.fold.page.locked import locked_page, standfirst_of
from foldline.fold.page.parts import Parts, parted, replaced
from foldline.fold.page.place import How, place_of
from foldline.fold.page.places import places_of
from foldline.fold.page.source import Source
from foldline.fold.page.spec import FoldSpec

#: So much of the beginning is read for the facts of a page that is not read in full.
_BEGINNING = 60_000
_BODY = re.compile(r"<body|<h1|\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CutPage:
    """One page as it was read.

    `parts` hold preview and whole; `codec` is Python's name of their charset, and ASCII is safe in it. `alarms` are
    for the desk. `standfirst` is the description, if it was not made from the text. `removed` says what else than the
    closed part is not in the preview.
    """

    facts: PageFacts
    parts: Parts
    how: How
    alarms: tuple[Alarm, ...]
    codec: str
    standfirst: str = ""
    removed: tuple[Reason, ...] = ()

    @property
    def locked(self) -> bool:
        """Whether the preview is headline and standfirst, and nothing of the page itself."""
        return self.how == "not-found"


def read_page(page: bytes, charset: str = "", spec: FoldSpec | None = None, address: str = "") -> CutPage:
    """Reads and cuts one page. Never raises for what a page says: what is unclear is closed.

    `page` is the body as it came, without content coding; `charset` is that of the HTTP header, or empty; `address`
    is where it was fetched from. The preview is for a page that is gated: rules decide that, with `facts.access`.
    """
    letters = letters_of_page(page, charset) if len(page) <= bounds.LARGEST else None
    if letters is None:
        alarm: Alarm = "charset" if len(page) <= bounds.LARGEST else "too-large"
        start = page[:_BEGINNING].decode("utf-8", "replace")
        return _locked(page, None, None, _facts_of_beginning(start, address), [alarm])
    if bounds.reopened_too_often(letters.read):
        return _locked(page, letters, None, _facts_of_beginning(letters.read, address), ["too-odd"])
    source = Source(letters.read)
    facts = facts_of(source, address)
    if bounds.too_odd(source.tree):
        return _locked(page, letters, source, facts, ["too-odd"])
    place = place_of(source, spec or FoldSpec(), facts.selectors)
    if place.how == "not-found":
        return _locked(page, letters, source, facts, [*place.alarms])
    if place.how == "nothing-below":
        parts = parted(letters, [], places_of(source, place.containers[0]), "", "")
        return CutPage(facts, parts, place.how, tuple(place.alarms), letters.codec, facts.standfirst)
    made = cut_and_prove(Read(letters, source, facts, place))
    if isinstance(made, str):
        return _locked(page, letters, Source(letters.read), facts, [*place.alarms, made])
    alarms = (*place.alarms, "cut-by-tree") if made.by_tree else tuple(place.alarms)
    return CutPage(facts, made.parts, place.how, alarms, letters.codec, made.standfirst, made.removed)


def _facts_of_beginning(text: str, address: str) -> PageFacts:
    """What the head of a page says, where the rest of it is not read."""
    start = text[:_BEGINNING]
    end = _BODY.search(start)
    head = start[: end.start() if end else 0]
    return PageFacts() if bounds.reopened_too_often(head) else facts_of(Source(head), address)


def _locked(
    page: bytes, letters: Letters | None, source: Source | None, facts: PageFacts, alarms: Sequence[Alarm]
) -> CutPage:
    standfirst = standfirst_of(source, facts)
    codec = letters.codec if letters is not None else "utf-8"
    first, second, third = (
        piece.encode("ascii", "xmlcharrefreplace").decode("ascii").encode(codec)
        for piece in locked_page(facts, standfirst)
    )
    places = places_of(source, None) if source is not None else None
    parts = replaced(letters, (first, second, third), places, page)
    return CutPage(facts, parts, "not-found", tuple(alarms), codec, standfirst)
