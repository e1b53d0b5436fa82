"""One gate worker: the real parts behind the gate's needs. Django is never imported here (a test holds it so)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvicorn
import uvloop

from foldline.clock import Clock, SystemClock
from foldline.config import Settings, home_from, load
from foldline.errors import StoreUnavailable
from foldline.gate.asgi import GateApp, Pictures
from foldline.gate.health import Lack, lack_of
from foldline.gate.library import Library
from foldline.gate.spending import Spender
from foldline.gate.state import GateState
from foldline.insight.counts import CountFile
from foldline.insight.events import EventLines
from foldline.pages.assets import load_assets
from foldline.pages.fragment import Fragment
from foldline.pages.record import Sheet
from foldline.policy.rules import Rules
from foldline.server import logs, worker_counts
from foldline.server.feed_watch import FeedWatch
from foldline.server.graceful import GracefulServer
from foldline.server.parent import end_with_parent
from foldline.server.protocol import GateProtocol
from foldline.server.session_roll import SessionRoll
from foldline.server.site_link import SiteLink
from foldline.server.uvicorn_config import uvicorn_config
from foldline.signed.counting import Charge, Counted
from foldline.signed.gift import Redeemed, Redemption
from foldline.signed.keys import Keyring
from foldline.signed.reader_pass import FRESH_SECONDS, Pass, PassFacts
from foldline.stores.changes import INTERVAL, Change, ChangeFeed
from foldline.stores.crawlers_in_force import CrawlersInForce
from foldline.stores.feed_uses import FeedUses
from foldline.stores.gifts import SqliteGifts
from foldline.stores.home import Home
from foldline.stores.institutions_in_force import InstitutionsInForce
from foldline.stores.keys_in_force import Keys, KeysInForce
from foldline.stores.meter import LOCK_SECONDS, MeterStore, SqliteMeter
from foldline.stores.mode import Mode
from foldline.stores.mode_in_force import ModeInForce
from foldline.stores.passes import DEADLINE, PassStore
from foldline.stores.records import PublicStore, SealedStore
from foldline.stores.rules_in_force import RulesInForce
from foldline.syndication import robots, sitemaps, tdm
from foldline.syndication.tdm import tdm_headers

if TYPE_CHECKING:
    from foldline.server.origin_link import Link

log = logging.getLogger(__name__)

#: After a failed read the store is left alone for so long, in seconds: one slow visit, not all of them.
BREATHER = 1.0
#: How long a visit waits for a spend, in seconds: for its turn in this worker, for the lock, and for the disk.
SPEND_DEADLINE = LOCK_SECONDS + 0.5
PICTURE_TYPES = {"webp": "image/webp", "png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}


def rules_in_force(settings: Settings, *, keeps: bool = False) -> RulesInForce:
    """Where a process reads the rules that decide."""
    return RulesInForce(settings.home, settings.zone, settings.meter_limit, keeps=keeps)


def rules_of(settings: Settings, now: int) -> Rules | None:
    """The rules in force; None where no good set can be read."""
    in_force = rules_in_force(settings)
    try:
        return in_force.look(now)
    finally:
        in_force.close()


def keyring_of(settings: Settings) -> Keyring:
    """The keys of the publication."""
    return Keyring(settings.secrets, settings.host, settings.revoked)


def state_of(settings: Settings, clock: Clock) -> GateState:
    """What the gate decides by."""
    publication = settings.publication
    return GateState(
        publication=publication,
        words=settings.words,
        rules=rules_of(settings, int(clock.now())),
        keyring=keyring_of(settings),
        clock=clock,
        assets=load_assets(publication.prefix),
        hosts=frozenset((settings.host.lower().encode(),)),
        origins=frozenset((publication.url.lower().encode(),)),
        hops=settings.hops,
        proxy_secret=settings.origin.secret.encode() if settings.origin is not None else b"",
        standing=standing_of(settings),
        gives=settings.gifts.per_month > 0,
        tdm=tdm_headers(publication, settings.machines),
    )


def standing_of(settings: Settings) -> dict[bytes, Sheet]:
    """What machines are asked, as text. A site behind the gate keeps its own."""
    if settings.origin is not None:
        return {}
    publication, machines = settings.publication, settings.machines
    texts = (
        (robots.PATH, robots.robots_txt(publication, machines, (sitemaps.PATH, sitemaps.NEWS_PATH)), robots.TYPE),
        (tdm.PATH, tdm.tdmrep_json(publication, machines), tdm.TYPE),
    )
    return {path.encode(): Sheet(path, Fragment.of(text), content_type) for path, text, content_type in texts}


class ThreadedPasses:
    """Asks the pass store in a thread, so that a stuck disk holds up one visit for 50 ms and no other."""

    def __init__(self, store: PassStore, roll: SessionRoll, deadline: float = DEADLINE) -> None:
        self._store = store
        self._roll = roll
        self._deadline = deadline
        self._thread = ThreadPoolExecutor(1, "passes")
        self._down_until = 0.0

    async def renew(self, held: Pass) -> PassFacts | None:
        """The facts of a pass.

        Raises:
            StoreUnavailable: no answer within the deadline, or none a moment ago.
        """
        loop = asyncio.get_running_loop()
        if loop.time() < self._down_until:
            raise StoreUnavailable("pass facts: left alone after a failure")
        try:
            asked = loop.run_in_executor(self._thread, self._store.facts, held.session)
            facts = await asyncio.wait_for(asked, self._deadline)
        except (TimeoutError, StoreUnavailable) as error:
            self._down_until = loop.time() + BREATHER
            raise StoreUnavailable(f"pass facts: {error or 'too slow'}") from error
        return self._roll.used(facts) if facts is not None else None


class ThreadedMeter:
    """Asks the meter store in a thread, so that another worker's lock or a stuck disk holds up spends and nothing else.

    A spend that comes too late may still be counted: the article then opens for nothing when it is tried again.
    """

    def __init__(self, store: MeterStore, deadline: float = SPEND_DEADLINE) -> None:
        self._store = store
        self._deadline = deadline
        self._thread = ThreadPoolExecutor(1, "meter")
        self._down_until = 0.0

    async def spend(self, charge: Charge) -> Counted:
        """Count an article.

        Raises:
            StoreUnavailable: no answer within the deadline, or none a moment ago.
        """
        loop = asyncio.get_running_loop()
        if loop.time() < self._down_until:
            raise StoreUnavailable("meter: left alone after a failure")
        try:
            asked = loop.run_in_executor(self._thread, self._store.spend, charge)
            return await asyncio.wait_for(asked, self._deadline)
        except (TimeoutError, StoreUnavailable) as error:
            self._down_until = loop.time() + BREATHER
            raise StoreUnavailable(str(error) or "meter: too slow") from error


class ThreadedGifts:
    """Asks the store of gifts in a thread of its own. One that is opened too late is counted all the same, and opens
    for nothing when the same device tries again."""

    def __init__(self, store: SqliteGifts, deadline: float = SPEND_DEADLINE) -> None:
        self._store = store
        self._deadline = deadline
        self._thread = ThreadPoolExecutor(1, "gifts")
        self._down_until = 0.0

    async def redeem(self, redemption: Redemption) -> Redeemed:
        """Open a gift.

        Raises:
            StoreUnavailable: no answer within the deadline, or none a moment ago.
        """
        loop = asyncio.get_running_loop()
        if loop.time() < self._down_until:
            raise StoreUnavailable("gifts: left alone after a failure")
        try:
            asked = loop.run_in_executor(self._thread, self._store.redeem, redemption)
            return await asyncio.wait_for(asked, self._deadline)
        except (TimeoutError, StoreUnavailable) as error:
            self._down_until = loop.time() + BREATHER
            raise StoreUnavailable(str(error) or "gifts: too slow") from error


class PictureFolder:
    """The newsroom's pictures, by names that nobody can guess."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def picture(self, name: str) -> tuple[str, bytes] | None:
        """(content type, bytes) of a picture; None where there is none."""
        try:
            body = await asyncio.to_thread((self._folder / name).read_bytes)
        except OSError:
            return None
        return PICTURE_TYPES[name.rpartition(".")[2]], body


