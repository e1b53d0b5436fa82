"""Gifts of a world: links of one article that open nothing there, and one that runs. The same in every world."""

from __future__ import annotations

from contextlib import closing

from foldline.signed import gift
from foldline.signed.gift import GiftLink, Redeemed, Redemption
from foldline.signed.keys import Keyring
from foldline.stores.gifts import Giving, SqliteGifts
from foldline.stores.home import Home
from foldline.testing.builders import HOST, METERED, SECRET, SUBSCRIBERS

_KEYRING = Keyring((SECRET.encode(),), HOST)
_LATE = 4_000_000_000

#: Gifts that the store of a world knows: number, article, end, devices that may open it.
RUNNING, OF_ANOTHER, SPENT, TAKEN_BACK = b"running.", b"another.", b"  spent.", b"   back."
_KNOWN = (
    (RUNNING, SUBSCRIBERS.id, 99_999),
    (OF_ANOTHER, METERED.id, 99_999),
    (SPENT, SUBSCRIBERS.id, 1),
    (TAKEN_BACK, SUBSCRIBERS.id, 99_999),
)


def token(number: bytes, article: int = SUBSCRIBERS.id, ends: int = _LATE) -> str:
    """What a link carries."""
    return gift.issue(_KEYRING, GiftLink(number, article, ends))


RUNS = token(RUNNING)
#: Links that open nothing of the subscribers' article, and why.
REFUSED = {
    "a gift that has ended": token(b"  ended.", ends=1),
    "a gift that nobody gave": token(b"guessed."),
    "a gift of another article": token(OF_ANOTHER, METERED.id),
    "a gift that is spent": token(SPENT),
    "a gift that was taken back": token(TAKEN_BACK),
    "a gift that was edited": f"{RUNS[:-2]}{'AA' if RUNS[-2:] != 'AA' else 'BB'}",
}


def write_gifts(home: Home, now: int) -> None:
    """Let the store know them, as the desk would."""
    with closing(SqliteGifts(home)) as store:
        for number, article, most in _KNOWN:
            store.publish(Giving(number, (), article, 0, _LATE, now, _LATE, most, 0))
        store.redeem(Redemption(SPENT, SUBSCRIBERS.id, (b"somebody",), now))
        store.take_back(TAKEN_BACK, now)


def taken_back() -> tuple[tuple[bytes, int], ...]:
    """What every worker would have learned."""
    return ((TAKEN_BACK, _LATE),)


class StoredGifts:
    """The store of a world's gifts, asked where one stands."""

    def __init__(self, home: Home) -> None:
        self._home = home

    async def redeem(self, redemption: Redemption) -> Redeemed:
        with closing(SqliteGifts(self._home)) as store:
            return store.redeem(redemption)
