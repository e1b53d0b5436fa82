"""An audit of a wall on this machine, as the verb does it, without a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.audit.leaky_wall import SESSION, Wall

from foldline.proof.audit.asking import Bounds, arrive
from foldline.proof.audit.finding import Report
from foldline.proof.audit.run import Audit, Wish

#: As fast as it goes: what is asked is this machine.
FAST = Bounds(questions=4000, rate=0)


def audited(site: Wall, wish: Wish | None = None, bounds: Bounds = FAST, articles: int = 1) -> Report:
    """The report of a whole run, with a subscriber's cookie where no other wish is given."""
    wish = wish or Wish(tuple(story.path for story in site.stories[:articles]), SESSION)

    async def run() -> Report:
        visitor = await arrive(site.url, bounds)
        try:
            return await Audit(visitor, wish).run()
        finally:
            visitor.close()

    return asyncio.run(run())


class Hand:
    """An editor who writes another closed part into every story, longer and with other parts, and takes it back."""

    def __init__(self, site: Wall) -> None:
        self._site = site
        self._kept = {story.slug: story.rest for story in site.stories}
        self.done: list[str] = []

    async def change(self, paths: Sequence[str]) -> None:
        self.done.append("change")
        for story in self._site.stories:
            story.rest = f"<p>Quite another history of {story.slug}, told by somebody who was not there.</p>" * 9

    async def restore(self, paths: Sequence[str]) -> None:
        self.done.append("restore")
        for story in self._site.stories:
            story.rest = self._kept[story.slug]


def twin_wish(site: Wall, hand: Hand) -> Wish:
    return Wish((site.stories[0].path,), SESSION, editor=hand)
