"""An answer that speaks of many articles, as a feed: what it says of each, and the proof that no rest is in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from turbohtml import parse

from foldline.fold.page.excerpt import SEAM, Excerpt
from foldline.fold.page.source import said
from foldline.fold.prove import Wanted


@dataclass(frozen=True, slots=True)
class Listed:
    """One article in such an answer. `excerpt` is None where the gate has no record of it.

    `kept` are the short texts that are sent as they came, `dropped` everything else that was said (text or HTML).
    `title` and `link` are public by definition: an editor wrote the one, and a page lies at the other. `shown` is the
    text of a free article, each piece of which is on its page.
    """

    excerpt: Excerpt | None
    title: str
    link: str
    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    shown: str = ""

    def wanted(self, public: Iterable[str]) -> Wanted:
        """What must not be found."""
        spoken = SEAM.join(said([parse(text)]) for text in self.dropped)
        wanted = self.excerpt.wanted(spoken) if self.excerpt is not None else Wanted(spoken)
        for text in (self.title, self.link if self.excerpt is not None else "", self.shown, *public):
            wanted.allow(text)
        return wanted


def unproved(document: str, listed: Sequence[Listed], titles: Sequence[str]) -> frozenset[str] | None:
    """Texts of `kept` with which a rest would be sent; empty where the document is proved, and None where something
    else in it is to blame. `titles` are those of the answer itself.

    One article after the other: the shingles of a hundred rests together would take too much memory.
    """
    public = [*titles, *(one.title for one in listed)]
    blamed: set[str] = set()
    for one in listed:
        wanted = one.wanted(public)
        if not wanted.survivors(document):
            continue
        for text in _previews(listed):
            # A rest may say what another page says to everybody: that is no secret.
            wanted.allow(text)
        if not wanted.survivors(document):
            continue
        found = {text for other in listed for text in other.kept if wanted.survivors(text)}
        if not found:
            return None
        blamed |= found
    return frozenset(blamed)


def _previews(listed: Iterable[Listed]) -> Iterator[str]:
    for one in listed:
        if one.excerpt is not None:
            yield one.excerpt.public
            yield one.shown
