"""What the desk sees when it looks at an article as somebody: the gate's own answers, and why. The server wires it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from foldline.policy.decide import Decision


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer of the gate: its bytes, plain, and the Decision behind it (None where nothing was decided).

    `counted` says that it is what comes after an article was counted.
    """

    status: int
    content_type: str
    body: bytes
    decision: Decision | None
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a reader gets first, and, where an article is counted, what comes then. `sources` says where each rule that
    was asked is written. `headline` is "" for an article that the newsroom has."""

    steps: tuple[Seen, ...]
    sources: Mapping[str, str]
    headline: str = ""


class Eye(Protocol):
    """Looks through a gate of its own, which counts nothing that is kept and writes nothing down."""

    @property
    def of_a_site(self) -> bool:
        """Whether the articles are those of a site behind the gate, and not the newsroom's."""

    def kinds(self) -> list[tuple[str, str]]:
        """(name, label for people) of every kind of reader."""

    def look(self, path: str, kind: str) -> Look | None:
        """An article as a reader of this kind gets it; None where no article stands at the path. One of a site behind
        the gate is asked for there, as for a reader.

        Raises:
            KeyError: for a kind that there is none of.
            StoreUnavailable: the records can't be read, or the site does not answer and nothing is kept of it.
        """

    def look_with(self, path: str, reader: bytes, product_ends: Mapping[int, int]) -> Look | None:
        """The same for one reader, by the key in their passes, with these products and their ends (epoch seconds, 0 for
        none), and with as many articles on their meter as they have read. Which ones is not looked up."""

    def articles(self, wanted: str, most: int) -> list[tuple[str, str]]:
        """(path, headline) of so many articles of a site behind the gate whose path or headline holds these words, the
        newest first: those that somebody has asked for. None where the newsroom has the articles.

        Raises:
            StoreUnavailable: the records can't be read.
        """

    def file(self, path: str) -> tuple[str, bytes] | None:
        """(content type, bytes) of a file or picture that a page shows, by its path under the prefix."""
