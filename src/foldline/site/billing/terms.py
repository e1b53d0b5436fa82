"""What a plan costs and what one agrees to, in the words that stand on the page and are kept with the order."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.conf import settings

from foldline import config
from foldline.pages.prices import plan_price
from foldline.plans import Plan
from foldline.site.billing import held, plans
from foldline.site.billing.models import Subscription
from foldline.site.billing.provider import Price
from foldline.site.readers import rendering
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words


@dataclass(frozen=True, slots=True)
class Offered:
    """A plan as it stands on the page. `line` says when it is charged and how it ends, and what becomes of other
    subscriptions of the reader. `instead` is the one that it takes the place of, `blocked` that it can't for now."""

    plan: Plan
    key: str
    name: str
    price: str
    line: str
    instead: Subscription | None = None
    blocked: bool = False

    @property
    def told(self) -> str:
        """All of it in one line."""
        return f"{self.name}, {self.price}. {self.line}"


def offered_as(plan: Plan, reader: Reader | None) -> Offered:
    """A plan as it is offered to a reader. Who has had a subscription before gets no second trial, and no second
    introductory price."""
    price = price_of(plan, reader)
    line = words()[f"subscribe.renews-{price.interval}"]
    if price.trial_days:
        line = words().format(f"subscribe.trial-{price.interval}", days=price.trial_days)
    instead = held.in_place_of(reader, plan) if reader is not None else None
    if instead is not None:
        line = _in_place_of(instead, plan)
    elif price.promotion_codes:
        line = f"{line} {words()['subscribe.code']}"
    for other in held.beside(reader, plan) if reader is not None else ():
        if instead is None or other.pk != instead.pk:
            line = f"{line} {words().format('subscribe.beside', plan=title_of(other))}"
    told = plan_price(plan, words(), introduced=price.first_intervals > 0)
    blocked = instead is not None and bool(_why_not(instead, plan))
    return Offered(plan, plan.key, plan.name, told, line, instead, blocked)


def title_of(subscription: Subscription) -> str:
    """What a subscription is called: its plan's name, or the plan's key where that is not sold any more."""
    plan = plans.named(subscription.plan)
    return plan.name if plan is not None else subscription.plan


def _why_not(instead: Subscription, plan: Plan) -> str:
    """Why a plan can't take the place of a subscription now: the name of a sentence, "" where it can."""
    if not held.goes_to(instead, plan, plans.named(instead.plan)):
        return "subscribe.later"
    return "" if instead.state in held.CHANGES else "subscribe.first"


def _in_place_of(instead: Subscription, plan: Plan) -> str:
    sentence = _why_not(instead, plan) or f"subscribe.instead-{plan.interval}"
    return words().format(sentence, plan=title_of(instead))


def price_of(plan: Plan, reader: Reader | None) -> Price:
    """What the provider is told to charge: from the settings, and from nowhere else."""
    price = replace(plans.price_of(plan), title=plan.name)
    if reader is not None and held.had_any(reader):
        return replace(price, trial_days=0, first_amount=0, first_intervals=0)
    return price


def consent() -> str:
    """The sentence beside the box, and where what it is about can be read."""
    sentence = words().format("subscribe.consent", name=rendering.publication().name)
    return " ".join([sentence, *(f"{name}: {address}." for name, address in legal_pages())])


def legal_pages() -> list[tuple[str, str]]:
    """What the publication has of imprint, terms and privacy: what each is called, and its whole address."""
    foldline: config.Settings = settings.FOLDLINE
    publication = rendering.publication()
    return [
        (words()[f"legal.{name}"], address if "://" in address else f"{publication.url}{address}")
        for name, address in zip(("imprint", "terms", "privacy"), foldline.legal, strict=True)
        if address
    ]


def foot() -> list[str]:
    """What stands below each mail about a subscription."""
    publication = rendering.publication()
    here = words().format("mail.withdraw-foot", link=f"{publication.url}{publication.prefix}withdraw")
    return [here, *(f"{name}: {address}" for name, address in legal_pages())]
