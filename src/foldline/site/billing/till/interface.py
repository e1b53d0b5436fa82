"""What the site asks of the till, and what it is told: the objects' public side, as JSON."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from foldline.site.billing.provider import Declined, NotAtProvider
from foldline.site.billing.till.book import Book
from foldline.site.billing.till.loopback import require_loopback
from foldline.site.billing.till.objects import Object

_ONE = re.compile(r"/v1/(checkouts|subscriptions)/([A-Za-z0-9_-]{1,80})")
_CHANGE = re.compile(r"/v1/subscriptions/([A-Za-z0-9_-]{1,80})/(cancel|resume|withdraw)")
_CHANGE_PAGE = re.compile(r"/v1/subscriptions/([A-Za-z0-9_-]{1,80})/change")
_CUSTOMER = re.compile(r"/v1/customers/([A-Za-z0-9_-]{1,80})/(portal|invoices)")

_SNAPSHOT = (
    "customer", "reader", "plan", "status", "period_end", "cancel_at_period_end", "trial_end", "paused", "refunded",
    "disputed", "amount", "currency", "created", "updated", "off", "off_until",
)  # fmt: skip
_INVOICE = ("id", "number", "subscription", "amount", "currency", "status", "created")


def ask(book: Book, address: str, path: str, query: dict[str, list[str]]) -> dict[str, Any]:
    """A question that changes nothing.

    Raises:
        NotAtProvider: nothing has this address.
    """
    if path == "/v1/subscriptions":
        since = int(query.get("since", ["0"])[0])
        return {"subscriptions": [_snapshot(one) for one in book.subscriptions(since)]}
    if found := _ONE.fullmatch(path):
        if found[1] == "checkouts":
            return _checkout(book.checkout(found[2]), address)
        return _snapshot(book.subscription(found[2]))
    if (found := _CUSTOMER.fullmatch(path)) and found[2] == "invoices":
        return {"invoices": [_invoice(one, address) for one in book.invoices(found[1])]}
    raise NotAtProvider("address")


def act(book: Book, address: str, site: str, path: str, said: dict[str, Any], key: str) -> dict[str, Any]:
    """A change, done once per `key`.

    Raises:
        Declined: it will not be done; the code says why.
        NotAtProvider: nothing has this address.
    """
    if path == "/v1/checkouts":
        question = _question(said, site)
        return _checkout(book.once(key, question, lambda: book.start_checkout(question)), address)
    if found := _CHANGE_PAGE.fullmatch(path):
        made = book.open_change(found[1], _question({"reader": "", "email": "", **said}, site))
        return {"url": f"{address}/change/{made['id']}"}
    if (found := _CHANGE.fullmatch(path)) and found[2] == "withdraw":
        name = found[1]
        return _snapshot(book.once(key, {"withdraw": name}, lambda: book.renewals.withdraw(name)))
    if found:
        name, cancel = found[1], found[2] == "cancel"
        question = {"subscription": name, "cancel": cancel}
        return _snapshot(book.once(key, question, lambda: book.renewals.set_cancel(name, cancel)))
    if (found := _CUSTOMER.fullmatch(path)) and found[2] == "portal":
        made = book.open_portal(found[1], _back(said, site))
        return {"url": f"{address}/portal/{made['id']}"}
    raise NotAtProvider("address")


def _question(said: dict[str, Any], site: str) -> Object:
    amount, trial_days = said["amount"], said["trial_days"]
    if type(amount) is not int or not 0 < amount < 10**8 or type(trial_days) is not int or not 0 <= trial_days <= 730:
        raise Declined("amount")
    if said["interval"] not in ("month", "year") or not re.fullmatch("[a-z]{3}", said["currency"]):
        raise Declined("price")
    first, count = said["first_amount"], said["first_intervals"]
    if type(first) is not int or type(count) is not int or not 0 <= first <= amount or not 0 <= count <= 24:
        raise Declined("amount")
    if said["tax"] not in ("none", "inclusive", "exclusive") or type(said["promotion_codes"]) is not bool:
        raise Declined("price")
    texts = {
        name: str(said[name])[:320] for name in ("reader", "email", "plan", "title", "currency", "interval", "tax")
    }
    numbers = {"amount": amount, "trial_days": trial_days, "first_amount": first, "first_intervals": count}
    return {**texts, **numbers, "promotion_codes": said["promotion_codes"], "back_url": _back(said, site)}


def _back(said: dict[str, Any], site: str) -> str:
    """Where a page leads back to: an address of the site, on loopback."""
    address = str(said["back_url"])
    require_loopback(address)
    if urlsplit(address)[:2] != urlsplit(site)[:2]:
        raise Declined("back_url")
    return address


def _checkout(found: Object, address: str) -> dict[str, Any]:
    open_still = found["state"] in ("open", "asking")
    return {
        **{name: found[name] for name in ("id", "reader", "plan", "subscription")},
        "url": f"{address}/pay/{found['id']}" if open_still else "",
        "paid": found["state"] == "paid",
    }


def _snapshot(found: Object) -> dict[str, Any]:
    return {"subscription": found["id"], **{name: found[name] for name in _SNAPSHOT}}


def _invoice(found: Object, address: str) -> dict[str, Any]:
    return {**{name: found[name] for name in _INVOICE}, "url": f"{address}/invoice/{found['id']}"}
