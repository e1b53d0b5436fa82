"""What one gate worker knows: the publication, its rules and keys, and bounded memory. No I/O."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from zoneinfo import ZoneInfo

from foldline.callers.crawlers import Crawlers
from foldline.callers.institutions import Institutions
from foldline.clock import Clock
from foldline.errors import InvalidToken
from foldline.gate.kept import Kept
from foldline.gate.marks import Marks
from foldline.gate.response import GATED, HTML, NO_STORE, HeaderList, security_headers
from foldline.gate.taken_back import TakenBack
from foldline.gate.unproven import Unproven
from foldline.pages.assets import Asset
from foldline.pages.public import Publication
from foldline.pages.record import HTML as PAGE_TYPE
from foldline.pages.record import PublicPage, Sheet
from foldline.pages.words import Words
from foldline.policy.decide import Decision
from foldline.policy.rules import Rules
from foldline.policy.window import Window, window_at
from foldline.signed import reader_pass
from foldline.signed.keys import Keyring

#: Seconds for which a pass may still be fresh: as it is signed, and what clocks of hosts may differ by unnoticed.
FRESHEST = reader_pass.FRESH_SECONDS + 5
PASSES_KEPT = 20_000
ENDED_KEPT = 100_000


class Note(Protocol):
    """Writes a decision down. `institution` is the number of the library or company from whose network the visit came,
    `who` the mark of whose read it is (`gate/reading.py`), "" for none."""

    def __call__(self, article: int, decision: Decision, *, institution: str = "", who: str = "") -> None: ...


class Watch(Protocol):
    """Writes down that a private feed was asked for: its session, from which network, at an epoch second."""

    def __call__(self, session: bytes, network: str, now: int) -> None: ...


def unwatched(session: bytes, network: str, now: int) -> None:
    """The watch over private feeds where nobody keeps any."""


def discard(article: int, decision: Decision, *, institution: str = "", who: str = "") -> None:
    """The note of a decision where nobody keeps any."""


@dataclass
class GateState:
    """`hosts` are the names that readers may type; `hops` the proxies of ours before the gate; `rules` is None while
    there is no good rule set. `proxy_secret` proves a proxy that asks about a visit; without one nobody may ask.
    `page_headers` stand on every page, `tdm` on the pages of a site behind the gate, too. `standing` are the answers
    that follow from the settings alone, by their paths. `crawlers` are those that may be verified, with what is known
    of them; `unproven` is whoever claims to be one of them and was not looked up yet. `gives` says whether readers may
    give articles, and `taken_back` which gifts opened something that is closed again. `records_read_at` and
    `changes_heard_at` are the epoch seconds when each was last read, 0 for never."""

    publication: Publication
    words: Words
    rules: Rules | None
    keyring: Keyring
    clock: Clock
    assets: Mapping[str, Asset]
    hosts: frozenset[bytes]
    origins: frozenset[bytes]
    hops: int = 0
    proxy_secret: bytes = field(default=b"", repr=False)
    random: Callable[[int], bytes] = os.urandom
    note: Note = discard
    standing: Mapping[bytes, Sheet] = field(default_factory=dict)
    tdm: HeaderList = ()
    crawlers: Crawlers = field(default_factory=Crawlers)
    unproven: Unproven = field(default_factory=Unproven)
    watch: Watch = unwatched
    institutions: Institutions = field(default_factory=Institutions)
    gives: bool = False
    records_read_at: int = 0
    changes_heard_at: int = 0
    taken_back: TakenBack = field(default_factory=TakenBack)
    page_headers: HeaderList = field(init=False)
    whole_headers: HeaderList = field(init=False)
    security: HeaderList = field(init=False)
    marks: Marks = field(init=False)
    _passes: Kept[bytes, reader_pass.Pass] = field(init=False)
    _ended: Kept[bytes, int] = field(init=False)
    _changed: Kept[bytes, int] = field(init=False)
    _windows: dict[int, Window] = field(init=False)
    zone: ZoneInfo = field(init=False)
    prefix: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.security = security_headers(self.publication.url)
        self.page_headers = (*HTML, *self.security, *self.tdm)
        self.whole_headers = (*self.page_headers, *NO_STORE, *GATED)
        self.prefix = self.publication.prefix.encode()
        self._passes = Kept(PASSES_KEPT)
        self._ended = Kept(ENDED_KEPT)
        self._changed = Kept(ENDED_KEPT)
        self.zone = ZoneInfo(self.publication.zone)
        self.marks = Marks(self.keyring, self.zone)
        self._windows = {}

    def headers_of(self, record: PublicPage) -> HeaderList:
        """What stands on an article's page: a page of an origin keeps its own."""
        return (*record.headers, *self.tdm) if record.headers else self.page_headers

    def sheet_headers(self, record: Sheet) -> HeaderList:
        """What stands on a page without a fold."""
        if record.content_type == PAGE_TYPE:
            return self.page_headers
        return ((b"content-type", record.content_type.encode()), *self.security, *self.tdm)

    def now(self) -> int:
        """Epoch seconds."""
        return int(self.clock.now())

    def window(self, now: int, days: int = 0) -> Window:
        """The window of a meter that holds `now`: of so many days, or the calendar month where that is 0."""
        known = self._windows.get(days)
        if known is None or not known.starts <= now < known.ends:
            known = self._windows[days] = window_at(now, self.zone, days)
        return known

    def read_pass(self, token: bytes, now: int) -> reader_pass.Pass | None:
        """The pass in a cookie, verified once and remembered by its full bytes; its ends are compared every time."""
        if not token:
            return None
        known = self._passes.get(token)
        if known is None:
            try:
                known = reader_pass.read(self.keyring, token)
            except InvalidToken:
                return None
            self._passes.put(token, known)
        if known.session_until <= now or known.session in self._ended:
            return None
        return known

    def change_keys(self, keyring: Keyring) -> None:
        """Sign and verify by other keys from now on: nothing that was verified by those of before is remembered."""
        self.keyring = keyring
        self.marks = Marks(keyring, self.zone)
        self._passes.clear()

    def end_session(self, session: bytes, now: int) -> None:
        """Remember that a session ended, until every pass of it is stale and the store is asked anyway."""
        self._ended.put(session, now)

    def session_changed(self, session: bytes, now: int) -> None:
        """A session's facts changed: passes signed up to now must be read from the store again."""
        self._changed.put(session, now)

    def must_ask(self, held: reader_pass.Pass, now: int) -> bool:
        """Whether a pass is no longer fresh, holds too many products, or was signed before its facts changed. One that
        was signed in the future is a host's whose clock differs: nobody knows what it was signed before."""
        left = held.fresh_until - now
        if left <= 0 or left > FRESHEST or held.ask:
            return True
        changed = self._changed.get(held.session)
        return changed is not None and held.fresh_until - reader_pass.FRESH_SECONDS <= changed
