"""The gate as an ASGI application: it awaits what a visit needs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from time import perf_counter
from typing import Any, Protocol, TypeVar

from foldline.errors import StoreUnavailable
from foldline.gate import needs
from foldline.gate.authz import REFUSES, is_authz, verdict
from foldline.gate.errors import bare
from foldline.gate.library import Library, NotAtHand
from foldline.gate.request import Request
from foldline.gate.response import Response
from foldline.gate.spending import Spender
from foldline.gate.state import GateState
from foldline.gate.tally import ORIGIN, Tally
from foldline.gate.visit import visit
from foldline.pages.record import Record
from foldline.signed.counting import Counted
from foldline.signed.gift import Redeemed, Redemption
from foldline.signed.reader_pass import Pass, PassFacts

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Result = TypeVar("Result")

log = logging.getLogger(__name__)

#: Where a server of ours tells the target of a request as it came: the path and the query do not say all of it.
TARGET = "foldline.target"
#: The largest body that the site process is handed, in bytes.
MOST_BODY = 1 << 20
#: A body that takes longer than this is not waited for, in seconds.
PATIENCE = 30.0


class PassReader(Protocol):
    """Asks the store about a pass, within its deadline; raises StoreUnavailable."""

    async def renew(self, held: Pass) -> PassFacts | None: ...


class Gifts(Protocol):
    """Opens gifts within a deadline, beside the event loop; raises StoreUnavailable."""

    async def redeem(self, redemption: Redemption) -> Redeemed: ...


class Site(Protocol):
    """The process behind the gate that answers the pages about a reader's account; raises StoreUnavailable."""

    async def forward(self, request: Request) -> Response: ...


class Pictures(Protocol):
    """Reads the newsroom's pictures: (content type, bytes) or None."""

    async def picture(self, name: str) -> tuple[str, bytes] | None: ...


class Origin(Protocol):
    """A site behind the gate."""

    def is_at_hand(self, request: Request, record: Record) -> bool:
        """Whether a visit to a record that is in memory may go on at once, without `before`."""

    async def before(self, request: Request, receive: Receive, send: Send) -> Response | None:
        """An answer, one with the status 0 that was sent already, or None: a visit answers."""

    async def asked(self, visit: Request) -> Record | None:
        """The article that a visit would be shown, where the origin would be asked for exactly the visit's target."""


