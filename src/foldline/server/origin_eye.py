"""What the desk's eye sees of a site behind the gate: an article's record as a visit would be shown it now."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any, TypeVar
from urllib.parse import quote

from foldline.clock import Clock
from foldline.config import Settings
from foldline.errors import OriginUnavailable, StoreUnavailable
from foldline.gate.library import Library
from foldline.gate.needs import Need
from foldline.gate.state import GateState
from foldline.insight.shadow import ShadowLines
from foldline.pages.record import PublicPage
from foldline.server.origin_gate import OriginGate
from foldline.sources.origin.surfaces import Kind

Result = TypeVar("Result")

#: What stands in a path as it is (RFC 3986, 3.3). `%` too: who pastes an address has it encoded already.
_AS_IT_IS = "/%:@!$&'()*+,;=-._~"


def record_at(settings: Settings, clock: Clock, state: GateState, library: Library, path: str) -> PublicPage | None:
    """The record of the article at a path, asked for at the site and made as a worker does it where what is kept holds
    no more; None where the site has no article there. While the site does not answer, what it answered last counts, as
    for readers. Nothing is counted, and no line is written.

    Raises:
        StoreUnavailable: the site does not answer and nothing is kept, or the records can't be read.
    """
    target = quote(path, safe=_AS_IT_IS).encode()
    origin = settings.origin
    if origin is None or origin.mounted:
        # A mounted site is in another process: what it showed last is in its record.
        known = library.page(target)
        return known if isinstance(known, PublicPage) else None
    surface = origin.surfaces.surface_of("GET", target, b"")
    if surface.kind is not Kind.ARTICLE:
        return None

    async def asked() -> PublicPage | None:
        gate = OriginGate(settings, state, library, ShadowLines(settings.home.shadow_events, "desk", clock), _drive)
        try:
            gate.settle()
            return await gate.record_of(surface)
        except OriginUnavailable as error:
            known = await library.reach(surface.page)
            if isinstance(known, PublicPage):
                return known
            raise StoreUnavailable(str(error)) from error
        finally:
            await gate.close()

    return asyncio.run(asked())


async def _drive(steps: Generator[Need, Any, Result]) -> Result:
    raise TypeError("the eye drives its own visits")
