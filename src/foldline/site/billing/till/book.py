"""What the till does: takes payments once, renews, fails, gives back, and notes down what to tell."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from foldline.clock import Clock
from foldline.site.billing.provider import Declined, InvoiceStatus, NotAtProvider, Status
from foldline.site.billing.till.cards import CARDS, Conduct
from foldline.site.billing.till.objects import Object, Objects
from foldline.site.billing.till.periods import period_end

DAY = 86_400
#: Seconds after which a slow card has paid, and a checkout or portal page is over.
SLOW, CHECKOUT_LASTS, PORTAL_LASTS = 5, DAY, 3600
#: A declined renewal is tried again after so many seconds, so often; then the subscription ends.
RETRY_AFTER, MOST_RETRIES = 3 * DAY, 3

_RUNS = (Status.TRIALING, Status.ACTIVE)


class Book:
    """The till's books. Every method is one transaction; `objects` is public for what only reads."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.objects = Objects(path)
        self._clock = clock

    def now(self) -> int:
        return int(self._clock.now())

    def once(self, key: str, question: Object, act: Callable[[], Object]) -> Object:
        """Do `act` where `key` is new; else what was answered then.

        Raises:
            Declined: `idempotency`, no key, or one that came with another question.
        """
        if not 8 <= len(key) <= 255:
            raise Declined("idempotency")
        with self.objects.change():
            answer = self.objects.answered(key, question)
            if answer is None:
                answer = act()
                self.objects.remember(key, question, answer)
            return answer

    # Checkouts

    def start_checkout(self, question: Object) -> Object:
        """A new visit to the payment page. Inside `once`."""
        made = {
            **question,
            "id": f"cs_till_{secrets.token_urlsafe(24)}",
            "state": "open",
            "subscription": None,
            "created": self.now(),
            "card": "",
            "settles_at": 0,
        }
        self.objects.put("checkout", question["reader"], made)
        return made

    def checkout(self, name: str) -> Object:
        """How it stands now."""
        self.keep_up()
        return self._checkout(name)

    def pay(self, name: str, card_name: str, confirmed: bool = False) -> str:
        """Charge a card for a checkout, once, however often the button is pressed: `paid`, `processing` or `asking`.

        Raises:
            Declined: the bank's code, or `expired`.
        """
        with self.objects.change():
            found = self._checkout(name)
            if found["state"] in ("paid", "processing"):
                return str(found["state"])
            if found["state"] == "expired":
                raise Declined("expired")
            if confirmed:
                if found["state"] != "asking":
                    raise Declined("not_asked")
                card_name = found["card"]
            card = CARDS.get(card_name)
            if card is None:
                raise Declined("no_such_card")
            if not card.pays_first:
                raise Declined(card.why)
            found["card"] = card.name
            if card.conduct is Conduct.ASKS and not confirmed:
                found["state"] = "asking"
            elif card.conduct is Conduct.SLOW:
                found["state"], found["settles_at"] = "processing", self.now() + SLOW
            else:
                self._settle(found)
            self.objects.put("checkout", found["reader"], found)
            return str(found["state"])

    def refuse(self, name: str) -> None:
        """The reader told the bank that this payment is not theirs."""
        with self.objects.change():
            found = self._checkout(name)
            if found["state"] == "asking":
                found["state"] = "open"
                self.objects.put("checkout", found["reader"], found)

    def _checkout(self, name: str) -> Object:
        found = self.objects.get("checkout", name)
        if found["state"] in ("open", "asking") and found["created"] + CHECKOUT_LASTS <= self.now():
            found["state"] = "expired"
        return found

    def _settle(self, checkout: Object) -> None:
        now = self.now()
        trial = checkout["trial_days"] * DAY
        customer = self._customer(checkout)
        subscription: Object = {
            "id": f"sub_till_{secrets.token_hex(12)}",
            "customer": customer["id"],
            **{name: checkout[name] for name in ("reader", "plan", "title", "amount", "currency", "interval")},
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
        self.objects.put("subscription", customer["id"], subscription)
        if not trial:
            self._invoice(subscription, InvoiceStatus.PAID)
        checkout["state"], checkout["subscription"] = "paid", subscription["id"]
        for kind in ("subscription.created", "checkout.paid", *([] if trial else ["invoice.paid"])):
            self.objects.tell(kind, subscription["id"], now)

    def _customer(self, checkout: Object) -> Object:
        known = self.objects.all("customer", checkout["reader"])
        customer = known[0] if known else {"id": f"cus_till_{secrets.token_hex(12)}", "reader": checkout["reader"]}
        customer |= {"email": checkout["email"], "card": checkout["card"]}
        self.objects.put("customer", checkout["reader"], customer)
        return customer

    # Subscriptions

    def subscription(self, name: str) -> Object:
        self.keep_up()
        return self.objects.get("subscription", name)

    def subscriptions(self, since: int = 0) -> list[Object]:
        self.keep_up()
        return [one for one in self.objects.all("subscription") if one["created"] >= since]

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
        self.keep_up()

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

    def set_card(self, customer: str, card_name: str) -> None:
        """Another means of payment; what is past due is tried again at once.

        Raises:
            Declined: `no_such_card`.
        """
        if card_name not in CARDS:
            raise Declined("no_such_card")
        with self.objects.change():
            found = self.objects.get("customer", customer)
            self.objects.put("customer", found["reader"], found | {"card": card_name})
            for one in self.objects.all("subscription", customer):
                if one["status"] == Status.PAST_DUE:
                    self.objects.put("subscription", customer, one | {"retry_at": self.now()})
        self.keep_up()

    def keep_up(self) -> None:
        """Whatever time has brought: slow payments, renewals, tries, ends."""
        now = self.now()
        with self.objects.change():
            for checkout in self.objects.all("checkout"):
                if checkout["state"] == "processing" and checkout["settles_at"] <= now:
                    self._settle(checkout)
                    self.objects.put("checkout", checkout["reader"], checkout)
            for found in self.objects.all("subscription"):
                self._roll(found, now)

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
        found["updated"] += 1
        self.objects.put("subscription", found["customer"], found)
        self.objects.tell(kind, found["id"], self.now())
        return found

    # Invoices and the portal

    def _invoice(self, found: Object, status: InvoiceStatus) -> None:
        """One demand for one period: what failed and is paid later is the same invoice."""
        failed = [one for one in self._invoices_of(found) if one["status"] == InvoiceStatus.FAILED]
        count = len(self.objects.all("invoice")) + 1
        fresh: Object = {
            "id": f"in_till_{secrets.token_urlsafe(18)}",
            "number": f"TILL-{count:04}",
            "subscription": found["id"],
            **{name: found[name] for name in ("plan", "title", "amount", "currency")},
            "created": self.now(),
        }
        self.objects.put("invoice", found["customer"], {**(failed[-1] if failed else fresh), "status": status})

    def _invoices_of(self, found: Object) -> list[Object]:
        invoices = self.objects.all("invoice", found["customer"])
        return [one for one in invoices if one["subscription"] == found["id"]]

    def invoices(self, customer: str) -> list[Object]:
        self.objects.get("customer", customer)
        return self.objects.all("invoice", customer)[::-1][:100]

    def open_portal(self, customer: str, back_url: str) -> Object:
        self.objects.get("customer", customer)
        made = {
            "id": f"bps_till_{secrets.token_urlsafe(24)}",
            "customer": customer,
            "back_url": back_url,
            "ends_at": self.now() + PORTAL_LASTS,
        }
        with self.objects.change():
            self.objects.put("portal", customer, made)
        return made

    def portal(self, name: str) -> Object:
        """An open portal page.

        Raises:
            NotAtProvider: it is over, or there is none.
        """
        found = self.objects.get("portal", name)
        if found["ends_at"] <= self.now():
            raise NotAtProvider("portal")
        return found
