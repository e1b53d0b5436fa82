"""The stores that visits wait for, each asked in a thread of its own and within a deadline."""

from __future__ import annotations

from functools import partial

from foldline.server.in_thread import InThread
from foldline.server.session_roll import SessionRoll
from foldline.signed.counting import Charge, Counted
from foldline.signed.gift import Redeemed, Redemption
from foldline.signed.reader_pass import Pass, PassFacts
from foldline.stores.gifts import SqliteGifts
from foldline.stores.meter import LOCK_SECONDS, MeterStore
from foldline.stores.passes import DEADLINE, PassStore

#: A store that was too slow, or failed, is left alone for so long, in seconds.
BREATHER = 1.0
#: How long a visit waits for a spend, in seconds: for its turn in this worker, for the lock, and for the disk.
SPEND_DEADLINE = LOCK_SECONDS + 0.5


class ThreadedPasses:
    """Asks the pass store in a thread, so that a stuck disk holds up one visit for 50 ms and no other."""

    def __init__(self, store: PassStore, roll: SessionRoll, deadline: float = DEADLINE) -> None:
        self._store = store
        self._roll = roll
        self._ask = InThread("pass facts", deadline, BREATHER, after_failures=True)

    async def renew(self, held: Pass) -> PassFacts | None:
        """The facts of a pass.

        Raises:
            StoreUnavailable: no answer within the deadline, or none a moment ago.
        """
        facts = await self._ask(partial(self._store.facts, held.session))
        return self._roll.used(facts) if facts is not None else None


class ThreadedMeter:
    """Asks the meter store in a thread, so that another worker's lock or a stuck disk holds up spends and nothing else.

    A spend that comes too late may still be counted: the article then opens for nothing when it is tried again.
    """

    def __init__(self, store: MeterStore, deadline: float = SPEND_DEADLINE) -> None:
        self._store = store
        self._ask = InThread("meter", deadline, BREATHER, after_failures=True)

    async def spend(self, charge: Charge) -> Counted:
        """Count an article.

        Raises:
            StoreUnavailable: no answer within the deadline, or none a moment ago.
        """
        return await self._ask(partial(self._store.spend, charge))


class ThreadedGifts:
    """Asks the store of gifts in a thread of its own. One that is opened too late is counted all the same, and opens
    for nothing when the same device tries again."""

    def __init__(self, store: SqliteGifts, deadline: float = SPEND_DEADLINE) -> None:
        self._store = store
        self._ask = InThread("gifts", deadline, BREATHER, after_failures=True)

    async def redeem(self, redemption: Redemption) -> Redeemed:
        """Open a gift.

        Raises:
            StoreUnavailable: no answer within the deadline, or none a moment ago.
        """
        return await self._ask(partial(self._store.redeem, redemption))
