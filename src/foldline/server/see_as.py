"""The desk's eye: a gate in this process, over the real records, rules and keys, that keeps and writes nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import closing

from foldline.callers.crawlers import Crawlers, Listed
from foldline.callers.institutions import Institution, Institutions
from foldline.callers.networks import read_range
from foldline.clock import Clock, SystemClock
from foldline.config import Settings
from foldline.errors import StoreUnavailable
from foldline.gate.asgi import GateApp
from foldline.gate.library import Library
from foldline.gate.request import Request
from foldline.gate.response import Response
from foldline.gate.spending import Spender
from foldline.gate.state import GateState
from foldline.pages.record import PublicPage
from foldline.policy.decide import Decision, Outcome
from foldline.policy.window import Window
from foldline.server.gate_state import state_of
from foldline.server.pictures import pictures_of
from foldline.server.reader_kinds import DAY, KINDS, as_headers, jar_as, needs_of, pass_jar
from foldline.signed.counting import Charge, Counted, Owner, reader_owner
from foldline.signed.reader_pass import SESSION_SECONDS, Pass, PassFacts
from foldline.site.desk.looking import Look, Seen
from foldline.stores.memory_meter import MemoryMeter
from foldline.stores.meter import SqliteMeter
from foldline.stores.records import PublicStore, SealedStore

#: Who asks, for the gate: an address that is nobody's (RFC 5737).
_NOBODY = "192.0.2.1"


class _KnownPasses:
    """Answers for one reader with the facts that the pass was made of."""

    def __init__(self, facts: PassFacts | None) -> None:
        self._facts = facts

    async def renew(self, held: Pass) -> PassFacts | None:
        return self._facts


class _CountsHere:
    """Counts for one look: the real meter is not asked, and nobody is charged."""

    def __init__(self) -> None:
        self._store = MemoryMeter()
        self.broken = False

    async def spend(self, charge: Charge) -> Counted:
        if self.broken:
            raise StoreUnavailable("meter: it could not say how much this reader has read")
        return self._store.spend(charge)

    def begin_with(self, owner: Owner, meter: str, window: Window, used: int) -> None:
        """As if the owner had read so many other articles. Which ones they really were is nobody's business."""
        for _ in range(used):
            self._store.spend(Charge(owner, meter, window.number, window.ends, used, _some_other()))


def _some_other() -> Callable[[bytes], tuple[bytes, ...]]:
    """What stands for an article that there is none of."""
    name = os.urandom(8)
    return lambda salt: (name,)


class _NoSite:
    """Looking at an article never leaves the gate."""

    async def forward(self, request: Request) -> Response:
        raise StoreUnavailable("the desk looks at articles only")


class Visitor:
    """One reader's browser before a gate that is made for it alone, and gone with it."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.state: GateState = state_of(settings, clock)
        self.decisions: list[Decision] = []
        self.state.note = lambda article, decision, **_more: self.decisions.append(decision)
        self.library = Library(PublicStore(settings.home), SealedStore(settings.home))
        self.counts = _CountsHere()
        self._spender = Spender(self.counts, clock)
        self.facts: PassFacts | None = None
        self.jar: dict[str, str] = {}
        self.crawler = False
        self._host = settings.host.encode()
        self._pictures = pictures_of(settings.home)

    def prove_crawler(self) -> None:
        """Let the address that asks stand in a list of Googlebot's, and let it be the one that is looked at."""
        nobody = read_range(_NOBODY)
        self.state.crawlers = Crawlers(("googlebot",), (Listed("googlebot", (nobody,), self.state.now() + DAY),))
        self.state.hops = 0

    def get(self, path: str) -> Seen:
        """GET, as a browser that takes no compression."""
        return self._seen(self._ask("GET", path))

    def read(self, article: int, path: str) -> Seen:
        """What the button without a script does: POST, and where that leads. Cookies are kept in between."""
        self.decisions.clear()
        form = ((b"sec-fetch-site", b"same-origin"), (b"content-type", b"application/x-www-form-urlencoded"))
        answer = self._ask("POST", f"{self.state.publication.prefix}read", form, b"article=%d" % article)
        final = self._seen(answer, counted=True)
        if answer.status != 303:
            return final
        whole = self._ask("GET", path)
        return Seen(whole.status, _header(whole, b"content-type"), whole.body, final.decision, counted=True)

    def _seen(self, answer: Response, counted: bool = False) -> Seen:
        decision = self.decisions[-1] if self.decisions else None
        return Seen(answer.status, _header(answer, b"content-type"), answer.body, decision, counted)

    def _ask(
        self, method: str, path: str, headers: tuple[tuple[bytes, bytes], ...] = (), body: bytes = b""
    ) -> Response:
        app = GateApp(self.state, self.library, self._spender, _KnownPasses(self.facts), _NoSite(), self._pictures)
        sent = [(b"host", self._host), *as_headers(self.jar, self.crawler), *headers]
        answer = asyncio.run(app.run(Request(method, path.encode(), b"", sent, _NOBODY, body)))
        for name, value in answer.headers:
            if name == b"set-cookie":
                cookie, _, content = value.decode().partition(";")[0].partition("=")
                self.jar[cookie] = content
        return answer


