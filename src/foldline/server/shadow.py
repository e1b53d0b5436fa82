"""Shadow: a site's own answers for every request, unchanged, and beside them what the gate would have done.

The answer never waits for what is beside it, and nothing that goes wrong there can touch it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from foldline.errors import OriginUnavailable, StoreUnavailable
from foldline.fold.page.read import CutPage
from foldline.gate.asgi import Receive, Send
from foldline.gate.request import Request
from foldline.insight.shadow import ShadowLines, What, shape_of
from foldline.pages.record import PublicPage
from foldline.policy.decide import Decision
from foldline.policy.facts import Article
from foldline.server.origin_link import Link
from foldline.sources.origin.answers import Verdict, verdict_on
from foldline.sources.origin.headers import Fields
from foldline.sources.origin.surfaces import METHODS, Kind, Surface

log = logging.getLogger(__name__)

#: These many articles are looked at beside the answers at once, and so many visits may wait for it. Of what is more it
#: is only noted that nobody looked: the site comes first.
AT_ONCE = 4
MOST_WAITING = 512


class Looks(Protocol):
    """What the gate does with an article that somebody asks for, without answering."""

    async def record_of(self, surface: Surface) -> PublicPage | None:
        """The record as it is now, made anew where it must be; None where the site has no page there.

        Raises:
            OriginUnavailable: it can't be fetched.
            StoreUnavailable: it can't be stored or read.
        """

    async def decide_on(self, record: PublicPage, request: Request) -> tuple[Decision, bool]:
        """What would be decided, and whether the reader has a valid pass."""


class Shadow:
    """One worker's."""

    def __init__(self, link: Link, looks: Looks, lines: ShadowLines, hosts: frozenset[bytes]) -> None:
        self._link = link
        self._looks = looks
        self._lines = lines
        self._hosts = hosts
        self._room = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()

    async def answer(self, request: Request, receive: Receive, send: Send) -> int:
        """Send what the origin answers to exactly this request. 0 where something was sent, else the status that the
        gate must answer with, as `Link.forward` says."""
        target = request.target or request.path + (b"?" + request.query if request.query else b"")
        passed = Surface(Kind.PASSED, "shadow", target, allow=frozenset(METHODS))
        head: list[tuple[int, Fields]] = []

        async def sent(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                head.append((message["status"], message["headers"]))  # type: ignore[arg-type]
            await send(message)

        status = await self._link.forward(passed, request, receive, sent)  # type: ignore[arg-type]
        if not status:
            # An application in this process answers where nobody here sees it.
            answered, headers = head[0] if head else (0, ())
            try:
                self._look_beside(request, answered, headers)
            except Exception:
                log.exception("shadow: a look beside an answer failed")
        return status

    async def close(self) -> None:
        """End what is under way."""
        tasks = tuple(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _look_beside(self, request: Request, status: int, headers: Fields) -> None:
        surface = self._link.surface_of(request)
        if surface.kind is Kind.ARTICLE and b"?" not in surface.page:
            if request.method == "GET":
                self._look_later(surface, request)
            return
        if surface.kind is Kind.REWRITTEN:
            if status < 400:
                self._lines.note(What.REWRITTEN, shape_of(request.path), surface.route)
            return
        why = _why_closed(surface, request.method)
        if surface.kind is Kind.FILES and status not in (0, 304):
            # That nothing has changed says nothing about what lies there.
            why = "a text" if verdict_on(surface, status, headers, self._hosts) is Verdict.CLOSED else ""
        # Where the site itself has nothing to give, closing it changes nothing for anybody.
        if why and status < 400:
            what = What.UNMAPPED if surface.unmapped else What.CLOSED
            told = why if surface.route in ("", why) else f"{surface.route}: {why}"
            self._lines.note(what, shape_of(request.path), told)

    def _look_later(self, surface: Surface, request: Request) -> None:
        if len(self._under_way) >= MOST_WAITING:
            self._lines.note(What.UNDECIDED, shape_of(surface.page), "too many at once")
            return
        task = asyncio.create_task(self._look(surface, request))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _look(self, surface: Surface, request: Request) -> None:
        """What the gate would have done with a visit to an article."""
        # A path that the map takes for an article's may name somebody, or be a secret, where no article is known.
        page = shape_of(surface.page)
        try:
            async with self._room:
                record = await self._looks.record_of(surface)
                if record is not None:
                    decision, with_pass = await self._looks.decide_on(record, request)
                    self._lines.decided(record.article.id, decision, with_pass=with_pass)
        except OriginUnavailable as error:
            self._lines.note(What.UNDECIDED, page, f"not fetched: {error.why}")
        except StoreUnavailable as error:
            log.warning("shadow: %s", error)
            self._lines.note(What.UNDECIDED, page, "not stored")
        except Exception:
            log.exception("shadow: an article could not be looked at")
            self._lines.note(What.UNDECIDED, page, "a fault of the gate")


def note_cut(lines: ShadowLines) -> Callable[[Article, CutPage, bool], None]:
    """Notes how articles are cut when their records are made, in shadow or not: which have no certain fold, and where a
    cut fell back."""

    def note(article: Article, cut: CutPage, sealed: bool) -> None:
        why = ", ".join((cut.how, *dict.fromkeys(cut.alarms))) if sealed else "nothing is sealed"
        lines.note(What.LOCKED if sealed and cut.locked else What.CUT, str(article.id), why)

    return note


def _why_closed(surface: Surface, method: str) -> str:
    """Why a request would be closed before the origin is asked; "" where it would not."""
    if surface.kind is Kind.ARTICLE:
        return "a page of an article"
    if surface.kind is not Kind.CLOSED:
        return ""
    return f"{method} is not taken" if surface.status == 405 else surface.route
