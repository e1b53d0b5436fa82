"""What Stripe answers when it will not or can't, as errors that the site knows; nothing of it in their messages.

The answers are scripted here, in the shape that Stripe documents for its errors: this tries our side of them alone.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from tests.billing.provider_contract import BACK, PRICE

from foldline.site.billing.provider import Declined, NotAtProvider, ProviderUnavailable
from foldline.site.billing.stripe_provider import StripeProvider

KEY = "sk_test_that_stays_secret"
PRICE_KEPT: dict[str, Any] = {
    "id": "price_1",
    "object": "price",
    "lookup_key": "foldline-everything-400-eur-month",
    "unit_amount": 400,
    "currency": "eur",
    "recurring": {"interval": "month", "interval_count": 1},
}


@dataclass
class Script:
    """`answers` by the path's last part; `asked` is what came: method, path, form, headers."""

    address: str = ""
    answers: dict[str, tuple[int, object]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, list[str]], dict[str, str]]] = field(default_factory=list)

    def provider(self, retries: int = 0) -> StripeProvider:
        return StripeProvider(KEY, ("whsec_1",), self.address, retries=retries)


@pytest.fixture
def script() -> Iterator[Script]:
    kept = Script()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            path = self.path.partition("?")[0]
            kept.asked.append((self.command, path, parse_qs(body), dict(self.headers)))
            status, value = kept.answers[path.rpartition("/")[2]]
            answer = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_GET  # noqa: N815 - the name that the server asks for

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    kept.address = f"http://127.0.0.1:{server.server_port}"
    yield kept
    server.shutdown()
    server.server_close()


def error(kind: str, code: str = "") -> dict[str, Any]:
    return {"error": {"type": kind, "code": code, "message": f"somebody@example.test and {KEY}", "param": "x"}}


@pytest.mark.parametrize(
    ("status", "answer", "expected", "why"),
    [
        (404, error("invalid_request_error", "resource_missing"), NotAtProvider, "subscription"),
        (400, error("invalid_request_error", "resource_missing"), NotAtProvider, "subscription"),
        (400, error("invalid_request_error", "parameter_invalid"), Declined, "parameter_invalid"),
        (400, error("idempotency_error"), Declined, "idempotency"),
        (402, error("card_error", "card_declined"), Declined, "card_declined"),
        (401, error("invalid_request_error"), ProviderUnavailable, "key"),
        (403, error("invalid_request_error"), ProviderUnavailable, "key"),
        (429, error("invalid_request_error", "rate_limit"), ProviderUnavailable, "busy"),
        (500, error("api_error"), ProviderUnavailable, "APIError"),
        (503, b"<html>away</html>", ProviderUnavailable, "APIError"),
        (200, b"{", ProviderUnavailable, "APIError"),
        (200, {"id": "sub_1", "object": "subscription", "status": "of tomorrow"}, ProviderUnavailable, "answer"),
        (200, {"id": "sub_1", "object": "subscription"}, ProviderUnavailable, "answer"),
    ],
)
def test_stripes_errors_are_ours_and_repeat_nothing(
    script: Script,
    caplog: pytest.LogCaptureFixture,
    status: int,
    answer: object,
    expected: type[Exception],
    why: str,
) -> None:
    caplog.set_level(logging.ERROR)
    script.answers = {"sub_1": (status, answer), "charges": (200, {"object": "list", "data": []})}
    with pytest.raises(expected, match=why) as refused:
        script.provider().subscription("sub_1")
    for text in (str(refused.value), *(record.getMessage() for record in caplog.records)):
        assert "somebody@example.test" not in text
        assert KEY not in text


def test_a_checkout_is_asked_for_with_our_price_and_the_key(script: Script) -> None:
    script.answers = {
        "prices": (200, {"object": "list", "data": [PRICE_KEPT]}),
        "sessions": (
            200,
            {"id": "cs_1", "object": "checkout.session", "status": "open", "url": "https://pay.example/1"},
        ),
    }
    script.provider().start_checkout("reader-1", "r@example.test", PRICE, BACK, "key-checkout-1")
    ((_, _, _, _), (method, path, form, headers)) = script.asked
    assert (method, path, headers["Idempotency-Key"]) == ("POST", "/v1/checkout/sessions", "key-checkout-1")
    assert form["line_items[0][price]"] == ["price_1"]
    assert form["success_url"] == [BACK + "&checkout={CHECKOUT_SESSION_ID}"]
    assert form["cancel_url"] == [BACK]
    assert form["client_reference_id"] == form["subscription_data[metadata][foldline_reader]"] == ["reader-1"]
    assert "subscription_data[trial_period_days]" not in form


