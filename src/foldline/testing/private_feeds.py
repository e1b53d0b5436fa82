"""Keys of private feeds, for worlds: of readers who may not read a rest, and of one who may."""

from __future__ import annotations

from foldline.clock import Clock
from foldline.signed import feed_key
from foldline.signed.reader_pass import SESSION_SECONDS, PassFacts
from foldline.testing.builders import OTHER_PRODUCT, PRODUCT, SCIENCE

DAY = 86_400
#: The feed in which a world's private feeds are looked at: no article for registered readers, and none of
#: another title, stands in it.
BASE = SCIENCE.path

SUBSCRIBER, LAPSED, REGISTERED, OTHER_TITLE, ENDED, OVER, NOBODY = (letter * 32 for letter in "abcdefg")
#: Who may not read the whole of anything in that feed.
REFUSED = {
    "a lapsed subscriber": LAPSED,
    "a registered reader": REGISTERED,
    "a subscriber of another title": OTHER_TITLE,
    "a key that was ended": ENDED,
    "a key whose time is over": OVER,
    "a key of nobody": NOBODY,
}


def known_feeds(clock: Clock) -> tuple[PassFacts, ...]:
    """What the store knows of these keys."""
    now = int(clock.now())
    until = now + SESSION_SECONDS
    return (
        _facts(SUBSCRIBER, {PRODUCT: now + 30 * DAY}, until),
        _facts(LAPSED, {PRODUCT: now - DAY}, until),
        _facts(REGISTERED, {}, until),
        _facts(OTHER_TITLE, {OTHER_PRODUCT: now + 30 * DAY}, until),
        _facts(ENDED, {PRODUCT: now + 30 * DAY}, until, ended=True),
        _facts(OVER, {PRODUCT: now + 30 * DAY}, now),
    )


def address(key: str) -> bytes:
    """Where the feed of a key lies in a world."""
    return f"/-/feed/{key}{BASE}.xml".encode()


def _facts(key: str, products: dict[int, int], until: int, *, ended: bool = False) -> PassFacts:
    session = feed_key.session_of(key.encode(), BASE)
    if session is None:
        raise ValueError("these are keys")
    return PassFacts(b"a reader of feed", session, products, until, ended)
