"""Another plan at Stripe: which page is asked for, and by what a subscription's plan is known after it.

The answers are scripted, in the shape that Stripe documents: this tries our side of them alone.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.billing.provider_contract import BACK, PRICE
from tests.billing.test_stripe_errors import PRICE_KEPT, Script, script

from foldline.site.billing import stripe_objects as ours
from foldline.site.billing.provider import Declined

__all__ = ["script"]

CURRENT: dict[str, Any] = {
    "id": "sub_1",
    "object": "subscription",
    "status": "active",
    "customer": "cus_1",
    "items": {"object": "list", "data": [{"id": "si_1", "price": {"id": "price_0"}}]},
}


@pytest.fixture
def stripe(script: Script) -> Script:
    script.answers = {
        "sub_1": (200, CURRENT),
        "prices": (200, {"object": "list", "data": [PRICE_KEPT]}),
        "price_1": (200, PRICE_KEPT | {"product": "prod_1"}),
        "configurations": (200, {"id": "bpc_1", "object": "billing_portal.configuration", "data": []}),
        "sessions": (200, {"id": "bps_1", "object": "billing_portal.session", "url": "https://pay.example/change"}),
    }
    return script


def test_the_page_is_the_portal_s_for_this_one_change_and_charges_what_is_due(stripe: Script) -> None:
    assert stripe.provider().change_page("sub_1", PRICE, BACK) == "https://pay.example/change"
    asked = {(method, path): form for method, path, form, _ in stripe.asked}
    made = asked["POST", "/v1/billing_portal/configurations"]
    update = "features[subscription_update]"
    assert made[f"{update}[proration_behavior]"] == ["always_invoice"]
    assert (made[f"{update}[products][0][product]"], made[f"{update}[products][0][prices][0]"]) == (
        ["prod_1"],
        ["price_1"],
    )
    assert not [name for name in made if "cancel" in name]
    page = asked["POST", "/v1/billing_portal/sessions"]
    confirm = "flow_data[subscription_update_confirm]"
    assert (page["customer"], page["configuration"], page["return_url"]) == (["cus_1"], ["bpc_1"], [BACK])
    assert (page[f"{confirm}[subscription]"], page[f"{confirm}[items][0][id]"]) == (["sub_1"], ["si_1"])
    assert (page[f"{confirm}[items][0][price]"], page[f"{confirm}[items][0][quantity]"]) == (["price_1"], ["1"])
    assert page["flow_data[after_completion][redirect][return_url]"] == [BACK]
    assert not [path for method, path, *_ in stripe.asked if method == "POST" and "subscriptions" in path]


def test_a_configuration_of_ours_is_used_again(stripe: Script) -> None:
    provider = stripe.provider()
    known = {"id": "bpc_7", "object": "billing_portal.configuration", "metadata": {ours.CHANGES_TO: "price_1"}}
    stripe.answers["configurations"] = (200, {"object": "list", "data": [{"id": "bpc_0", "metadata": {}}, known]})
    for _twice in range(2):
        provider.change_page("sub_1", PRICE, BACK)
    assert [form["configuration"] for _, path, form, _ in stripe.asked if path.endswith("sessions")] == [["bpc_7"]] * 2
    assert [method for method, path, *_ in stripe.asked if path.endswith("configurations")] == ["GET"]


def test_one_that_has_ended_is_led_nowhere(stripe: Script) -> None:
    stripe.answers["sub_1"] = (200, CURRENT | {"status": "canceled"})
    with pytest.raises(Declined, match="ended"):
        stripe.provider().change_page("sub_1", PRICE, BACK)
    assert {method for method, *_ in stripe.asked} == {"GET"}


@pytest.mark.parametrize(
    ("lookup_key", "plan"),
    [
        ("foldline-more-900-eur-month", "more"),
        ("foldline-all-of-it-4000-usd-year-inclusive", "all-of-it"),
        ("another", "everything"),
        (None, "everything"),
    ],
)
def test_the_price_says_which_plan_it_is_before_what_was_written_at_checkout(lookup_key: str | None, plan: str) -> None:
    item = {"current_period_end": 2, "price": {"unit_amount": 900, "currency": "eur", "lookup_key": lookup_key}}
    said = {"foldline_reader": "reader-1", "foldline_plan": "everything"}
    found = CURRENT | {"created": 1, "metadata": said, "items": {"data": [item]}}
    assert ours.snapshot(found, [], [], 7).plan == plan
