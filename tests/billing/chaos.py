"""Histories of subscriptions in which nothing arrives as it should, and what must be so after each step of them.

What a reader may be promised is said here again in plain words, apart from the code that is tried: for how long a
provider's object promises something, and whether it has gone on promising ever since we last saw it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tests.billing.chaos_tally import Tally
from tests.billing.conftest import ALL, MORE
from tests.billing.memory_provider import DAY
from tests.billing.story import Story

from foldline.site.billing.lifecycle import state_of
from foldline.site.billing.provider import ProviderUnavailable, Snapshot, Status
from foldline.testing.clock import FrozenClock

GRACE = 7 * DAY
PRODUCTS = {plan.key: plan.products for plan in (ALL, MORE)}


@dataclass(frozen=True, slots=True)
class Step:
    """`what` happens, to the subscription, notice or gift of a `number` (counted round), in a `size` of its own."""

    what: str
    number: int
    size: int


AT_PROVIDER = (
    "pay", "fail", "pause", "resume", "cancel", "keep", "end", "refund", "dispute", "win", "give-up", "break", "mend",
    "change-plan", "withdraw",
)  # fmt: skip
HERE = ("hear", "hear-twice", "stale", "wait", "nights", "down", "up", "comp", "gift", "end-given", "subscribe")

OFTEN = ("hear", "hear", "stale", "wait", "nights")
LONG = os.environ.get("FOLDLINE_PROOF") == "long"
LONGEST = 16 if LONG else 9


def history_of(seed: str) -> list[Step]:
    """A history by chance, the same one for the same seed."""
    chance = random.Random(seed)
    names = (*AT_PROVIDER, *HERE, *OFTEN)
    count = chance.randint(4, LONGEST)
    chosen = ("subscribe", *(chance.choice(names) for _step in range(count)))
    return [Step(name, chance.randrange(40), chance.randrange(40)) for name in chosen]


def shortened(history: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """What is left of a history that fails, once no step of it can go without its failing no more."""
    for at in reversed(range(len(history))):
        without = history[:at] + history[at + 1 :]
        if without and fails(without):
            return shortened(without, fails)
    return history


def promised(one: Snapshot, product: int) -> int:
    """Until when a provider's object lets a reader read a product: the past for what lets nobody."""
    if one.refunded or one.disputed or product not in PRODUCTS[one.plan]:
        return 0
    if one.status not in (Status.TRIALING, Status.ACTIVE, Status.PAST_DUE, Status.PAUSED):
        return 0
    ends = one.period_end
    if one.status is Status.TRIALING and one.trial_end is not None:
        ends = one.trial_end
    awaited = not (one.cancel_at_period_end or one.paused or one.status is Status.PAUSED)
    return ends + GRACE if awaited else ends


