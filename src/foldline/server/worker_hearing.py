"""What a worker hears between its answers: what changed, and whether it can still answer."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from foldline.errors import StoreUnavailable
from foldline.gate.health import Lack, lack_of
from foldline.server.steps import Steps
from foldline.server.worker_parts import WorkerParts
from foldline.signed.reader_pass import PassFacts
from foldline.stores.changes import Change

if TYPE_CHECKING:
    from foldline.server.origin_gate import OriginGate

log = logging.getLogger(__name__)


class WorkerHearing:
    """Steps that read, and change what the gate decides by. What can't be read stays as it was, and is read again."""

    def __init__(self, parts: WorkerParts, origin: OriginGate | None) -> None:
        self._parts = parts
        self._state = parts.state
        self._origin = origin
        self._asks_again = False
        self._lack: Lack | None = None

    def changes(self) -> Steps:
        """Changes in their order, and whatever is not settled since."""
        changes = yield self._parts.feed.read
        if isinstance(changes, StoreUnavailable):
            log.warning("%s", changes)
            changes = []
        else:
            self._state.changes_heard_at = self._state.now()
        for change in changes:
            if change.kind == "session":
                session = bytes.fromhex(change.key)
                self._state.session_changed(session, self._state.now())
                self._hear_facts(session, (yield partial(self._parts.facts.facts, session)))
                continue
            if change.kind == "all":
                yield from self._catch_up()
            self._hear_change(change)
        yield from self._unsettled()

    def readiness(self) -> Steps:
        """Read past what is held in memory, and tell once that the worker became ready, or is not any more, and
        why."""
        read = yield partial(self._parts.records.path_of, 0)
        if isinstance(read, StoreUnavailable):
            log.warning("%s", read)
        else:
            self._state.records_read_at = self._state.now()
        lack = lack_of(self._state)
        if lack != self._lack:
            if lack:
                log.error("not ready: it lacks %s", lack)
            elif self._lack is not None:
                log.warning("ready again")
            self._lack = lack

    def _unsettled(self) -> Steps:
        parts, state = self._parts, self._state
        if not state.taken_back.known:
            self._learn_taken_back((yield self._read_taken_back))
        if self._origin is not None:
            if not self._origin.knows_told:
                yield from self._catch_up()
            self._origin.settle()
        if not parts.keys.settled:
            parts.hold_keys((yield parts.keys.look))
        if not parts.rules.settled:
            state.rules = yield partial(parts.rules.look, state.now())
        if not parts.crawlers.settled:
            state.crawlers = yield partial(parts.crawlers.look, state.now())
        if not parts.institutions.settled:
            state.institutions = yield parts.institutions.look
        if self._origin is not None and not parts.mode.settled:
            self._origin.mode = yield parts.mode.look

    def _catch_up(self) -> Steps:
        """Ask what the origin has told other hosts. Until it is answered no article of it is shown."""
        if self._origin is not None and self._parts.distant:
            self._origin.catch_up((yield self._parts.feed.told))

    def _hear_change(self, change: Change) -> None:
        parts = self._parts
        if change.kind == "article":
            parts.library.forget(change.key.encode())
        elif change.kind == "gift":
            number, _, ends = change.key.partition(":")
            self._state.taken_back.add(bytes.fromhex(number), int(ends), self._state.now())
        elif change.kind in ("rules", "open-now"):
            parts.rules.settled = False
        elif change.kind == "crawlers":
            parts.crawlers.settled = False
        elif change.kind == "institutions":
            parts.institutions.settled = False
        elif change.kind in ("origin-changed", "origin-withdrawn"):
            parts.library.forget(change.key.encode())
            self._hear_origin(change)
        elif change.kind == "keys":
            parts.keys.settled = False
        elif change.kind == "mode":
            parts.mode.settled = False
        else:
            parts.library.forget_all()
            self._state.taken_back.known = False
            parts.rules.settled = parts.mode.settled = parts.keys.settled = False
            parts.crawlers.settled = parts.institutions.settled = False
            self._hear_origin(change)

    def _hear_origin(self, change: Change) -> None:
        if self._origin is not None:
            self._origin.hear(change)

    def _hear_facts(self, session: bytes, facts: PassFacts | StoreUnavailable | None) -> None:
        if isinstance(facts, StoreUnavailable):
            # Nothing is lost: a changed session is asked for at its next visit.
            log.warning("%s", facts)
        elif facts is None or facts.ended:
            self._state.end_session(session, self._state.now())

    def _read_taken_back(self) -> tuple[tuple[bytes, int], ...]:
        try:
            return self._parts.taken_back.taken_back(self._state.now())
        finally:
            self._parts.taken_back.close()

    def _learn_taken_back(self, found: tuple[tuple[bytes, int], ...] | StoreUnavailable) -> None:
        """Until it is known every opening by a gift is closed."""
        if isinstance(found, StoreUnavailable):
            if not self._asks_again:
                log.warning("%s", found)
            self._asks_again = True
            return
        self._state.taken_back.learn(found)
        self._asks_again = False
