"""A subscription after it was paid for the first time: renewed, past due, paused, given back, ended."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from foldline.site.billing.provider import Declined, InvoiceStatus, Status
from foldline.site.billing.till.cards import CARDS
from foldline.site.billing.till.charging import Charge, change_charge, discount_of, next_charge, off_until
from foldline.site.billing.till.objects import Object, Objects
from foldline.site.billing.till.periods import period_end

DAY = 86_400
#: A declined renewal is tried again after so many seconds, so often; then the subscription ends.
RETRY_AFTER, MOST_RETRIES = 3 * DAY, 3

_RUNS = (Status.TRIALING, Status.ACTIVE)


class Renewals:
    """The till's subscriptions. Methods without an underscore that change something are one transaction each, but for
    those that say that they stand inside one."""

    def __init__(self, objects: Objects, now: Callable[[], int]) -> None:
        self.objects, self.now = objects, now

    def begin(self, checkout: Object, customer: str) -> str:
        """Inside a transaction: the subscription that a checkout paid for; its id."""
        now = self.now()
        trial = checkout["trial_days"] * DAY
        off, off_left = discount_of(checkout)
        subscription: Object = {
            "id": f"sub_till_{secrets.token_hex(12)}",
            "customer": customer,
            **{name: checkout[name] for name in ("reader", "plan", "title", "amount", "currency", "interval", "tax")},
            "off": off,
            "off_left": off_left,
            "status": Status.TRIALING if trial else Status.ACTIVE,
            "anchor": now + trial,
            "periods": 0 if trial else 1,
            "period_end": now + trial if trial else period_end(now, checkout["interval"], 1),
            "trial_end": now + trial if trial else None,
            "cancel_at_period_end": False,
            "paused": False,
            "refunded": False,
            "disputed": False,
            "created": now,
            "updated": 1,
            "failures": 0,
            "retry_at": 0,
        }
        if not trial:
            self._invoice(subscription, InvoiceStatus.PAID)
        subscription["off_until"] = off_until(subscription)
        self.objects.put("subscription", customer, subscription)
        for kind in ("subscription.created", "checkout.paid", *([] if trial else ["invoice.paid"])):
            self.objects.tell(kind, subscription["id"], now)
        return str(subscription["id"])

    def try_again(self, customer: str) -> None:
        """Inside a transaction: what is past due is tried at once."""
        for one in self.objects.all("subscription", customer):
            if one["status"] == Status.PAST_DUE:
                self.objects.put("subscription", customer, one | {"retry_at": self.now()})

    def roll_all(self) -> None:
        """Inside a transaction: renewals, tries and ends that are due."""
        now = self.now()
        for found in self.objects.all("subscription"):
            self._roll(found, now)

    def set_cancel(self, name: str, cancel: bool) -> Object:
        """Inside `once`: let it end with its period, or take that back.

        Raises:
            Declined: `ended`.
        """
        found = self.objects.get("subscription", name)
        if found["status"] == Status.CANCELED:
            raise Declined("ended")
        found["cancel_at_period_end"] = cancel
        return self._changed(found, "subscription.updated")

    def withdraw(self, name: str) -> Object:
        """Inside `once`: end it now, and give back all that was paid for it."""
        found = self.objects.get("subscription", name)
        paid = [one for one in self._invoices_of(found) if one["status"] == InvoiceStatus.PAID]
        for one in paid:
            self.objects.put("invoice", found["customer"], {**one, "status": InvoiceStatus.REFUNDED})
        if paid:
            found = self._changed(found | {"refunded": True}, "charge.refunded")
        if found["status"] != Status.CANCELED:
            self._end(found, self.now())
        return found

    def due_for(self, change: Object) -> Charge:
        """What a change costs today."""
        found = self.objects.get("subscription", change["subscription"])
        paid = [one for one in self._invoices_of(found) if one["status"] == InvoiceStatus.PAID]
        net = paid[-1]["amount"] - (paid[-1]["tax"] if found["tax"] == "exclusive" else 0) if paid else 0
        return change_charge(found, min(net, found["amount"]), change, self.now())

    def next_at(self, change: Object) -> int:
        """When a change that is confirmed now is charged for the next time."""
        found = self.objects.get("subscription", change["subscription"])
        if change["interval"] == found["interval"] or found["status"] == Status.TRIALING:
            return int(found["period_end"])
        return period_end(self.now(), change["interval"], 1)

    def change_plan(self, change: Object) -> None:
        """Charge what a change costs, and go to the other plan; once, however often the button is pressed.

        Raises:
            Declined: the bank's code, and nothing has changed; `ended`, or `not_running` where it pauses or ends.
        """
        with self.objects.change():
            found, now = self.objects.get("subscription", change["subscription"]), self.now()
            if found["status"] == Status.CANCELED:
                raise Declined("ended")
            if found["status"] not in _RUNS or found["paused"] or found["cancel_at_period_end"]:
                raise Declined("not_running")
            if (found["plan"], found["amount"], found["interval"]) == tuple(
                change[name] for name in ("plan", "amount", "interval")
            ):
                return
            due = self.due_for(change)
            card = CARDS[self.objects.get("customer", found["customer"])["card"]]
            if due.total and not card.pays_later:
                raise Declined(card.why or "card_declined")
            trial = found["status"] == Status.TRIALING
            if change["interval"] != found["interval"] and not trial:
                found |= {"anchor": now, "periods": 1, "period_end": period_end(now, change["interval"], 1)}
            found |= {name: change[name] for name in ("plan", "title", "amount", "currency", "interval", "tax")}
            found["off"] = min(found["off"], found["amount"])
            if not trial:
                self._put_invoice(found, due, InvoiceStatus.PAID)
                self.objects.tell("invoice.paid", found["id"], now)
            self._changed(found, "subscription.updated")

    def end_period(self, name: str) -> None:
        """Let the period that is paid, or the pause before the next try, end now."""
        with self.objects.change():
            found = self.objects.get("subscription", name)
            now = self.now()
            if found["status"] in _RUNS:
                found |= {"anchor": now, "periods": 0, "period_end": now}
                found["trial_end"] = now if found["status"] == Status.TRIALING else found["trial_end"]
            found["retry_at"] = now
            self.objects.put("subscription", found["customer"], found)
            self._roll(found, now)

    def pause(self, name: str, paused: bool) -> None:
        """Charge nothing until told otherwise; what is paid runs on to its end."""
        self._set(name, {"paused": paused}, "subscription.updated")

    def refund(self, name: str) -> None:
        """Give the last payment back in full.

        Raises:
            Declined: `nothing_paid`.
        """
        with self.objects.change():
            found = self.objects.get("subscription", name)
            paid = [one for one in self._invoices_of(found) if one["status"] == InvoiceStatus.PAID]
            if not paid:
                raise Declined("nothing_paid")
            self.objects.put("invoice", found["customer"], {**paid[-1], "status": InvoiceStatus.REFUNDED})
            self._changed(found | {"refunded": True}, "charge.refunded")

    def dispute(self, name: str, disputed: bool) -> None:
        """The card's owner takes the payment back through the bank, or lost doing so."""
        self._set(name, {"disputed": disputed}, "charge.dispute.created" if disputed else "charge.dispute.closed")

    def end(self, name: str) -> None:
        """End it now, whatever is paid."""
        with self.objects.change():
            found = self.objects.get("subscription", name)
            if found["status"] != Status.CANCELED:
                self._end(found, self.now())

    def _roll(self, found: Object, now: int) -> None:
        # Bounded: a till that slept for ten years renews month by month.
        for _ in range(1000):
            due = found["period_end"] if found["status"] in _RUNS else found["retry_at"]
            if found["status"] not in (*_RUNS, Status.PAST_DUE) or due > now:
                return
            if found["cancel_at_period_end"] and found["status"] in _RUNS:
                self._end(found, found["period_end"])
            elif found["paused"]:
                return
            else:
                self._charge(found, now)

    def _charge(self, found: Object, now: int) -> None:
        card = CARDS[self.objects.get("customer", found["customer"])["card"]]
        found["status"] = Status.ACTIVE if card.pays_later else Status.PAST_DUE
        if card.pays_later:
            found |= {"failures": 0, "refunded": False, "periods": found["periods"] + 1}
            found["period_end"] = period_end(found["anchor"], found["interval"], found["periods"])
            self._invoice(found, InvoiceStatus.PAID)
            self._changed(found, "invoice.paid")
            return
        found |= {"failures": found["failures"] + 1, "retry_at": now + RETRY_AFTER}
        self._invoice(found, InvoiceStatus.FAILED)
        self._changed(found, "invoice.payment_failed")
        if found["failures"] > MOST_RETRIES:
            self._end(found, now)

    def _end(self, found: Object, at: int) -> None:
        found |= {"status": Status.CANCELED, "period_end": min(found["period_end"], at)}
        self._changed(found, "subscription.deleted")

    def _set(self, name: str, values: Object, kind: str) -> None:
        with self.objects.change():
            self._changed(self.objects.get("subscription", name) | values, kind)

    def _changed(self, found: Object, kind: str) -> Object:
        found |= {"updated": found["updated"] + 1, "off_until": off_until(found)}
        if not found["off_left"]:
            found["off"] = 0
        self.objects.put("subscription", found["customer"], found)
        self.objects.tell(kind, found["id"], self.now())
        return found

    def _invoice(self, found: Object, status: InvoiceStatus) -> None:
        """One demand for one period: what failed and is paid later is the same invoice. Once it is paid, one
        discount less is left."""
        due = next_charge(found)
        if status == InvoiceStatus.PAID:
            found["off_left"] = max(0, found["off_left"] - 1)
        failed = [one for one in self._invoices_of(found) if one["status"] == InvoiceStatus.FAILED]
        if failed:
            self.objects.put("invoice", found["customer"], {**failed[-1], "status": status})
        else:
            self._put_invoice(found, due, status)

    def _put_invoice(self, found: Object, due: Charge, status: InvoiceStatus) -> None:
        count = len(self.objects.all("invoice")) + 1
        fresh: Object = {
            "id": f"in_till_{secrets.token_urlsafe(18)}",
            "number": f"TILL-{count:04}",
            "subscription": found["id"],
            **{name: found[name] for name in ("plan", "title", "currency")},
            "amount": due.total,
            "tax": due.tax,
            "created": self.now(),
        }
        self.objects.put("invoice", found["customer"], {**fresh, "status": status})

    def _invoices_of(self, found: Object) -> list[Object]:
        invoices = self.objects.all("invoice", found["customer"])
        return [one for one in invoices if one["subscription"] == found["id"]]
