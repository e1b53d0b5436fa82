"""Both sides of every article, asked for: what a subscriber is shown, and what a stranger is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from foldline.errors import Problem
from foldline.fold.prove import letters_of
from foldline.proof.asks import Ask
from foldline.proof.audit.asking import Reply
from foldline.proof.audit.discovery import Own, sheets_of
from foldline.proof.audit.learning import ENOUGH, Sides, sides
from foldline.proof.audit.probes import ask


class Asks(Protocol):
    """The part of an audit that is needed here."""

    async def as_subscriber(self, path: str) -> Reply: ...

    async def as_stranger(self, asked: Ask) -> Reply: ...

    async def stranger_through(self, path: str) -> tuple[Reply, str]: ...


@dataclass(slots=True)
class Lesson:
    """`theirs` and `strangers` are answers by the path at which an article lies in the end; `problems` are articles
    that could not be read, each with why; `sheets` the site's own style sheets."""

    pairs: list[Sides] = field(default_factory=list)
    theirs: dict[str, Reply] = field(default_factory=dict)
    strangers: dict[str, Reply] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    sheets: list[str] = field(default_factory=list)

    @property
    def closed(self) -> int:
        """How many articles have something that is closed."""
        return sum(has_rest(pair) for pair in self.pairs)


async def lesson_of(
    asks: Asks, own: Own, named: Sequence[str], spare: Sequence[str] = (), wanted: int = 0, closed: str = ""
) -> Lesson:
    """Ask for the articles that were named, and for spare ones until so many of those have something closed.

    Raises:
        Stopped: the site or a bound wants no more.
    """
    lesson = Lesson()
    for path in dict.fromkeys(named):
        await _side_by_side(asks, own, lesson, path, closed)
    begun = lesson.closed
    for path in spare:
        if lesson.closed - begun >= wanted:
            break
        if path in lesson.theirs:
            continue
        await _side_by_side(asks, own, lesson, path, closed)
        # A page of no article, or a free one, was nobody's wish.
        lesson.problems.pop(path, None)
        if lesson.pairs and lesson.pairs[-1].path == path and not has_rest(lesson.pairs[-1]):
            lesson.pairs.pop()
    return lesson


def has_rest(pair: Sides) -> bool:
    """Whether enough of an article is closed to be told from chance."""
    return len(letters_of("".join(pair.closed))) >= ENOUGH


def nothing_learned(lesson: Lesson, *, as_if_gated: bool) -> Problem:
    """Why nothing can be looked for."""
    if not lesson.pairs:
        said = "; ".join(f"{path}: {why}" for path, why in lesson.problems.items()) or "none of those that are listed"
        return Problem("FL334", "none of the articles could be read", said, "Name articles with --article PATH.")
    where = ", ".join(pair.path for pair in lesson.pairs[:3])
    if as_if_gated:
        what = "the gate's answer shows a stranger as much as the site's own"
        return Problem("FL331", what, where, "Name articles that are not free, and see `foldline why` for one of them.")
    what = "with the subscriber's cookie these articles show nothing that a stranger is not shown"
    hint = (
        "Is it the cookie of somebody who may read them, and still good? Are they not free? Does a meter let strangers"
        " read (then give --stranger-cookie-file)? If a script hides what everybody is sent: --closed SELECTOR."
    )
    return Problem("FL331", what, where, hint)


async def _side_by_side(asks: Asks, own: Own, lesson: Lesson, path: str, closed: str) -> None:
    theirs = await asks.as_subscriber(path)
    mine, at = await asks.stranger_through(path)
    if mine.status == 200:
        path = at
    problem = _no_page(theirs)
    if problem or mine.failed:
        lesson.problems[path] = problem or mine.failed
        return
    if not lesson.sheets:
        for target in sheets_of(theirs, path, own):
            lesson.sheets.append((await asks.as_stranger(ask(target))).text)
    lesson.theirs[path], lesson.strangers[path] = theirs, mine
    lesson.pairs.append(sides(path, theirs.text, mine.text, lesson.sheets, closed, refused=mine.status != 200))


def _no_page(reply: Reply) -> str:
    if reply.failed:
        return reply.failed
    if reply.status in (200, 401, 402, 403) and reply.body:
        return ""
    return f"status {reply.status}" if reply.status != 200 else "an empty answer"
