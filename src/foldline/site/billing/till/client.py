"""The till as a `Provider`: asked over HTTP, as a hosted one is."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any
from urllib.parse import quote, urlsplit

from foldline.site.billing.provider import (
    Checkout,
    Declined,
    Invoice,
    InvoiceStatus,
    NotAtProvider,
    Notice,
    NoticeRefused,
    Price,
    ProviderUnavailable,
    Snapshot,
    Status,
)
from foldline.site.billing.signature import verify
from foldline.site.billing.till.loopback import require_loopback

#: What the till is told of a price.
PRICED = (
    "plan", "amount", "currency", "interval", "trial_days", "first_amount", "first_intervals", "promotion_codes", "tax",
)  # fmt: skip
TIMEOUT = 5.0
LARGEST_ANSWER = 16 * 1024 * 1024


class Till:
    """`address` is where the till serves (`http://127.0.0.1:<port>`), `key` opens its interface, `notice_secret` proves
    its notices.

    Raises:
        ConfigurationError: FL290, the address is not on loopback.
    """

    name = "till"
    signature_header = "Till-Signature"

    def __init__(self, address: str, key: str, notice_secret: str) -> None:
        require_loopback(address)
        self._to = urlsplit(address)
        self._key = key
        self._notice_secret = notice_secret

    def start_checkout(
        self, reader_key: str, email: str, price: Price, back_url: str, idempotency_key: str
    ) -> Checkout:
        question = {
            "reader": reader_key,
            "email": email,
            "back_url": back_url,
            **_priced(price),
        }
        return _checkout(self._ask("POST", "/v1/checkouts", question, idempotency_key))

    def checkout(self, checkout_id: str) -> Checkout:
        return _checkout(self._ask("GET", f"/v1/checkouts/{_id(checkout_id)}"))

    def subscription(self, subscription_id: str) -> Snapshot:
        return _snapshot(self._ask("GET", f"/v1/subscriptions/{_id(subscription_id)}"))

    def subscriptions(self, since: int) -> Iterator[Snapshot]:
        for one in self._ask("GET", f"/v1/subscriptions?since={int(since)}")["subscriptions"]:
            yield _snapshot(one)

    def cancel_at_period_end(self, subscription_id: str, idempotency_key: str) -> Snapshot:
        return _snapshot(self._ask("POST", f"/v1/subscriptions/{_id(subscription_id)}/cancel", {}, idempotency_key))

    def resume(self, subscription_id: str, idempotency_key: str) -> Snapshot:
        return _snapshot(self._ask("POST", f"/v1/subscriptions/{_id(subscription_id)}/resume", {}, idempotency_key))

    def withdraw(self, subscription_id: str, idempotency_key: str) -> Snapshot:
        return _snapshot(self._ask("POST", f"/v1/subscriptions/{_id(subscription_id)}/withdraw", {}, idempotency_key))

    def change_page(self, subscription_id: str, price: Price, back_url: str) -> str:
        question = {"back_url": back_url, **_priced(price)}
        return str(self._ask("POST", f"/v1/subscriptions/{_id(subscription_id)}/change", question)["url"])

    def portal(self, customer: str, back_url: str) -> str:
        return str(self._ask("POST", f"/v1/customers/{_id(customer)}/portal", {"back_url": back_url})["url"])

    def invoices(self, customer: str) -> list[Invoice]:
        found = self._ask("GET", f"/v1/customers/{_id(customer)}/invoices")["invoices"]
        return [Invoice(**(one | {"status": InvoiceStatus(one["status"])})) for one in found]

    def page_for_staff(self, subscription_id: str) -> str:
        """The till's books, which have every subscription."""
        return f"{self._to.scheme}://{self._to.netloc}/#{quote(subscription_id, safe='')}"

    def read_notice(self, body: bytes, signature: str, now: int) -> Notice:
        verify(body, signature, (self._notice_secret,), now)
        try:
            said = json.loads(body)
            if said["object"] != "till.notice":
                raise NoticeRefused(400, "not an event")
            notice = Notice(
                str(said["id"]), str(said["kind"]), str(said["subscription"]), int(said["created"]), bool(said["live"])
            )
        except (ValueError, KeyError, TypeError) as error:
            raise NoticeRefused(400, "not an event") from error
        if notice.live:
            raise NoticeRefused(400, "live mode")
        return notice

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None, key: str = "") -> dict[str, Any]:
        line = http.client.HTTPConnection(self._to.hostname or "", self._to.port, timeout=TIMEOUT)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            line.request(method, path, None if body is None else json.dumps(body), headers)
            response = line.getresponse()
            answer: dict[str, Any] = json.loads(response.read(LARGEST_ANSWER))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ProviderUnavailable(f"till: {type(error).__name__}") from error
        finally:
            line.close()
        if response.status == 404:
            raise NotAtProvider(str(answer.get("error", "")))
        if response.status in (402, 409):
            raise Declined(str(answer.get("error", "")))
        if response.status != 200:
            raise ProviderUnavailable(f"till: {response.status}")
        return answer


def _id(name: str) -> str:
    """An id as one segment of a path: nobody's id leads to another address."""
    return quote(name, safe="")


def _priced(price: Price) -> dict[str, Any]:
    return {**{name: getattr(price, name) for name in PRICED}, "title": price.title or price.plan}


def _checkout(answer: dict[str, Any]) -> Checkout:
    return Checkout(**{field.name: answer[field.name] for field in fields(Checkout)})


def _snapshot(answer: dict[str, Any]) -> Snapshot:
    values = {field.name: answer[field.name] for field in fields(Snapshot)}
    return Snapshot(**(values | {"status": Status(answer["status"])}))
