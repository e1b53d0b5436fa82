"""Stripe as a `Provider`, through the library `stripe`: hosted Checkout, Billing Portal, signed events.

What of it was run against which peer, and what was not, stands in `docs/billing-stripe.md`.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import stripe

from foldline.site.billing import stripe_objects as ours
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
)
from foldline.site.billing.signature import verify

log = logging.getLogger(__name__)

API = "https://api.stripe.com"
DASHBOARD = "https://dashboard.stripe.com"
#: Seconds for one request, and how often the library tries again (with the same idempotency key).
TIMEOUT, RETRIES = 8, 1
#: Of a customer's charges, so many are looked at for a refund or a dispute.
CHARGES = 20

_KEY = re.compile(r"(?:sk|rk)_(live|test)_\S+")
_ID = re.compile(r"[A-Za-z0-9_-]{3,255}")
_WHOLE: Any = {"expand": ["latest_invoice"]}
_DISCOUNTS: Any = {"expand": ["latest_invoice", "discounts.source.coupon"]}
_ENDED = (Status.CANCELED, Status.INCOMPLETE_EXPIRED)

# What took how long is nobody else's business.
stripe.enable_telemetry = False


class StripeProvider:
    """`key` is a secret or restricted key, `notice_secrets` those of the webhook endpoint (two while one is rotated).

    Raises:
        ValueError: the key is none, or there is no notice secret.
    """

    name = "stripe"
    signature_header = "Stripe-Signature"

    def __init__(
        self,
        key: str,
        notice_secrets: tuple[str, ...],
        api: str = API,
        clock: Callable[[], float] = time.time,
        retries: int = RETRIES,
    ) -> None:
        mode = _KEY.fullmatch(key)
        if mode is None or not notice_secrets or not all(notice_secrets):
            raise ValueError("a key and the secret of the webhook endpoint")
        self._live = mode[1] == "live"
        self._notice_secrets = notice_secrets
        self._clock = clock
        self._prices: dict[str, str] = {}
        self._changes: dict[str, str] = {}
        self._api = stripe.StripeClient(
            key,
            base_addresses={"api": api},
            http_client=stripe.RequestsClient(timeout=TIMEOUT),
            max_network_retries=retries,
        ).v1

    def start_checkout(
        self, reader_key: str, email: str, price: Price, back_url: str, idempotency_key: str
    ) -> Checkout:
        said = {ours.READER: reader_key, ours.PLAN: price.plan}
        subscription: dict[str, Any] = {"metadata": said}
        if price.trial_days:
            subscription["trial_period_days"] = price.trial_days
        more: dict[str, Any] = {"allow_promotion_codes": True} if price.promotion_codes else {}
        if price.first_intervals:
            more["discounts"] = [{"coupon": self._coupon(price)}]
        if price.tax != "none":
            more["automatic_tax"] = {"enabled": True}
        asked: Any = {
            **more,
            "mode": "subscription",
            "client_reference_id": reader_key,
            "customer_email": email,
            "success_url": _with_checkout(back_url),
            "cancel_url": back_url,
            "metadata": said,
            "subscription_data": subscription,
            "line_items": [{"quantity": 1, "price": self._price(price)}],
        }
        with _asking("checkout"):
            made = self._api.checkout.sessions.create(asked, {"idempotency_key": idempotency_key})
            return ours.checkout(made.to_dict())

    def _price(self, price: Price) -> str:
        """The id of Stripe's Price that is ours in plan, amount, currency and interval; made where there is none.

        A Price never changes: another amount in the settings is another Price, and who pays the old one goes on so.
        """
        name = f"foldline-{price.plan}-{price.amount}-{price.currency}-{price.interval}"
        if price.tax != "none":
            # How tax is meant can't be changed either.
            name += f"-{price.tax}"
        if name not in self._prices:
            with _asking("price"):
                listed = self._api.prices.list({"lookup_keys": [name], "active": True, "limit": 1}).data
                # A lookup key can be given to another Price by hand: what is charged is compared.
                known = [one.id for one in listed if ours.is_price(one.to_dict(), name, price)]
                self._prices[name] = known[0] if known else self._make_price(price, name)
        return self._prices[name]

    def _make_price(self, price: Price, name: str) -> str:
        titled: Any = {"name": price.title or price.plan, "metadata": {ours.PLAN: price.plan}}
        product = self._api.products.create(titled, {"idempotency_key": f"{name}-product"})
        asked: Any = {
            "product": product.id,
            "currency": price.currency,
            "unit_amount": price.amount,
            "recurring": {"interval": price.interval},
            "lookup_key": name,
            "transfer_lookup_key": True,
            **({"tax_behavior": price.tax} if price.tax != "none" else {}),
        }
        return self._api.prices.create(asked, {"idempotency_key": f"{name}-{product.id}"}).id

    def _coupon(self, price: Price) -> str:
        """The id of the Coupon that makes the introductory price; made where there is none. It can't be changed:
        another amount in the settings is another Coupon."""
        months = price.first_intervals * (12 if price.interval == "year" else 1)
        off = price.amount - price.first_amount
        name = f"foldline-{price.plan}-{off}-{price.currency}-{months}"
        with _asking("coupon"):
            try:
                known = self._api.coupons.retrieve(name).to_dict()
            except stripe.InvalidRequestError as error:
                if error.http_status != 404:
                    raise
                asked: Any = {
                    "id": name,
                    "amount_off": off,
                    "currency": price.currency,
                    "duration": "repeating",
                    "duration_in_months": months,
                    "name": price.title or price.plan,
                }
                known = self._api.coupons.create(asked, {"idempotency_key": name}).to_dict()
            if not ours.is_coupon(known, off, price.currency, months):
                log.error("stripe's coupon %s was made by hand, and takes another amount off", name)
                raise Declined("coupon")
            return name

    def checkout(self, checkout_id: str) -> Checkout:
        with _asking("checkout"):
            return ours.checkout(self._api.checkout.sessions.retrieve(_id(checkout_id)).to_dict())

    def subscription(self, subscription_id: str) -> Snapshot:
        with _asking("subscription"):
            asked_at = self._now()
            return self._snapshot(self._api.subscriptions.retrieve(_id(subscription_id), _WHOLE).to_dict(), asked_at)

    def subscriptions(self, since: int) -> Iterator[Snapshot]:
        asked: Any = {
            "status": "all",
            "limit": 100,
            "expand": ["data.latest_invoice"],
            **({"created": {"gte": since}} if since else {}),
        }
        with _asking("subscription"):
            asked_at = self._now()
            for found in self._api.subscriptions.list(asked).auto_paging_iter():
                yield self._snapshot(found.to_dict(), asked_at)

    def cancel_at_period_end(self, subscription_id: str, idempotency_key: str) -> Snapshot:
        return self._set_cancel(subscription_id, True, idempotency_key)

    def resume(self, subscription_id: str, idempotency_key: str) -> Snapshot:
        return self._set_cancel(subscription_id, False, idempotency_key)

    def withdraw(self, subscription_id: str, idempotency_key: str) -> Snapshot:
        name = _id(subscription_id)
        with _asking("subscription"):
            found = self._api.subscriptions.retrieve(name).to_dict()
            if found["status"] not in _ENDED:
                self._api.subscriptions.cancel(name, {}, {"idempotency_key": idempotency_key})
            asked: Any = {"customer": ours.identifier(found.get("customer")), "limit": CHARGES}
            # Each checkout makes a customer: their charges are this contract's.
            for charge in self._api.charges.list(asked).data:
                if charge.status == "succeeded" and not charge.refunded:
                    key = f"{idempotency_key}-{charge.id}"
                    self._api.refunds.create({"charge": charge.id}, {"idempotency_key": key})
        return self.subscription(name)

    def change_page(self, subscription_id: str, price: Price, back_url: str) -> str:
        name = _id(subscription_id)
        with _asking("subscription"):
            found = self._api.subscriptions.retrieve(name).to_dict()
            if found["status"] in _ENDED:
                raise Declined("ended")
            target = self._price(price)
            confirmed = {"type": "redirect", "redirect": {"return_url": back_url}}
            changed = {
                "subscription": name,
                "items": [{"id": ours.item_of(found), "price": target, "quantity": 1}],
            }
            asked: Any = {
                "customer": ours.identifier(found.get("customer")),
                "configuration": self._changing_to(target),
                "return_url": back_url,
                "flow_data": {
                    "type": "subscription_update_confirm",
                    "subscription_update_confirm": changed,
                    "after_completion": confirmed,
                },
            }
            return self._api.billing_portal.sessions.create(asked).url

    def _changing_to(self, price: str) -> str:
        """The id of a portal configuration in which one may go to this Price and do nothing else; made where there is
        none. What is due is charged as one confirms."""
        if price not in self._changes:
            known = self._api.billing_portal.configurations.list({"active": True, "limit": 100}).data
            for one in known:
                if (one.to_dict().get("metadata") or {}).get(ours.CHANGES_TO) == price:
                    self._changes[price] = one.id
                    return one.id
            product = ours.identifier(self._api.prices.retrieve(price).to_dict().get("product"))
            update = {
                "enabled": True,
                "default_allowed_updates": ["price"],
                "products": [{"product": product, "prices": [price]}],
                "proration_behavior": "always_invoice",
                "trial_update_behavior": "continue_trial",
            }
            asked: Any = {
                "features": {"subscription_update": update, "payment_method_update": {"enabled": True}},
                "metadata": {ours.CHANGES_TO: price},
            }
            key: Any = {"idempotency_key": f"foldline-change-{price}"}
            self._changes[price] = self._api.billing_portal.configurations.create(asked, key).id
        return self._changes[price]

    def portal(self, customer: str, back_url: str) -> str:
        with _asking("customer"):
            asked: Any = {"customer": _id(customer), "return_url": back_url}
            return self._api.billing_portal.sessions.create(asked).url

    def invoices(self, customer: str) -> list[Invoice]:
        with _asking("customer"):
            found = self._api.invoices.list({"customer": _id(customer), "limit": 100}).data
        read = [ours.invoice(one.to_dict()) for one in found]
        return sorted((one for one in read if one is not None), key=lambda one: one.created, reverse=True)

    def page_for_staff(self, subscription_id: str) -> str:
        mode = "" if self._live else "test/"
        return f"{DASHBOARD}/{mode}subscriptions/{quote(subscription_id, safe='')}"

    def read_notice(self, body: bytes, signature: str, now: int) -> Notice:
        """See `Provider`. A refund or dispute names no subscription: Stripe is asked whose charge it was.

        Raises:
            NoticeRefused: it proves nothing, or is of the other mode or of another account.
            ProviderUnavailable: Stripe did not say whose charge it was.
        """
        verify(body, signature, self._notice_secrets, now)
        try:
            event = json.loads(body)
            thing = event["data"]["object"]
            if event["object"] != "event" or not isinstance(thing, dict):
                raise NoticeRefused(400, "not an event")
            notice = Notice(
                str(event["id"]),
                str(event["type"]),
                ours.subscription_of_event(thing),
                int(event["created"]),
                event["livemode"] is True,
            )
        except (ValueError, KeyError, TypeError) as error:
            raise NoticeRefused(400, "not an event") from error
        if event.get("account"):
            raise NoticeRefused(400, "another account")
        if notice.live is not self._live:
            raise NoticeRefused(400, "live mode" if notice.live else "test mode")
        if thing.get("object") not in ("charge", "dispute"):
            return notice
        return Notice(notice.id, notice.kind, self._whose(thing), notice.created, notice.live)

    def _set_cancel(self, name: str, cancel: bool, key: str) -> Snapshot:
        with _asking("subscription"):
            if self._api.subscriptions.retrieve(_id(name)).status in _ENDED:
                raise Declined("ended")
            asked_at = self._now()
            asked: Any = {"cancel_at_period_end": cancel, **_WHOLE}
            changed = self._api.subscriptions.update(name, asked, {"idempotency_key": key})
            return self._snapshot(changed.to_dict(), asked_at)

    def _snapshot(self, subscription: ours.Object, asked_at: int) -> Snapshot:
        if any(isinstance(one, str) for one in subscription.get("discounts") or ()):
            # Few have one: only of these is more asked.
            subscription = self._api.subscriptions.retrieve(subscription["id"], _DISCOUNTS).to_dict()
        customer = ours.identifier(subscription.get("customer"))
        charges = [one.to_dict() for one in self._api.charges.list({"customer": customer, "limit": CHARGES}).data]
        disputes = [
            dispute.to_dict()
            for charge in charges
            if charge.get("disputed")
            for dispute in self._api.disputes.list({"charge": charge["id"]}).data
        ]
        return ours.snapshot(subscription, charges, disputes, asked_at)

    def _whose(self, thing: ours.Object) -> str:
        """The subscription of a charge's or a dispute's customer: our checkout makes a customer for each."""
        with _asking("charge"):
            if thing["object"] == "dispute":
                thing = self._api.charges.retrieve(_id(ours.identifier(thing.get("charge")))).to_dict()
            customer = ours.identifier(thing.get("customer"))
            if not customer:
                return ""
            found = self._api.subscriptions.list({"customer": customer, "status": "all", "limit": 1}).data
            return found[0].id if found else ""

    def _now(self) -> int:
        """Milliseconds: taken before the question, so that an answer is never older than its version says."""
        return int(self._clock() * 1000)


def _with_checkout(back_url: str) -> str:
    """`back_url` with the place in it that Stripe fills with the session's id: its braces must stay braces."""
    target = urlsplit(back_url)
    query = "&".join(part for part in (target.query, "checkout={CHECKOUT_SESSION_ID}") if part)
    return urlunsplit(target._replace(query=query))


def _id(name: str) -> str:
    if not _ID.fullmatch(name):
        raise NotAtProvider("id")
    return name


@contextmanager
def _asking(what: str) -> Iterator[None]:
    """Stripe's errors as ours. Their messages hold what was sent, and stay out of ours."""
    try:
        yield
    except stripe.IdempotencyError as error:
        raise Declined("idempotency") from error
    except stripe.CardError as error:
        raise Declined(error.code or "card_declined") from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("stripe does not take our key (%s)", error.http_status)
        raise ProviderUnavailable("stripe: key") from error
    except stripe.RateLimitError as error:
        raise ProviderUnavailable("stripe: busy") from error
    except stripe.InvalidRequestError as error:
        if error.http_status == 404 or error.code == "resource_missing":
            raise NotAtProvider(what) from error
        raise Declined(error.code or "invalid_request") from error
    except stripe.StripeError as error:
        raise ProviderUnavailable(f"stripe: {type(error).__name__}") from error
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        # A status or a shape that we do not know opens nothing and ends nothing.
        log.error("stripe answered what we can't read (%s)", what, exc_info=True)
        raise ProviderUnavailable("stripe: answer") from error
