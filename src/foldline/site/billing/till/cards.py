"""The till's cards. One chooses among them; a number can't be typed, so that nobody types a real one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Conduct(StrEnum):
    """What the bank behind a card does when it is charged."""

    PAYS = "pays"
    DECLINES = "declines"
    ASKS = "asks"
    SLOW = "slow"
    EXPIRES = "expires"


@dataclass(frozen=True, slots=True)
class Card:
    """`pays_first` for the payment at the till, `pays_later` for the renewals. `why` is the code of a refusal."""

    name: str
    digits: str
    conduct: Conduct
    says: str
    pays_first: bool = True
    pays_later: bool = True
    why: str = ""


CARDS: dict[str, Card] = {
    card.name: card
    for card in (
        Card("works", "4242", Conduct.PAYS, "pays at once"),
        Card("asks", "3155", Conduct.ASKS, "asks you to confirm with the bank"),
        Card("slow", "0077", Conduct.SLOW, "pays, some seconds after you have gone back"),
        Card("declined", "0002", Conduct.DECLINES, "is declined", False, False, "card_declined"),
        Card("no-funds", "9995", Conduct.DECLINES, "has no money on it", False, False, "insufficient_funds"),
        Card("expires", "0341", Conduct.EXPIRES, "pays now, and is declined at the next renewal", True, False),
    )
}
