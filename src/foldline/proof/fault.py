"""What a seeded fault is: one defence of a world that is broken, and who must see it."""

from __future__ import annotations

from dataclasses import dataclass

from foldline.testing.worlds import Breaks


@dataclass(frozen=True)
class Fault:
    """`caught_by` names the witnesses that must see it, `on` the kinds of page where it shows."""

    name: str
    what: str
    breaks: Breaks
    caught_by: frozenset[str]
    on: frozenset[str] = frozenset(("article",))


BOTH, TWIN, ECHO = frozenset(("twin", "shingle")), frozenset(("twin",)), frozenset(("echo",))