def test_a_price_that_costs_something_else_is_made_anew(script: Script) -> None:
    other = PRICE_KEPT | {"id": "price_other", "unit_amount": 1}
    script.answers = {
        "prices": (200, {"object": "list", "data": [other], "id": "price_new"}),
        "products": (200, {"id": "prod_1", "object": "product"}),
        "sessions": (
            200,
            {"id": "cs_1", "object": "checkout.session", "status": "open", "url": "https://pay.example/1"},
        ),
    }
    script.provider().start_checkout("reader-1", "r@example.test", PRICE, BACK, "key-checkout-1")
    assert [path for _, path, _, _ in script.asked] == [
        "/v1/prices",
        "/v1/products",
        "/v1/prices",
        "/v1/checkout/sessions",
    ]
    assert script.asked[2][2]["unit_amount"] == ["400"]
    assert script.asked[3][2]["line_items[0][price]"] == ["price_new"]


INTRODUCED = replace(PRICE, first_amount=100, first_intervals=3, tax="exclusive")
OPEN = {"id": "cs_1", "object": "checkout.session", "status": "open", "url": "https://pay.example/1"}
TAXED = PRICE_KEPT | {"lookup_key": "foldline-everything-400-eur-month-exclusive", "tax_behavior": "exclusive"}
COUPON = "foldline-everything-300-eur-3"


def coupon(**other: Any) -> dict[str, Any]:
    says = {"amount_off": 300, "currency": "eur", "duration": "repeating", "duration_in_months": 3, "valid": True}
    return {"id": COUPON, "object": "coupon", **says, **other}


def test_an_introductory_price_is_a_coupon_of_ours_and_tax_is_stripes(script: Script) -> None:
    listed = (200, {"object": "list", "data": [TAXED]})
    script.answers = {"prices": listed, COUPON: (200, coupon()), "sessions": (200, OPEN)}
    script.provider().start_checkout("reader-1", "r@example.test", INTRODUCED, BACK, "key-checkout-1")
    form = script.asked[-1][2]
    assert form["discounts[0][coupon]"] == [COUPON]
    assert form["automatic_tax[enabled]"] == ["true"]
    assert "allow_promotion_codes" not in form


def test_a_coupon_that_is_not_there_is_made_with_its_own_name_as_key(script: Script) -> None:
    script.answers = {
        "prices": (200, {"object": "list", "data": [TAXED]}),
        COUPON: (404, error("invalid_request_error", "resource_missing")),
        "coupons": (200, coupon()),
        "sessions": (200, OPEN),
    }
    script.provider().start_checkout("reader-1", "r@example.test", INTRODUCED, BACK, "key-checkout-1")
    ((form, headers),) = [(form, headers) for _, path, form, headers in script.asked if path == "/v1/coupons"]
    assert headers["Idempotency-Key"] == COUPON
    assert (form["id"], form["amount_off"], form["duration_in_months"]) == ([COUPON], ["300"], ["3"])


def test_a_coupon_that_takes_another_amount_off_sells_nothing(script: Script) -> None:
    listed = (200, {"object": "list", "data": [TAXED]})
    script.answers = {"prices": listed, COUPON: (200, coupon(amount_off=399)), "sessions": (200, OPEN)}
    with pytest.raises(Declined, match="coupon"):
        script.provider().start_checkout("reader-1", "r@example.test", INTRODUCED, BACK, "key-checkout-1")
    assert not [path for _, path, _, _ in script.asked if path.endswith("sessions")]


def test_a_promotion_code_is_asked_for_where_the_plan_says_so(script: Script) -> None:
    script.answers = {"prices": (200, {"object": "list", "data": [PRICE_KEPT]}), "sessions": (200, OPEN)}
    price = replace(PRICE, promotion_codes=True)
    script.provider().start_checkout("reader-1", "r@example.test", price, BACK, "key-checkout-1")
    assert script.asked[-1][2]["allow_promotion_codes"] == ["true"]


def test_a_change_that_was_not_answered_is_tried_again_with_the_same_key(script: Script) -> None:
    script.answers = {
        "prices": (200, {"object": "list", "data": [PRICE_KEPT]}),
        "sessions": (500, error("api_error")),
    }
    with pytest.raises(ProviderUnavailable):
        script.provider(retries=1).start_checkout("reader-1", "r@example.test", PRICE, BACK, "key-checkout-1")
    tries = [headers for _, path, _, headers in script.asked if path.endswith("sessions")]
    assert [headers["Idempotency-Key"] for headers in tries] == ["key-checkout-1"] * 2


def test_an_ended_subscription_is_not_cancelled_again(script: Script) -> None:
    script.answers = {"sub_1": (200, {"id": "sub_1", "object": "subscription", "status": "canceled"})}
    for change in (script.provider().cancel_at_period_end, script.provider().resume):
        with pytest.raises(Declined, match="ended"):
            change("sub_1", "key-change-1")
    assert {method for method, *_ in script.asked} == {"GET"}
