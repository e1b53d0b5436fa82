"""Where else on a site the closed part of an article stands: its front page, its lists, its feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from foldline.fold.page.spec import FoldSpec
from foldline.fold.prove import Wanted
from foldline.sources.survey.cuts import rest_of
from foldline.sources.survey.looks import Look

#: Runs of words that two texts may share by chance: a line about the author, a sentence about a series.
_CHANCE = 12


@dataclass(frozen=True, slots=True)
class Leak:
    """The closed part of an article, at an address of the site. `kind` is what the map says of that address."""

    url: str
    article: str
    kind: str


class Rests:
    """What is closed of the articles that were looked at, to be found again elsewhere."""

    def __init__(self, looks: Sequence[Look], spec: FoldSpec) -> None:
        self._wanted: list[tuple[Look, Wanted]] = []
        rests = {look.url: rest_of(look, spec) for look in looks}
        for look in looks:
            # What several articles end with is a line about the author, or about the paper: it tells no leak.
            shared = [rest for url, rest in rests.items() if url != look.url]
            public = [text for text in (look.facts.headline, look.title, *shared) if text]
            if rest := rests[look.url]:
                self._wanted.append((look, Wanted(rest, public)))

    def found(self, text: str | bytes) -> Iterable[Look]:
        """Articles of which more than a chance run of words stands in a text, in any decoded view."""
        return (look for look, wanted in self._wanted if wanted.survivors(text) > _CHANCE)
