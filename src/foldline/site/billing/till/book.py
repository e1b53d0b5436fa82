"""What the till does: takes a payment once, keeps up with time, and opens its portal."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from foldline.clock import Clock
from foldline.site.billing.provider import Declined, NotAtProvider, Status
from foldline.site.billing.till.cards import CARDS, Conduct
from foldline.site.billing.till.charging import CODES
from foldline.site.billing.till.objects import Object, Objects
from foldline.site.billing.till.renewals import DAY, Renewals

#: Seconds after which a slow card has paid, and a checkout or portal page is over.
SLOW, CHECKOUT_LASTS, PORTAL_LASTS = 5, DAY, 3600


class Book:
    """The till's books. Every method is one transaction; `objects` is public for what only
    reads, `renewals` is what becomes of a subscription later."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.objects = Objects(path)
        self.renewals = Renewals(self.objects, self.now)
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
            "code": "",
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

    def use_code(self, name: str, code: str) -> None:
        """Enter a promotion code at a checkout; "" takes it away.

        Raises:
            Declined: `no_such_code`, or codes are not asked for here.
        """
        with self.objects.change():
            found = self._checkout(name)
            if code and (code not in CODES or not found["promotion_codes"]):
                raise Declined("no_such_code")
            if found["state"] == "open":
                self.objects.put("checkout", found["reader"], found | {"code": code})

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
        customer = self._customer(checkout)
        checkout["state"], checkout["subscription"] = "paid", self.renewals.begin(checkout, customer["id"])

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
            self.renewals.try_again(customer)
        self.keep_up()

    def keep_up(self) -> None:
        """Whatever time has brought: slow payments, renewals, tries, ends."""
        now = self.now()
        with self.objects.change():
            for checkout in self.objects.all("checkout"):
                if checkout["state"] == "processing" and checkout["settles_at"] <= now:
                    self._settle(checkout)
                    self.objects.put("checkout", checkout["reader"], checkout)
            self.renewals.roll_all()

    # Invoices and the portal

    def invoices(self, customer: str) -> list[Object]:
        self.objects.get("customer", customer)
        return self.objects.all("invoice", customer)[::-1][:100]

    def open_change(self, subscription: str, question: Object) -> Object:
        """A page on which a person goes to another plan, or does not.

        Raises:
            Declined: `ended`.
        """
        found = self.subscription(subscription)
        if found["status"] == Status.CANCELED:
            raise Declined("ended")
        made = {
            **question,
            "id": f"chg_till_{secrets.token_urlsafe(24)}",
            "subscription": subscription,
            "ends_at": self.now() + PORTAL_LASTS,
        }
        with self.objects.change():
            self.objects.put("change", subscription, made)
        return made

    def change_of(self, name: str) -> Object:
        """An open page of a change.

        Raises:
            NotAtProvider: it is over, or there is none.
        """
        found = self.objects.get("change", name)
        if found["ends_at"] <= self.now():
            raise NotAtProvider("change")
        return found

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