def _library(home: Home) -> Library:
    """The records of a home, read at once from files, and beside the loop from another machine."""
    public, sealed = PublicStore(home), SealedStore(home)
    if home.database is None:
        return Library(public, sealed)
    # Only a publication that lies in PostgreSQL pays for it: memory of every other worker.
    from foldline.gate.distant import DistantLibrary
    from foldline.server.beside import InThread

    return DistantLibrary(public, sealed, InThread("public records"), InThread("sealed records"))


def pictures_of(home: Home) -> Pictures:
    """The newsroom's pictures, wherever they lie."""
    if home.database is None:
        return PictureFolder(home.media)
    from foldline.server.beside import DistantPictures

    return DistantPictures(home)


#: Yields what must be read, and takes what was read or why it could not be.
Steps = Generator[Callable[[], Any], Any, None]


def _step_through(steps: Steps) -> None:
    answer: Any = None
    with contextlib.suppress(StopIteration):
        while True:
            read = steps.send(answer)
            try:
                answer = read()
            except StoreUnavailable as error:
                answer = error


class Worker:
    """The application of one worker and what it does beside answering: hear of changes, write event lines."""

    def __init__(
        self, settings: Settings, number: int, clock: Clock | None = None, mounted: Link | None = None
    ) -> None:
        """`number` is of no other worker of this home that runs. `mounted` leads to a site in this process."""
        clock = clock or SystemClock()
        home = settings.home
        self.state = state_of(settings, clock)
        name = f"{'worker' if mounted is None else 'mounted'}-{number}"
        self.events = EventLines(home.events, name, clock)
        self.state.note = self.events.note
        self._institutions = InstitutionsInForce(home)
        self.state.institutions = self._institutions.look()
        #: Whether a file answers what is asked, or another machine, which may be slow.
        self._distant = home.database is not None
        #: Where a machine is asked for what no visit waits for. Without one no thread is ever started here.
        self._beside = ThreadPoolExecutor(1, "beside")
        self.library = _library(home)
        self._records = PublicStore(home)
        self.passes = PassStore(home)
        if self._distant:
            # A connection takes longer to be made than a visit waits for its pass.
            with contextlib.suppress(StoreUnavailable):
                self.passes.facts(bytes(16))
        self.meter = SqliteMeter(home)
        self.gifts = SqliteGifts(home)
        self._taken_back = SqliteGifts(home, DEADLINE)
        self._asks_again = False
        self._lack: Lack | None = None
        self._facts = PassStore(home)
        self._rules = rules_in_force(settings, keeps=True)
        self._mode = ModeInForce(home, keeps=True, unsaid=settings.unsaid_mode)
        self.state.rules = self._rules.look(self.state.now())
        self._crawlers = CrawlersInForce(home, settings.verified_crawlers)
        self.state.crawlers = self._crawlers.look(self.state.now())
        self.roll = SessionRoll(PassStore(home), clock, settings.zone)
        self._watch = FeedWatch(FeedUses(home), self.state.keyring, settings.zone)
        self._host = settings.host
        self._keys = KeysInForce(home, settings.secrets, settings.revoked, keeps=True)
        self._held = Keys(settings.secrets, settings.revoked)
        self._hold_keys(self._keys.look())
        self.state.watch = self._watch.note
        self._feed = ChangeFeed(home, since=int(clock.now()) - FRESH_SECONDS)
        self.app = GateApp(
            self.state,
            self.library,
            Spender(ThreadedMeter(self.meter), clock),
            ThreadedPasses(self.passes, self.roll),
            SiteLink(home.site_socket, urlsplit(settings.publication.url).scheme, settings.hops),
            pictures_of(home),
            gifts=ThreadedGifts(self.gifts),
        )
        self._counts: CountFile | None = None
        if settings.metrics is not None:
            self._counts = CountFile(home.counts, name.replace("-", " "), clock.now())
        self._origin = None
        if settings.origin is not None:
            # Only a site behind the gate pays for what reads it: memory of every other worker.
            from foldline.insight.shadow import ShadowLines
            from foldline.server.origin_gate import OriginGate

            lines = ShadowLines(home.shadow_events, f"worker-{number}", clock)
            self._origin = self.app.origin = OriginGate(
                settings, self.state, self.library, lines, self.app.drive, mounted
            )
            if self._distant:
                self._origin.catch_up(self._feed.told())

    def hear(self) -> None:
        """Take in what changed since the last time. While changes can't be read, passes and their two clocks count."""
        _step_through(self._hearing())

    async def listen(self) -> None:
        """The same, beside the loop where all of it lies on another machine."""
        await self._settle(self._hearing())

    def look_at_records(self) -> None:
        """Read past what is held in memory: whether this worker could still be asked for a page that it does not
        hold. And tell once that it became ready, or is not ready any more, and why."""
        _step_through(self._looking())

    async def _settle(self, steps: Steps) -> None:
        """Take steps; where what they read lies on another machine, each is read beside the loop."""
        if not self._distant:
            _step_through(steps)
            return
        loop = asyncio.get_running_loop()
        answer: Any = None
        with contextlib.suppress(StopIteration):
            while True:
                read = steps.send(answer)
                try:
                    answer = await loop.run_in_executor(self._beside, read)
                except StoreUnavailable as error:
                    answer = error

    def _hearing(self) -> Steps:
        """Changes in their order, and whatever is not settled since."""
        changes = yield self._feed.read
        if isinstance(changes, StoreUnavailable):
            log.warning("%s", changes)
            changes = []
        else:
            self.state.changes_heard_at = self.state.now()
        for change in changes:
            if change.kind == "session":
                session = bytes.fromhex(change.key)
                self.state.session_changed(session, self.state.now())
                self._hear_facts(session, (yield partial(self._facts.facts, session)))
            else:
                self._hear_change(change)
        if not self.state.taken_back.known:
            self._learn_taken_back((yield self._read_taken_back))
        if self._origin is not None:
            self._origin.settle()
        if not self._keys.settled:
            self._hold_keys((yield self._keys.look))
        if not self._rules.settled:
            self.state.rules = yield partial(self._rules.look, self.state.now())
        if not self._crawlers.settled:
            self.state.crawlers = yield partial(self._crawlers.look, self.state.now())
        if not self._institutions.settled:
            self.state.institutions = yield self._institutions.look
        if self._origin is not None and not self._mode.settled:
            self._origin.mode = yield self._mode.look

    def _hear_change(self, change: Change) -> None:
        if change.kind == "article":
            self.library.forget(change.key.encode())
        elif change.kind == "gift":
            number, _, ends = change.key.partition(":")
            self.state.taken_back.add(bytes.fromhex(number), int(ends), self.state.now())
        elif change.kind in ("rules", "open-now"):
            self._rules.settled = False
        elif change.kind == "crawlers":
            self._crawlers.settled = False
        elif change.kind == "institutions":
            self._institutions.settled = False
        elif change.kind in ("origin-changed", "origin-withdrawn"):
            self.library.forget(change.key.encode())
            self._hear_origin(change)
        elif change.kind == "keys":
            self._keys.settled = False
        elif change.kind == "mode":
            self._mode.settled = False
        else:
            self.library.forget_all()
            self.state.taken_back.known = False
            self._rules.settled = self._mode.settled = self._keys.settled = False
            self._crawlers.settled = self._institutions.settled = False
            self._hear_origin(change)

    def _looking(self) -> Steps:
        read = yield partial(self._records.path_of, 0)
        if isinstance(read, StoreUnavailable):
            log.warning("%s", read)
        else:
            self.state.records_read_at = self.state.now()
        lack = lack_of(self.state)
        if lack != self._lack:
            if lack:
                log.error("not ready: it lacks %s", lack)
            elif self._lack is not None:
                log.warning("ready again")
            self._lack = lack

    @property
    def in_shadow(self) -> bool:
        """Whether a site's own answers go out unchanged."""
        return self._origin is not None and self._origin.mode is Mode.SHADOW

    def _hold_keys(self, keys: Keys) -> None:
        if keys != self._held:
            self._held = keys
            keyring = Keyring(keys.secrets, self._host, keys.revoked)
            self.state.change_keys(keyring)
            self._watch.change_keys(keyring)

    def _read_taken_back(self) -> tuple[tuple[bytes, int], ...]:
        try:
            return self._taken_back.taken_back(self.state.now())
        finally:
            self._taken_back.close()

    def _learn_taken_back(self, found: tuple[tuple[bytes, int], ...] | StoreUnavailable) -> None:
        """Until it is known every opening by a gift is closed."""
        if isinstance(found, StoreUnavailable):
            if not self._asks_again:
                log.warning("%s", found)
            self._asks_again = True
            return
        self.state.taken_back.learn(found)
        self._asks_again = False

    def _hear_origin(self, change: Change) -> None:
        if self._origin is not None:
            self._origin.hear(change)

    def _hear_facts(self, session: bytes, facts: PassFacts | StoreUnavailable | None) -> None:
        if isinstance(facts, StoreUnavailable):
            # Nothing is lost: a changed session is asked for at its next visit.
            log.warning("%s", facts)
        elif facts is None or facts.ended:
            self.state.end_session(session, self.state.now())

    async def beside(self) -> None:
        """Run until cancelled."""
        turn = 0
        try:
            while True:
                await self.listen()
                turn += 1
                if turn % 4 == 1:
                    await self._settle(self._looking())
                if turn % 4 == 0:
                    self.events.flush()
                    await self._hand_over()
                    self._tell_counts()
                if turn % 40 == 0:
                    self.roll.flush()
                    self._watch.flush()
                await asyncio.sleep(INTERVAL)
        finally:
            # First, and once more: at the end of a host process no thread can be started, and what follows fails.
            self._flush()
            self.roll.close()
            self._crawlers.close()
            self._watch.close()
            if self._origin is not None:
                await self._origin.close()
            self._flush()
            if self._counts is not None:
                self._counts.close()
                self._counts = None
            self._beside.shutdown(wait=False, cancel_futures=True)

    async def _hand_over(self) -> None:
        """Let claims wait to be looked up, and write the lines of a site in shadow."""
        claims = self.state.unproven.take()
        hand_over = partial(self._crawlers.hand_over, claims, self.state.now())
        if self._distant:
            left = await asyncio.get_running_loop().run_in_executor(self._beside, hand_over)
        else:
            left = hand_over()
        self.state.unproven.put_back(left)
        if self._origin is not None:
            self._origin.lines.flush()

    def _flush(self) -> None:
        self.events.flush()
        if not self._distant:
            claims = self.state.unproven.take()
            self.state.unproven.put_back(self._crawlers.hand_over(claims, self.state.now()))
        if self._origin is not None:
            self._origin.lines.flush()
        self._tell_counts()

    def _tell_counts(self) -> None:
        if self._counts is not None:
            self._counts.write(self.state.clock.now(), worker_counts.samples(self))


