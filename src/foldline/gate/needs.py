"""What a visit may ask of the world. Adapters answer; tests hand in values.

A need that can't be met is answered by throwing `StoreUnavailable` into the visit.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

from foldline.gate.request import Request
from foldline.gate.response import Response
from foldline.pages.record import PublicPage
from foldline.policy import decide
from foldline.signed.counting import Charge
from foldline.signed.gift import Redemption
from foldline.signed.reader_pass import Pass


class Page(NamedTuple):
    """The record at a path -> Record or None. `anew` reads it past what is held in memory."""

    path: bytes
    anew: bool = False


class PageOf(NamedTuple):
    """The page of an article -> PublicPage or None."""

    article: int


class Items(NamedTuple):
    """The articles of the public feed of the list at `base`, "" for the whole site -> FeedItems or None."""

    base: str


class Rest(NamedTuple):
    """What stands below the fold of a page -> stores.records.Rest."""

    page: PublicPage
    opening: decide.Opening


class Renew(NamedTuple):
    """What the store knows of a pass -> PassFacts or None."""

    reader_pass: Pass


class Spend(NamedTuple):
    """Count an article in the meter's store -> signed.counting.Counted. `network` is where a device comes from that got
    its number just now, "" for a device or a reader that is known."""

    charge: Charge
    network: str = ""


class Redeem(NamedTuple):
    """Open a gift on one device -> signed.gift.Redeemed."""

    redemption: Redemption


class Asked(NamedTuple):
    """The article that a visit would be shown, where it is asked for in its one spelling -> PublicPage or None."""

    visit: Request


class Forward(NamedTuple):
    """Let the site process answer -> Response."""

    request: Request


class Media(NamedTuple):
    """A picture of the newsroom -> (content type, bytes) or None."""

    name: str


Need = Page | PageOf | Items | Rest | Renew | Spend | Redeem | Asked | Forward | Media
Steps = Generator[Need, Any, Response]
