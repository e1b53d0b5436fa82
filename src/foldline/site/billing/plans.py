"""The plans that this publication sells. What a plan is, and its settings, stands in `foldline.plans`."""

from __future__ import annotations

from django.conf import settings

from foldline.plans import Plan
from foldline.site.billing.provider import Price

__all__ = ["Plan", "named", "opening", "plans", "price_of"]


def plans() -> tuple[Plan, ...]:
    """All plans, in the order of the settings."""
    offered: tuple[Plan, ...] = settings.FOLDLINE.plans
    return offered


def named(key: str) -> Plan | None:
    """The plan of a name; None where there is none (any more)."""
    return next((plan for plan in plans() if plan.key == key), None)


def opening(product: int) -> tuple[Plan, ...]:
    """The plans that open a product."""
    return tuple(plan for plan in plans() if product in plan.products)


def price_of(plan: Plan) -> Price:
    """What a provider is to charge for a plan."""
    return Price(
        plan.key,
        plan.amount,
        plan.currency,
        plan.interval,
        plan.trial_days,
        first_amount=plan.first_amount,
        first_intervals=plan.first_intervals,
        promotion_codes=plan.promotion_codes,
        tax=plan.tax,
    )
