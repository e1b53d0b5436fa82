"""Faults of gifts. Like all seeded faults they exist for the test kit only."""

from __future__ import annotations

import sqlite3

from foldline.errors import InvalidToken
from foldline.gate import read as gate_read
from foldline.gate.forms import ReadForm
from foldline.gate.gift import Brought, brought
from foldline.gate.request import Request
from foldline.gate.state import GateState
from foldline.gate.taken_back import TakenBack
from foldline.policy.facts import Article
from foldline.policy.reasons import Reason
from foldline.proof.fault import BOTH, Fault
from foldline.signed import gift
from foldline.signed.gift import Redeemed, Redemption
from foldline.stores import gifts
from foldline.stores.gifts import Given, SqliteGifts
from foldline.testing.builders import METERED
from foldline.testing.worlds import Breaks

_honest_one, _honest_redeem = gifts._one, SqliteGifts.redeem


def _without_a_bound(connection: sqlite3.Connection, number: bytes) -> Given | None:
    found = _honest_one(connection, number)
    return found._replace(most=found.opened + 1) if found is not None else None


def _of_any_article(form: ReadForm, request: Request, article: Article, gate: GateState, now: int) -> Brought | None:
    honest = brought(form, request, article, gate, now)
    if honest is None or honest.link is not None:
        return honest
    try:
        return Brought(Reason.GIFT_OPENS, gift.read(gate.keyring, form.gift.encode()))
    except InvalidToken:
        return honest


def _for_any_article(store: SqliteGifts, redemption: Redemption) -> Redeemed:
    found = _honest_redeem(store, redemption)
    return found if found.counted else _honest_redeem(store, redemption._replace(article=METERED.id))


def _still_open(taken_back: TakenBack, number: bytes) -> Reason:
    return Reason.GIFT_OPENS


GIFT_FAULTS: tuple[Fault, ...] = (
    Fault(
        "gift-without-a-bound",
        "a gift opens on one device more than it is for",
        Breaks(attributes=((gifts, "_one", _without_a_bound),)),
        BOTH,
        frozenset(("read",)),
    ),
    Fault(
        "gift-without-an-end",
        "a gift that was taken back is opened on another device",
        Breaks(attributes=((Given, "runs", lambda given, now: True),)),
        BOTH,
        frozenset(("read",)),
    ),
    Fault(
        "gift-of-any-article",
        "a gift opens an article that it is not of",
        Breaks(attributes=((gate_read, "brought", _of_any_article), (SqliteGifts, "redeem", _for_any_article))),
        BOTH,
        frozenset(("read",)),
    ),
    Fault(
        "gift-taken-back-stays-open",
        "what a gift opened stays open when it was taken back",
        Breaks(attributes=((TakenBack, "why", _still_open),)),
        BOTH,
    ),
)
