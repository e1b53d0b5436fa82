"""What a worker holds: what visits are answered from, what is read beside them, and what is in force."""

from __future__ import annotations

import contextlib

from foldline.clock import Clock
from foldline.config import Settings
from foldline.errors import StoreUnavailable
from foldline.gate.library import Library
from foldline.insight.events import EventLines
from foldline.server.feed_watch import FeedWatch
from foldline.server.gate_state import rules_in_force, state_of
from foldline.server.in_thread import InThread
from foldline.server.session_roll import SessionRoll
from foldline.signed.keys import Keyring
from foldline.signed.reader_pass import FRESH_SECONDS
from foldline.stores.changes import ChangeFeed
from foldline.stores.crawlers_in_force import CrawlersInForce
from foldline.stores.feed_uses import FeedUses
from foldline.stores.gifts import SqliteGifts
from foldline.stores.home import Home
from foldline.stores.institutions_in_force import InstitutionsInForce
from foldline.stores.keys_in_force import Keys, KeysInForce
from foldline.stores.meter import SqliteMeter
from foldline.stores.mode_in_force import ModeInForce
from foldline.stores.passes import DEADLINE as PASS_DEADLINE
from foldline.stores.passes import PassStore
from foldline.stores.records import PublicStore, SealedStore

#: How long a visit waits for a record from another machine, in seconds: a preview that comes later is none; and how
#: long none is asked for after that.
DEADLINE, BREATHER = 1.0, 0.5


class WorkerParts:
    """Opened at once, in this order. `passes`, `meter` and `gifts` are asked by visits, in threads of their own;
    `facts`, `taken_back` and `records` read the same beside them. `held_keys` are those that `state` has."""

    def __init__(self, settings: Settings, name: str, clock: Clock) -> None:
        home = settings.home
        # Before anything is read that can change: what changes while the rest is read would be missed.
        self.feed = ChangeFeed(home, since=int(clock.now()) - FRESH_SECONDS)
        self.feed.stand()
        self.state = state_of(settings, clock)
        self.events = EventLines(home.events, name, clock)
        self.state.note = self.events.note
        self.institutions = InstitutionsInForce(home)
        self.state.institutions = self.institutions.look()
        #: Whether a file answers what is asked, or another machine, which may be slow.
        self.distant = home.database is not None
        self.library = _library(home)
        self.records = PublicStore(home)
        self.passes = PassStore(home)
        if self.distant:
            # A connection takes longer to be made than a visit waits for its pass.
            with contextlib.suppress(StoreUnavailable):
                self.passes.facts(bytes(16))
        self.meter = SqliteMeter(home)
        self.gifts = SqliteGifts(home)
        self.taken_back = SqliteGifts(home, PASS_DEADLINE)
        self.facts = PassStore(home)
        self.rules = rules_in_force(settings, keeps=True)
        self.mode = ModeInForce(home, keeps=True, unsaid=settings.unsaid_mode)
        self.state.rules = self.rules.look(self.state.now())
        self.crawlers = CrawlersInForce(home, settings.verified_crawlers)
        self.state.crawlers = self.crawlers.look(self.state.now())
        self.roll = SessionRoll(PassStore(home), clock, settings.zone)
        self.watch = FeedWatch(FeedUses(home), self.state.keyring, settings.zone)
        self._host = settings.host
        self.keys = KeysInForce(home, settings.secrets, settings.revoked, keeps=True)
        self.held_keys = Keys(settings.secrets, settings.revoked)
        self.hold_keys(self.keys.look())
        self.state.watch = self.watch.note

    def hold_keys(self, keys: Keys) -> None:
        """Sign and verify by these from now on."""
        if keys != self.held_keys:
            self.held_keys = keys
            keyring = Keyring(keys.secrets, self._host, keys.revoked)
            self.state.change_keys(keyring)
            self.watch.change_keys(keyring)


def _library(home: Home) -> Library:
    """The records of a home, read at once from files, and beside the loop from another machine."""
    public, sealed = PublicStore(home), SealedStore(home)
    if home.database is None:
        return Library(public, sealed)
    # Only a publication that lies in PostgreSQL pays for it: memory of every other worker.
    from foldline.gate.distant import DistantLibrary

    public_thread, sealed_thread = (InThread(name, DEADLINE, BREATHER) for name in ("public records", "sealed records"))
    return DistantLibrary(public, sealed, public_thread, sealed_thread)
