"""A payment provider in memory: the plainest that keeps the protocol, with a clock that tests move.

It knows nothing of our states and tables: it has a status, a few marks, and what money does to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from foldline.site.billing.provider import (
    Checkout,
    Declined,
    Invoice,
    NotAtProvider,
    Notice,
    NoticeRefused,
    Price,
    ProviderUnavailable,
    Snapshot,
    Status,
)  # fmt: skip

DAY = 86_400
#: A month of this provider.
PERIOD = 30 * DAY
#: Whose card fails is asked again for so long, and then loses the subscription.
DUNNING = 14 * DAY

OVER = (Status.CANCELED, Status.INCOMPLETE_EXPIRED)


class MemoryProvider:
    """`told` are the notices that it has sent, in its order; whether they arrive is the test's to say. `history` has
    the objects of each subscription, with the moment from which each was so."""

    name = "memory"

    def __init__(self, now: int) -> None:
        self.now = now
        self.down = False
        self.told: list[Notice] = []
        self.objects: dict[str, Snapshot] = {}
        self.history: dict[str, list[tuple[int, Snapshot]]] = {}
        self.broken_cards: set[str] = set()
        self._version = 0

    # What happens there.

    def subscribe(self, reader: str, price: Price, *, first_payment_fails: bool = False) -> str:
        number = f"sub_{len(self.objects) + 1}"
        trial_end = self.now + price.trial_days * DAY if price.trial_days else None
        status = Status.INCOMPLETE if first_payment_fails else Status.TRIALING if trial_end else Status.ACTIVE
        self._version += 1
        self.objects[number] = Snapshot(
            subscription=number, customer=f"cus_of_{number}", reader=reader, plan=price.plan, status=status,
            period_end=self.now if first_payment_fails else trial_end or self.now + PERIOD,
            cancel_at_period_end=False, trial_end=trial_end, paused=False, refunded=False, disputed=False,
            amount=price.amount, currency=price.currency, created=self.now, updated=self._version,
        )  # fmt: skip
        self._tell(number, "created")
        return number

    def pay(self, number: str) -> None:
        """Money comes: for a first period, a renewal, or what was owed. What is paid already is paid for longer."""
        one = self.objects[number]
        if one.status not in OVER:
            until = max(one.period_end, self.now) + PERIOD
            self._change(number, "paid", status=Status.ACTIVE, period_end=until, refunded=False)

    def fail(self, number: str) -> None:
        """A payment fails. A first one, and one that is tried again, leave things as they are."""
        one = self.objects[number]
        if one.status in (Status.TRIALING, Status.ACTIVE):
            self._change(number, "payment-failed", status=Status.PAST_DUE, period_end=min(one.period_end, self.now))
        elif one.status not in OVER:
            self._change(number, "payment-failed")

    def give_up(self, number: str) -> None:
        """Nobody pays any more, and the provider leaves it unpaid; what was never paid at all only ends."""
        if self.objects[number].status not in (Status.INCOMPLETE, Status.INCOMPLETE_EXPIRED):
            self._change(number, "unpaid", status=Status.UNPAID)

    def pause(self, number: str) -> None:
        if self.objects[number].status is not Status.INCOMPLETE:
            self._change(number, "paused", paused=True)

    def resume_payments(self, number: str) -> None:
        self._change(number, "resumed", paused=False)

    def end(self, number: str) -> None:
        """It ends at once. What was never paid ends as that, however often."""
        never_paid = self.objects[number].status in (Status.INCOMPLETE, Status.INCOMPLETE_EXPIRED)
        over = Status.INCOMPLETE_EXPIRED if never_paid else Status.CANCELED
        self._change(number, "ended", status=over)

    def refund(self, number: str) -> None:
        self._change(number, "refunded", refunded=True)

    def dispute(self, number: str) -> None:
        self._change(number, "disputed", disputed=True)

    def win_dispute(self, number: str) -> None:
        self._change(number, "dispute-won", disputed=False)

    def change_plan(self, number: str, price: Price) -> None:
        """To another plan, at the provider's own page: it opens at once, and what is paid stays paid."""
        if self.objects[number].status not in OVER:
            self._change(number, "plan-changed", plan=price.plan, amount=price.amount, currency=price.currency)

    def will_end(self, number: str, at_period_end: bool) -> None:
        """Whether it is to be renewed, said at the provider's own page."""
        if self.objects[number].status is not Status.INCOMPLETE:
            self._change(number, "cancelled" if at_period_end else "kept", cancel_at_period_end=at_period_end)

    def pass_until(self, now: int) -> None:
        """Time passes there: trials and periods end, cards are charged or fail, and dunning gives up."""
        while due := [(at, number) for number in self.objects if (at := self._next(number)) <= now]:
            self.now, number = min(due)
            self._settle(number)
        self.now = now

    def _next(self, number: str) -> float:
        """When something happens to it by itself."""
        one = self.objects[number]
        if one.status in (*OVER, Status.UNPAID, Status.INCOMPLETE):
            return float("inf")
        if one.status is Status.PAST_DUE:
            return one.period_end + DUNNING
        return one.period_end

    def _settle(self, number: str) -> None:
        one = self.objects[number]
        if one.status is Status.PAST_DUE or one.cancel_at_period_end:
            self.end(number)
        elif one.paused:
            # Nothing is charged while it is paused, and nothing is paid: the provider waits for another day.
            self._change(number, "waits", status=Status.PAUSED, period_end=one.period_end)
            self.end(number)
        elif number in self.broken_cards:
            self.fail(number)
        else:
            self.pay(number)

    def _change(self, number: str, kind: str, **changes: object) -> None:
        self._version += 1
        self.objects[number] = replace(self.objects[number], updated=self._version, **changes)  # type: ignore[arg-type]
        self._tell(number, kind)

    def _tell(self, number: str, kind: str) -> None:
        self.history.setdefault(number, []).append((self.now, self.objects[number]))
        self.told.append(Notice(f"evt_{len(self.told) + 1}", kind, number, self.now, live=True))

    # What we may ask.

    def subscription(self, subscription_id: str) -> Snapshot:
        self._answer()
        if subscription_id not in self.objects:
            raise NotAtProvider(subscription_id)
        return self.objects[subscription_id]

    def subscriptions(self, since: int) -> Iterator[Snapshot]:
        self._answer()
        yield from [one for one in self.objects.values() if one.created >= since]

    def cancel_at_period_end(self, subscription_id: str, idempotency_key: str) -> Snapshot:
        self._answer()
        self._change(subscription_id, "cancelled", cancel_at_period_end=True)
        return self.objects[subscription_id]

    def resume(self, subscription_id: str, idempotency_key: str) -> Snapshot:
        self._answer()
        self._change(subscription_id, "kept", cancel_at_period_end=False)
        return self.objects[subscription_id]

    def withdraw(self, subscription_id: str, idempotency_key: str) -> Snapshot:
        self._answer()
        over = Status.CANCELED
        self._change(subscription_id, "withdrawn", status=over, refunded=True)
        return self.objects[subscription_id]

    def invoices(self, customer: str) -> list[Invoice]:
        return []

    def change_page(self, subscription_id: str, price: Price, back_url: str) -> str:
        """Who is led there has agreed."""
        self._answer()
        if self.subscription(subscription_id).status in OVER:
            raise Declined("ended")
        self.change_plan(subscription_id, price)
        return back_url

    def portal(self, customer: str, back_url: str) -> str:
        return back_url

    def start_checkout(
        self, reader_key: str, email: str, price: Price, back_url: str, idempotency_key: str
    ) -> Checkout:
        number = self.subscribe(reader_key, price)
        return Checkout(f"co_{number}", "", reader_key, price.plan, paid=True, subscription=number)

    def checkout(self, checkout_id: str) -> Checkout:
        one = self.subscription(checkout_id.removeprefix("co_"))
        return Checkout(checkout_id, "", one.reader, one.plan, paid=True, subscription=one.subscription)

    def page_for_staff(self, subscription_id: str) -> str:
        return f"https://memory.example/{subscription_id}"

    def read_notice(self, body: bytes, signature: str, now: int) -> Notice:
        for told in self.told:
            if told.id.encode() == body:
                return told
        raise NoticeRefused(400, "unknown")

    def _answer(self) -> None:
        if self.down:
            raise ProviderUnavailable("memory: down")
