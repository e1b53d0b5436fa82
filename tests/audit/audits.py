"""An audit of a wall on this machine, as the verb does it, without a terminal."""

from __future__ import annotations

import asyncio

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
