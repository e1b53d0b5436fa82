"""What a surface is asked: its request in every variant, from every reader who may not read it, cold and warm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from html import escape

from foldline.proof.asks import Ask, Pairs
from foldline.proof.shingles import Witness
from foldline.proof.surfaces import Surface
from foldline.proof.variants import Axis, Change, page_axes, variants
from foldline.testing.builders import UNKNOWN
from foldline.testing.passes import cookie
from foldline.testing.readers import Readers, ReaderState
from foldline.testing.worlds import World

#: How many mixed requests follow those that change one thing.
MIXED = 300


def plan(surface: Surface, readers: Readers, tag: bytes = b"", mixed: int = MIXED, flips: int = 8) -> Iterator[Ask]:
    """Every request for a surface, in an order that is always the same. One bit in `flips` of a pass is turned."""
    states = refused(surface, (*readers.refused(), *readers.bit_flips(flips)))
    base = surface.base
    if surface.counting and surface.story is not None and surface.story.access == "metered":
        # Whoever has room on a meter may open a metered article here: the others are asked about.
        spent = cookie(meter=readers.carry.meter(101, 102, 103))
        base = replace(base, headers=(*base.headers, *spent))
    axes = (*page_axes(states, tag), history(base, readers))
    return variants(base, axes, mixed)


def refused(surface: Surface, states: Iterable[ReaderState]) -> tuple[ReaderState, ...]:
    """The states that no Decision opens the surface for."""
    story = surface.story
    return tuple(state for state in states if story is None or not state.may_read(story, counting=surface.counting))


def tag_of(surface: Surface, world: World) -> bytes:
    """The validator of what everybody is sent at a surface."""
    return world.client.ask("GET", surface.base.path).header(b"etag") if surface.base.method == "GET" else b""


def witness_of(world: World) -> Witness:
    """The second witness for a world. Where nothing of an article is shown, its rest holds what others show:
    in pages as it is, in feeds as a text in XML."""
    rests = [made.rest for story, made in world.made.items() if made.rest and story != UNKNOWN.id]
    shown = dict.fromkeys(made.public.preview_html for made in world.made.values())
    return Witness(dict.fromkeys(rests), (*shown, *map(escape, shown)))


def history(base: Ask, readers: Readers) -> Axis:
    """What was asked before: the gate keeps records, passes and joined pages in memory."""
    own = tuple(pair for pair in base.headers if pair[0] != b"cookie")
    codings: tuple[Pairs, ...] = ((), ((b"accept-encoding", b"gzip"),))
    subscriber = tuple(replace(base, headers=(*own, *readers.subscriber, *coding)) for coding in codings)
    crawler = (base.with_header(b"user-agent", b"Googlebot/2.1"),)
    return Axis(
        "history",
        (
            ("after a subscriber", _after(subscriber)),
            ("after a crawler", _after(crawler)),
            ("after both", _after((*crawler, *subscriber))),
        ),
    )


def _after(earlier: tuple[Ask, ...]) -> Change:
    return lambda ask: replace(ask, before=earlier)
