"""The pass: who reads on this device, what is paid for, and three ends. Verified without asking anybody.

Body, big-endian (may never change within version 1):

    reader 16 | session 16 | fresh_until 4 | offline_until 4 | session_until 4 | ended_on 4 | flags 1 | products 2 each
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from foldline.errors import InvalidToken
from foldline.signed.keys import Keyring, Purpose

FRESH_SECONDS = 300
OFFLINE_SECONDS = 7 * 86_400
SESSION_SECONDS = 180 * 86_400
#: How much of a session may pass before its end is written again.
ROLL_AFTER = 86_400
MOST_PRODUCTS = 16

_FIXED = struct.Struct(">16s16sIIIIB")
_ASK, _PAYMENT_FAILED = 1, 2


@dataclass(frozen=True, slots=True)
class Pass:
    """Ends are epoch seconds: up to `fresh_until` nobody is asked; up to `offline_until` a reader reads on while the
    store does not answer; `session_until` ends the session. `ended_on` tells when the last subscription ended (0:
    none did). `ask` means that the reader has more products than a token holds: the store is asked every time.
    `payment_failed` means that a subscription of the reader's awaits a payment that did not go through."""

    reader: bytes
    session: bytes
    products: frozenset[int]
    fresh_until: int
    offline_until: int
    session_until: int
    ended_on: int = 0
    ask: bool = False
    payment_failed: bool = False


@dataclass(frozen=True, slots=True)
class PassFacts:
    """What the store knows of a session. `product_ends` gives each product's end in epoch seconds, 0 for none;
    `ended` means signed out; `used_on` is the day of the last use, an ordinal in the publication's zone."""

    reader: bytes
    session: bytes
    product_ends: Mapping[int, int]
    session_until: int
    ended: bool = False
    used_on: int = 0
    payment_failed: bool = False


def from_facts(facts: PassFacts, now: int) -> Pass:
    """The pass that the stored facts allow at `now`."""
    product_ends, session_until = facts.product_ends, facts.session_until
    running = {product: end for product, end in product_ends.items() if not end or end > now}
    ended = [end for end in product_ends.values() if end and end <= now]
    paid_until = min((end for end in running.values() if end), default=session_until)
    offline_until = min(now + OFFLINE_SECONDS, paid_until, session_until)
    return Pass(
        reader=facts.reader,
        session=facts.session,
        products=frozenset(running),
        fresh_until=min(now + FRESH_SECONDS, offline_until),
        offline_until=offline_until,
        session_until=session_until,
        ended_on=max(ended, default=0) if not running else 0,
        ask=len(running) > MOST_PRODUCTS,
        payment_failed=facts.payment_failed,
    )


def issue(keyring: Keyring, reader_pass: Pass) -> str:
    """The pass as a cookie value."""
    body = _FIXED.pack(
        reader_pass.reader,
        reader_pass.session,
        reader_pass.fresh_until,
        reader_pass.offline_until,
        reader_pass.session_until,
        reader_pass.ended_on,
        (_ASK if reader_pass.ask else 0) | (_PAYMENT_FAILED if reader_pass.payment_failed else 0),
    )
    products = sorted(reader_pass.products)[:MOST_PRODUCTS]
    return keyring.sign(Purpose.PASS, body + struct.pack(f">{len(products)}H", *products))


def read(keyring: Keyring, token: bytes) -> Pass:
    """The pass in a cookie value. Its ends are not compared with any clock here.

    Raises:
        InvalidToken: for anything that this publication did not sign as a pass.
    """
    body = keyring.verify(Purpose.PASS, token)
    rest = len(body) - _FIXED.size
    if rest < 0 or rest % 2 or rest > 2 * MOST_PRODUCTS:
        raise InvalidToken("not a pass")
    reader, session, fresh, offline, until, ended, flags = _FIXED.unpack_from(body)
    products = struct.unpack_from(f">{rest // 2}H", body, _FIXED.size)
    ask, failed = bool(flags & _ASK), bool(flags & _PAYMENT_FAILED)
    return Pass(reader, session, frozenset(products), fresh, offline, until, ended, ask, failed)
