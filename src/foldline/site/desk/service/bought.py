"""A reader's subscriptions as staff see them: the state, what is paid, what is charged next, and each step of the log.

Everything is what the ledger wrote last. No provider is asked, so the page is there when none answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from foldline.pages.prices import price_line, spoken
from foldline.site.billing import held, lifecycle, owned, plans, selling
from foldline.site.billing.lifecycle import State
from foldline.site.billing.models import BillingEvent, Subscription
from foldline.site.billing.terms import title_of
from foldline.site.readers import moment
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words

#: Each state as it bears on reading; `docs/billing.md` has the table.
SAYINGS = {
    State.NONE: "A first payment was never made.",
    State.TRIALING: "A trial runs.",
    State.ACTIVE: "Paid, and renewed by itself.",
    State.PAST_DUE: "A payment failed. The provider tries again, and the reader reads on for the days of grace.",
    State.PAUSED: "Paused: nothing is charged for now.",
    State.CANCELLED: "Cancelled: it opens until the end of what is paid.",
    State.LAPSED: "Ended, or left unpaid: it opens nothing.",
    State.REFUNDED: "The last payment went back: it opens nothing.",
    State.DISPUTED: "The bank disputes a payment: it opens nothing.",
}
_CHARGED = frozenset((State.TRIALING, State.ACTIVE))
_OPENING = held.STANDS


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the log of billing. `until` is None for what opened nothing."""

    at: datetime
    what: str
    before: str
    after: str
    heard: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Bought:
    """One subscription. `next_charge` is "" where none is known, `address` that of the provider's page for staff, ""
    where there is none."""

    number: str
    provider: str
    name: str
    price: str
    state: str
    said: str
    good: bool
    paid_until: datetime
    opens_until: datetime | None
    next_charge: str
    next_charge_on: datetime | None
    address: str
    seen: datetime
    steps: tuple[Step, ...]


def bought_by(reader: Reader) -> list[Bought]:
    """A reader's subscriptions, those that stand first."""
    return [_bought(one) for one in held.of(reader)]


def _bought(one: Subscription) -> Bought:
    state = State(one.state)
    plan = plans.named(one.plan)
    amount = spoken(one.amount, one.currency, words().language)
    paid_until = lifecycle.paid_until(one.snapshot)
    charged = state in _CHARGED
    provider = selling.provider()
    of_here = provider is not None and provider.name == one.provider
    return Bought(
        number=one.provider_id,
        provider=one.provider,
        name=title_of(one),
        price=amount if plan is None else price_line(one.amount, one.currency, plan.interval, words()),
        state=state.value,
        said=SAYINGS[state],
        good=state in _OPENING,
        paid_until=_moment(paid_until),
        opens_until=_moment_or_none(owned.open_until(one, moment.epoch())),
        next_charge=spoken(one.snapshot.next_amount, one.currency, words().language) if charged else "",
        next_charge_on=_moment(paid_until) if charged else None,
        address=provider.page_for_staff(one.provider_id) if provider is not None and of_here else "",
        seen=_moment(one.seen),
        steps=tuple(_step(event) for event in one.events.all()),
    )


def _step(event: BillingEvent) -> Step:
    return Step(_moment(event.at), event.what, event.before, event.after, event.heard, _moment_or_none(event.until))


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _moment_or_none(at: int) -> datetime | None:
    return _moment(at) if at else None
