"""What a payment provider is asked and what it answers. Pure: no network, no Django.

Amounts are whole minor units (400 is 4.00 €), moments are Unix seconds. An adapter translates its provider's objects
into these; `tests/billing/provider_contract.py` holds every adapter to the same sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from foldline.errors import FoldlineError

#: How old a notice's signature may be, in seconds; the same holds for one from the future.
NOTICE_TOLERANCE = 300

Interval = Literal["month", "year"]


class Status(StrEnum):
    """How a subscription stands at the provider; the words of Stripe's API, which other providers can be mapped to."""

    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    PAUSED = "paused"
    UNPAID = "unpaid"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Price:
    """What a plan costs. It comes from the configuration, never from a client. `title` is what the provider's page and
    invoices call the plan, its key where that is "". `first_amount` is charged for each of the first `first_intervals`.
    Where `tax` is not `none` the provider works it out, within the amount or beside it."""

    plan: str
    amount: int
    currency: str
    interval: Interval
    trial_days: int = 0
    title: str = ""
    first_amount: int = 0
    first_intervals: int = 0
    promotion_codes: bool = False
    tax: Literal["none", "inclusive", "exclusive"] = "none"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One subscription as the provider has it now.

    `reader` is our `Reader.key`, given at checkout and kept by the provider; "" where it knows none. `plan` likewise.
    `period_end` is until when is paid, `trial_end` None without a trial. `amount` is what one interval costs, without
    any discount; `off` is what a discount takes from each charge before `off_until`, for good where that is None.
    `refunded`: the last payment went back in full. `disputed`: a payment is disputed, or was lost in a dispute.
    `updated` is a version: of two snapshots of one subscription, the one with the lower number is the older.
    """

    subscription: str
    customer: str
    reader: str
    plan: str
    status: Status
    period_end: int
    cancel_at_period_end: bool
    trial_end: int | None
    paused: bool
    refunded: bool
    disputed: bool
    amount: int
    currency: str
    created: int
    updated: int
    off: int = 0
    off_until: int | None = None

    @property
    def next_amount(self) -> int:
        """What is charged when the period ends, before tax that comes to it."""
        runs = self.off_until is None or self.period_end < self.off_until
        return max(0, self.amount - self.off) if runs else self.amount


@dataclass(frozen=True, slots=True)
class Checkout:
    """One visit to the provider's payment page. `paid` is also true where a trial began and nothing was due yet.

    `url` is the provider's page, "" where it can't be paid any more. `subscription` is None until it is paid.
    """

    id: str
    url: str
    reader: str
    plan: str
    paid: bool
    subscription: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """That something happened at the provider: its signature was good, its content is not to be believed.

    `id` is the event's, and comes again when the provider tells twice. `subscription` is "" where the event is about
    none. `live` is false for a provider's test mode.
    """

    id: str
    kind: str
    subscription: str
    created: int
    live: bool


class InvoiceStatus(StrEnum):
    """What became of one demand for money."""

    OPEN = "open"
    PAID = "paid"
    FAILED = "failed"
    REFUNDED = "refunded"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Invoice:
    """One demand for money. `url` is the provider's page of it, "" where it has none."""

    id: str
    number: str
    subscription: str
    amount: int
    currency: str
    status: InvoiceStatus
    created: int
    url: str


class ProviderUnavailable(FoldlineError):
    """The provider did not answer, not in time, or with a fault of its own. Ask again later, with the same key."""


class Declined(FoldlineError):
    """The provider understood and will not do it. `why` is its public code, such as `card_declined`."""

    def __init__(self, why: str) -> None:
        super().__init__(f"provider: declined ({why})")
        self.why = why


class NotAtProvider(FoldlineError):
    """The provider has no object of this id, or it belongs to somebody else."""


class NoticeRefused(FoldlineError):
    """A notice that nobody proved to be the provider's. `status` is what its sender is told, `why` a word for logs."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(f"notice: {why}")
        self.status = status
        self.why = why


class Provider(Protocol):
    """A payment provider.

    Every call may raise `ProviderUnavailable`; one that names an object `NotAtProvider`; one that changes something
    `Declined`. A call with an idempotency key that was used before answers as it did then and changes nothing again;
    the same key with another question is `Declined("idempotency")`.
    """

    #: What the ledger and logs call it: `till`, `stripe`.
    name: str
    #: The request header that a notice's signature comes in.
    signature_header: str

    def start_checkout(
        self, reader_key: str, email: str, price: Price, back_url: str, idempotency_key: str
    ) -> Checkout:
        """A new visit to the payment page, which leads back to `back_url` with `checkout=<id>` in its query."""
        ...

    def checkout(self, checkout_id: str) -> Checkout:
        """How a visit to the payment page stands now."""
        ...

    def subscription(self, subscription_id: str) -> Snapshot:
        """A subscription as it stands now."""
        ...

    def subscriptions(self, since: int) -> Iterator[Snapshot]:
        """Every subscription created at `since` or later, ended ones too; the order is the provider's."""
        ...

    def cancel_at_period_end(self, subscription_id: str, idempotency_key: str) -> Snapshot:
        """Let it end when what is paid ends. A subscription that has ended is `Declined("ended")`."""
        ...

    def resume(self, subscription_id: str, idempotency_key: str) -> Snapshot:
        """Take a cancellation back before the period ends. A subscription that has ended is `Declined("ended")`."""
        ...

    def withdraw(self, subscription_id: str, idempotency_key: str) -> Snapshot:
        """End it now and give back in full whatever was paid for it. One that has ended already is paid back too; what
        went back before does not go back again."""
        ...

    def change_page(self, subscription_id: str, price: Price, back_url: str) -> str:
        """The address of the provider's page where a person sees what going to another plan costs today, agrees, and is
        led back to `back_url`. Nothing changes before that, and nothing twice after it: what was paid and not used
        counts, and the subscription stays the same one. One that has ended is `Declined("ended")`."""
        ...

    def portal(self, customer: str, back_url: str) -> str:
        """The address of the provider's page where a customer changes the means of payment. It is short-lived."""
        ...

    def invoices(self, customer: str) -> list[Invoice]:
        """A customer's invoices, newest first, 100 at most."""
        ...

    def page_for_staff(self, subscription_id: str) -> str:
        """The address of the provider's own page where staff refund or end a subscription. Nothing is asked."""
        ...

    def read_notice(self, body: bytes, signature: str, now: int) -> Notice:
        """What a webhook says. `body` is its raw bytes, `signature` its header.

        Raises:
            NoticeRefused: no good signature (any one `v1` of the header counts), more than `NOTICE_TOLERANCE` old or
                ahead, of the other mode (test or live), or not an event.
        """
        ...
