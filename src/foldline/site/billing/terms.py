"""What a plan costs and what one agrees to, in the words that stand on the page and are kept with the order."""

from __future__ import annotations

from dataclasses import dataclass, replace

from foldline.pages.prices import price_line
from foldline.plans import Plan
from foldline.site.billing import held, plans
from foldline.site.billing.provider import Price
from foldline.site.readers import rendering
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words


@dataclass(frozen=True, slots=True)
class Offered:
    """A plan as it stands on the page. `line` says when it is charged and how it ends."""

    plan: Plan
    key: str
    name: str
    price: str
    line: str

    @property
    def told(self) -> str:
        """All of it in one line."""
        return f"{self.name}, {self.price}. {self.line}"


def offered_as(plan: Plan, reader: Reader | None) -> Offered:
    """A plan as it is offered to a reader. Who has had a subscription before gets no second trial."""
    price = price_of(plan, reader)
    line = words()[f"subscribe.renews-{price.interval}"]
    if price.trial_days:
        line = words().format(f"subscribe.trial-{price.interval}", days=price.trial_days)
    return Offered(plan, plan.key, plan.name, price_line(price.amount, price.currency, price.interval, words()), line)


def price_of(plan: Plan, reader: Reader | None) -> Price:
    """What the provider is told to charge: from the settings, and from nowhere else."""
    price = replace(plans.price_of(plan), title=plan.name)
    if price.trial_days and reader is not None and held.had_any(reader):
        return replace(price, trial_days=0)
    return price


def consent() -> str:
    """The sentence beside the box."""
    return words().format("subscribe.consent", name=rendering.publication().name)