class SeeAs:
    """Looks at articles as any reader. `clock` is the system's unless given."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()

    @property
    def of_a_site(self) -> bool:
        return self._settings.origin is not None

    def kinds(self) -> list[tuple[str, str]]:
        return [(kind.name, kind.label) for kind in KINDS.values()]

    def look(self, path: str, kind: str) -> Look | None:
        wanted = KINDS[kind]
        visitor = Visitor(self._settings, self._clock)
        page = self._page(visitor, path)
        if page is None:
            return None
        state, now = visitor.state, visitor.state.now()
        needs = needs_of(page.article, state.rules, now)
        window = state.window(now, needs.days).number
        visitor.jar = jar_as(wanted, needs, now, state.keyring, window, os.urandom)
        visitor.crawler = wanted.crawler
        if wanted.verified:
            visitor.prove_crawler()
        if wanted.in_library:
            here = Institution(0, wanted.institution, now, now + 1)
            state.institutions = Institutions([(here, (read_range(_NOBODY),))])
        return self._looked(visitor, page)

    def look_with(self, path: str, reader: bytes, product_ends: Mapping[int, int]) -> Look | None:
        visitor = Visitor(self._settings, self._clock)
        page = self._page(visitor, path)
        if page is None:
            return None
        state, now = visitor.state, visitor.state.now()
        visitor.facts = PassFacts(reader, os.urandom(16), product_ends, now + SESSION_SECONDS)
        visitor.jar = pass_jar(visitor.facts, now, state.keyring)
        allowance = state.rules.plan(page.article, now).allowance if state.rules is not None else None
        if allowance is not None:
            window = state.window(now, allowance.days)
            owner = reader_owner(state.keyring, reader)
            try:
                with closing(SqliteMeter(self._settings.home)) as meter:
                    used = meter.used(owner, allowance.name, window.number)
            except StoreUnavailable:
                visitor.counts.broken = True
            else:
                visitor.counts.begin_with(owner, allowance.name, window, used)
        return self._looked(visitor, page)

    def articles(self, wanted: str, most: int) -> list[tuple[str, str]]:
        if self._settings.origin is None:
            return []
        with closing(PublicStore(self._settings.home)) as store:
            return store.matching(wanted, most)

    def _looked(self, visitor: Visitor, page: PublicPage) -> Look:
        first = visitor.get(page.path)
        steps = [first]
        if first.decision is not None and first.decision.outcome is Outcome.OPENS_IF:
            steps.append(visitor.read(page.article.id, page.path))
        rules = visitor.state.rules
        sources = {rule.name: rule.source for rule in rules.every} if rules is not None else {}
        with closing(PublicStore(self._settings.home)) as store:
            headline = store.headline(page.path)
        return Look(tuple(steps), sources, headline)

    def _page(self, visitor: Visitor, path: str) -> PublicPage | None:
        if self._settings.origin is not None:
            # Only the desk of a site behind the gate pays for what reads it.
            from foldline.server.origin_eye import record_at

            return record_at(self._settings, self._clock, visitor.state, visitor.library, path)
        page = visitor.library.page(path.encode())
        return page if isinstance(page, PublicPage) else None

    def file(self, path: str) -> tuple[str, bytes] | None:
        answer = Visitor(self._settings, self._clock).get(path)
        return (answer.content_type, answer.body) if answer.status == 200 else None


def _header(answer: Response, name: bytes) -> str:
    return next((value.decode("latin-1") for header, value in answer.headers if header == name), "")