class Chaos:
    """One history as it is lived through. `known` is the newest version of each subscription that we were shown."""

    def __init__(self, clock: FrozenClock) -> None:
        self.story = Story(clock)
        self.known: dict[str, int] = {}
        self.heard: set[str] = set()
        self.given: list[tuple[object, int]] = []
        self.tally = Tally()

    def live(self, history: Sequence[Step]) -> None:
        for step in history:
            self._take(step)
            if step.what not in AT_PROVIDER:
                self.check()
        self.settle()
        self.tally.note_life(self.story.there, self.heard)

    # What happens.

    def _take(self, step: Step) -> None:
        from foldline.site.billing.plans import price_of

        there = self.story.there
        numbers = list(there.objects)
        self.tally[step.what] += 1
        if not numbers and step.what != "subscribe":
            return
        one = numbers[step.number % len(numbers)] if numbers else ""
        at_provider: dict[str, Callable[[str], object]] = {
            "pay": there.pay, "fail": there.fail, "pause": there.pause, "resume": there.resume_payments,
            "end": there.end, "refund": there.refund, "dispute": there.dispute, "win": there.win_dispute,
            "give-up": there.give_up, "break": there.broken_cards.add, "mend": there.broken_cards.discard,
            "cancel": lambda number: there.will_end(number, True), "keep": lambda number: there.will_end(number, False),
            "change-plan": lambda number: there.change_plan(number, price_of((ALL, MORE)[step.size % 2])),
            "withdraw": lambda number: None if there.down else there.withdraw(number, "key"),
        }  # fmt: skip
        if step.what in at_provider:
            at_provider[step.what](one)
        elif step.what in ("hear", "hear-twice"):
            for _time in range(1 + (step.what == "hear-twice")):
                self._hear(step.number)
        elif step.what == "stale":
            _since, snapshot = there.history[one][step.size % len(there.history[one])]
            self._shown(self.story.apply(snapshot), snapshot)
        elif step.what == "wait":
            self.story.wait((1, 2, 5, 9, 16, 31)[step.size % 6])
        elif step.what == "nights":
            for _night in range(1 + step.size % 2):
                self.story.wait(1)
                self.reconcile()
        elif step.what in ("down", "up"):
            there.down = step.what == "down"
        elif step.what == "subscribe" and len(numbers) < 3:
            self.story.subscribe(("all", "more")[step.number % 3 == 0], first_payment_fails=step.size % 8 == 0)
        else:
            self._here(step)

    def _here(self, step: Step) -> None:
        from foldline.site.readers import entitlements, moment
        from foldline.site.readers.models import Entitlement, Product

        kinds = {"comp": Entitlement.Kind.COMPLIMENTARY, "gift": Entitlement.Kind.GIFT}
        if step.what in kinds:
            ends = moment.now() + timedelta(days=1 + step.size)
            whole = Product.objects.get(number=1)
            one = entitlements.give(self.story.reader, whole, kind=kinds[step.what], ends_at=ends)
            self.given.append((one, int(ends.timestamp())))
            self.tally["given beside a subscription that opens"] += any(map(self._opens, self.story.there.objects))
        elif step.what == "end-given" and self.given:
            one, _ends = self.given.pop(step.number % len(self.given))
            entitlements.end(one)

    def _hear(self, number: int) -> None:
        there = self.story.there
        told = there.told[number % len(there.told)]
        try:
            outcome = self.story.hear(told)
        except ProviderUnavailable:
            assert there.down
            return
        assert (outcome is None) == (told.id in self.heard), "an event was not taken, or taken twice"
        self.heard.add(told.id)
        self.tally["heard again"] += outcome is None
        if outcome is not None:
            self.tally["heard late"] += told.created < self.story.now
            self._shown(outcome.applied, there.objects[told.subscription])

    def _shown(self, applied: str, snapshot: Snapshot) -> None:
        known = self.known.get(snapshot.subscription, 0)
        assert (applied == "older") == (snapshot.updated < known), (applied, snapshot, known)
        self.tally["out of order"] += applied == "older"
        self.known[snapshot.subscription] = max(known, snapshot.updated)

    def reconcile(self) -> list[object]:
        from foldline.site.billing.reconcile import reconcile

        before = self.story.passes()
        try:
            found = reconcile(self.story.there, self.story.now)
        except ProviderUnavailable:
            assert self.story.there.down
            return []
        after = self.story.passes()
        shorter = any(after.get(product, 0) < end for product, end in before.items())
        assert not shorter or any(one.takes_away for one in found), "something was taken away silently"
        self.tally["repaired"] += len(found)
        self.known |= {number: one.updated for number, one in self.story.there.objects.items()}
        return list(found)

    # What must be so.

    def check(self) -> None:
        """Nobody loses what goes on, nobody keeps what is over longer than what we last saw promises, nothing that was
        given is touched, and the pass says what the entitlements say."""
        from foldline.site.readers import passes

        now, running = self.story.now, self.story.passes()
        ends = {product: end for product, end in passes.product_ends(self.story.reader).items() if end > now}
        assert running == {product: (end - now) / DAY for product, end in ends.items()}, "the pass lags behind"
        self.tally["two at once"] += sum(map(self._opens, self.story.there.objects)) > 1
        for product in (1, 2):
            given = product == 1 and any(end > now for _one, end in self.given)
            subscriptions = self.story.there.objects
            if given or any(self._must_open(number, product) for number in subscriptions):
                assert product in running, "somebody lost what still runs"
            if not given and not any(self._may_open(number, product) for number in subscriptions):
                assert product not in running, "somebody keeps what is over"

    def _seen(self, number: str) -> list[tuple[int, Snapshot]]:
        """Its objects, from the one that we saw last on."""
        seen = self.known.get(number)
        history = self.story.there.history[number]
        return [] if seen is None else [(at, one) for at, one in history if one.updated >= seen]

    def _opens(self, number: str) -> bool:
        return self._may_open(number, 1)

    def _may_open(self, number: str, product: int) -> bool:
        seen = self._seen(number)
        return bool(seen) and promised(seen[0][1], product) > self.story.now

    def _must_open(self, number: str, product: int) -> bool:
        """What we saw promises it still, and the provider has not taken it back for a moment since."""
        seen = self._seen(number)
        if not self._may_open(number, product):
            return False
        changed = [at for at, _one in seen[1:]] + [self.story.now]
        kept = all(promised(one, product) >= until for (_at, one), until in zip(seen, changed, strict=True))
        return kept and promised(seen[-1][1], product) > self.story.now

    def settle(self) -> None:
        """The provider answers and is reconciled with once: all stands as its own objects say, and stays so whatever
        comes late after that."""
        self.story.there.down = False
        self.reconcile()
        self._stands_as_there()
        assert self.reconcile() == [], "a second run finds differences"
        late, there = random.Random(self.story.now), self.story.there
        for told in late.sample(there.told, min(3, len(there.told))):
            self.story.hear(told)
        for history in there.history.values():
            self.story.apply(late.choice(history)[1])
        self._stands_as_there()

    def _stands_as_there(self) -> None:
        now, objects = self.story.now, self.story.there.objects
        for number, one in objects.items():
            assert self.story.state(number) == state_of(one), "a state is not the provider's"
        ends: dict[int, int] = {}
        for one in objects.values():
            for product in PRODUCTS[one.plan]:
                ends[product] = max(ends.get(product, 0), promised(one, product))
        ends[1] = max(ends.get(1, 0), *(end for _one, end in self.given), 0)
        wanted = {product: (end - now) / DAY for product, end in ends.items() if end > now}
        assert self.story.passes() == wanted, "what is open is not what the provider's objects promise"
