"""The plans at the desk: what is sold for how much, how many subscribe, and how the last comparison went."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from foldline.pages.prices import plan_price
from foldline.site.billing import held, selling
from foldline.site.billing import plans as sold
from foldline.site.billing.models import Subscription
from foldline.site.desk.due_jobs import clock
from foldline.site.desk.job_table import shown_jobs
from foldline.site.desk.pages import page, staff_page
from foldline.site.desk.roles import Power
from foldline.site.readers.models import Product
from foldline.site.readers.wording import words

#: The due job that compares what stands here with what the provider has.
RECONCILE = "reconcile billing"


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan. `price` is "" for one that is sold no more. `subscribe` are the subscriptions that stand, `states` how
    many of all there are in each state."""

    key: str
    name: str
    price: str
    trial_days: int
    products: tuple[str, ...]
    subscribe: int
    states: tuple[tuple[str, int], ...]


@staff_page(Power.SEE_PAYMENTS)
@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    """Every plan of the settings, and those that somebody still has."""
    provider = selling.provider()
    compared = [job for job in shown_jobs(clock()) if job.job.name == RECONCILE]
    context = {"plans": shown_plans(), "provider": provider.name if provider else "", "compared": compared}
    return page(request, "plans", "Plans", context)


def shown_plans() -> list[ShownPlan]:
    """The plans in the order of the settings, then those that are sold no more."""
    counted: dict[str, Counter[str]] = {}
    for row in Subscription.objects.order_by("plan", "state").values("plan", "state").annotate(number=Count("pk")):
        counted.setdefault(row["plan"], Counter())[row["state"]] = row["number"]
    names = dict(Product.objects.values_list("number", "name"))
    found = []
    for plan in sold.plans():
        price = plan_price(plan, words(), introduced=True)
        products = tuple(names.get(number, f"product {number}") for number in plan.products)
        found.append(_shown(plan.key, plan.name, price, plan.trial_days, products, counted.pop(plan.key, Counter())))
    return found + [_shown(key, key, "", 0, (), states) for key, states in sorted(counted.items())]


def _shown(
    key: str, name: str, price: str, trial_days: int, products: tuple[str, ...], states: Counter[str]
) -> ShownPlan:
    subscribe = sum(number for state, number in states.items() if state in held.STANDS)
    return ShownPlan(key, name, price, trial_days, products, subscribe, tuple(sorted(states.items())))