class _Server(GracefulServer):
    """Ends what runs beside it with the last answer. Afterwards it is too late: uvicorn raises the signal that stopped
    it once more, and the process is gone with what was not yet written down."""

    def __init__(self, config: uvicorn.Config, beside: asyncio.Task[None]) -> None:
        super().__init__(config)
        self._beside = beside

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        self._beside.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._beside


async def serve(settings: Settings, listening: socket.socket, number: int) -> None:
    """Serve on a socket that is listening already, until told to stop."""
    worker = Worker(settings, number)
    config = uvicorn_config(worker.app, http=GateProtocol)
    worker.hear()
    beside = asyncio.create_task(worker.beside())
    try:
        await _Server(config, beside).serve(sockets=[listening])
    finally:
        beside.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beside


def main(environ: Mapping[str, str] = os.environ) -> None:
    """Started by the supervisor: `FOLDLINE_LISTEN_FD` is the socket, `FOLDLINE_WORKER` this worker's number."""
    end_with_parent()
    number = int(environ.get("FOLDLINE_WORKER", "0"))
    settings = load(home_from(environ), environ)
    logs.begin(settings.log_format, f"worker {number}")
    listening = socket.socket(fileno=int(environ["FOLDLINE_LISTEN_FD"]))
    uvloop.run(serve(settings, listening, number))


if __name__ == "__main__":
    main()