class GateApp:
    """One worker's application. `state` decides, the others answer needs."""

    def __init__(
        self,
        state: GateState,
        library: Library,
        spender: Spender,
        passes: PassReader,
        site: Site,
        pictures: Pictures,
        origin: Origin | None = None,
        gifts: Gifts | None = None,
    ) -> None:
        self.state = state
        self.origin = origin
        self.library = library
        self._spender = spender
        self._passes = passes
        self._site = site
        self._pictures = pictures
        self._gifts = gifts
        self.tally = Tally()
        #: What memory or one indexed read answers, by the kind of need. Where it is neither, it raises NotAtHand.
        self._at_once: dict[type, Callable[[Any], Any]] = {
            needs.Page: self._page,
            needs.Rest: lambda need: self.library.rest(need.page, need.opening),
            needs.Items: lambda need: self.library.items(need.base),
            needs.PageOf: lambda need: self.library.page_of(need.article),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        began = perf_counter()
        response = await self._before(scope, receive, send) or await self._answer(scope, receive)
        if not response.status:
            self.tally.answered(ORIGIN, 0, perf_counter() - began)
            return
        self.tally.answered(response.kind, response.status, perf_counter() - began)
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        body = b"" if scope["method"] == "HEAD" else response.body
        await send({"type": "http.response.body", "body": body})

    async def _before(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """What an origin's part answers before any visit. The path of an article is then in its one spelling."""
        if self.origin is None:
            return None
        client = scope["client"]
        raw = scope["raw_path"]
        request = Request(scope["method"], raw, scope["query_string"], scope["headers"], client[0] if client else "")
        request.target = scope.get(TARGET, b"")
        known = self.library.held(request.path)
        if known is not None and self.origin.is_at_hand(request, known):
            return None
        try:
            answer = await self.origin.before(request, receive, send)
        except Exception:
            log.exception("an origin's part failed")
            return bare(500, self.state)
        scope["raw_path"] = request.path
        return answer

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        method = scope["method"]
        client = scope["client"]
        body = b""
        if method not in ("GET", "HEAD"):
            try:
                taken = await asyncio.wait_for(_body(receive), PATIENCE)
            except TimeoutError:
                return self._refused(408, scope["raw_path"])
            if taken is None:
                return self._refused(413, scope["raw_path"])
            body = taken
        request = Request(
            method, scope["raw_path"], scope["query_string"], scope["headers"], client[0] if client else "", body
        )
        try:
            return await self.run(request)
        except Exception:
            # The last resort: a constant answer, and a log line without anything of the request in it.
            log.exception("a visit failed")
            return self._refused(500, scope["raw_path"])

    def _refused(self, status: int, path: bytes) -> Response:
        """A constant answer. A proxy that asks is told one of three things whatever happens."""
        return verdict(REFUSES, self.state) if is_authz(path, self.state) else bare(status, self.state)

    def at_once(self, request: Request) -> Response | None:
        """The answer of a visit that waits for nothing. None for one that must wait: it has done nothing yet, and is
        started again where it can."""
        known = self.library.held(request.path)
        origin = self.origin
        if (
            origin is not None
            and (known is None or not origin.is_at_hand(request, known))
            and not request.path.startswith(self.state.prefix)
        ):
            return None
        steps = visit(request, self.state, known)
        try:
            need = next(steps)
            while (meet := self._at_once.get(type(need))) is not None:
                try:
                    answer = meet(need)
                except StoreUnavailable as error:
                    self._unmet(need, error)
                    need = steps.throw(error)
                else:
                    need = steps.send(answer)
        except StopIteration as end:
            response: Response = end.value
            return response
        except NotAtHand:
            pass
        except Exception:
            log.exception("a visit failed")
            return self._refused(500, request.path)
        steps.close()
        return None

    async def run(self, request: Request) -> Response:
        """Drive one visit to its end."""
        return await self.drive(visit(request, self.state))

    async def drive(self, steps: Generator[needs.Need, Any, Result]) -> Result:
        """Meet what steps need, to their end."""
        try:
            need = next(steps)
            while True:
                try:
                    meet = self._at_once.get(type(need))
                    try:
                        answer = meet(need) if meet is not None else await self._meet(need)
                    except NotAtHand:
                        answer = await self._reach(need)
                except StoreUnavailable as error:
                    self._unmet(need, error)
                    need = steps.throw(error)
                else:
                    need = steps.send(answer)
        except StopIteration as end:
            result: Result = end.value
            return result

    def _unmet(self, need: needs.Need, error: StoreUnavailable) -> None:
        self.tally.failures[type(need).__name__.lower()] += 1
        log.warning("%s: %s", type(need).__name__, error)

    def _page(self, need: needs.Page) -> Record | None:
        if need.anew:
            self.library.forget(need.path)
        return self.library.page(need.path)

    async def _reach(self, need: needs.Need) -> Any:
        """What lies on another machine."""
        if isinstance(need, needs.Page):
            return await self.library.reach(need.path)
        if isinstance(need, needs.Rest):
            return await self.library.reach_rest(need.page, need.opening)
        if isinstance(need, needs.Items):
            return await self.library.reach_items(need.base)
        assert isinstance(need, needs.PageOf)
        return await self.library.reach_page_of(need.article)

    async def _meet(self, need: needs.Need) -> Any:
        if isinstance(need, needs.Renew):
            return await self._passes.renew(need.reader_pass)
        if isinstance(need, needs.Spend):
            counted = await self._spender.spend(need)
            self.tally.spends[_ended(counted)] += 1
            return counted
        if isinstance(need, needs.Redeem):
            if self._gifts is None:
                raise StoreUnavailable("gifts: none are opened here")
            redeemed = await self._gifts.redeem(need.redemption)
            self.tally.gifts[_ended(redeemed)] += 1
            return redeemed
        if isinstance(need, needs.Asked):
            return await self.origin.asked(need.visit) if self.origin is not None else None
        if isinstance(need, needs.Forward):
            return await self._forward(need.request)
        assert isinstance(need, needs.Media)
        return await self._pictures.picture(need.name)

    async def _forward(self, request: Request) -> Response:
        try:
            return await self._site.forward(request)
        except StoreUnavailable as error:
            self.tally.failures["forward"] += 1
            log.warning("site: %s", error)
            return bare(502, self.state)


def _ended(receipt: Counted | Redeemed) -> str:
    """How a count ended: `counted`, `before` (it had been already), `refused`, or `uncounted` where that failed."""
    if not receipt.could_count:
        return "uncounted"
    if not receipt.counted:
        return "refused"
    return "before" if receipt.before else "counted"


async def _body(receive: Receive) -> bytes | None:
    """The request's body; None where it is larger than anything that is taken here."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_BODY:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
