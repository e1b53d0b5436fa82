"""A reader with a running session, a provider, and the words that the tests of billing tell stories in."""

from __future__ import annotations

from tests.billing.memory_provider import DAY, MemoryProvider

from foldline.site.billing.provider import Notice, Snapshot
from foldline.testing.clock import FrozenClock

SESSION = "c" * 32


class Story:
    """Django must be set up, and whatever is written is the caller's to take back."""

    def __init__(self, clock: FrozenClock) -> None:
        from foldline.site.readers.models import PassFacts, Reader

        self.clock = clock
        self.there = MemoryProvider(self.now)
        self.reader = Reader.objects.join("ada@example.org")
        PassFacts.objects.create(
            session=SESSION, reader=self.reader.key, products="", session_until=self.now + 500 * DAY
        )

    @property
    def now(self) -> int:
        return int(self.clock.now())

    def wait(self, days: float) -> None:
        self.clock.move(days * DAY)
        self.there.pass_until(self.now)

    def subscribe(self, plan: str = "all", **how: bool) -> str:
        from foldline.site.billing import plans

        sold = plans.named(plan)
        assert sold is not None
        return self.there.subscribe(self.reader.key, plans.price_of(sold), **how)

    def hear(self, told: Notice) -> object:
        from foldline.site.billing import ledger

        return ledger.notice(self.there, told, self.now)

    def hear_all(self) -> None:
        for told in self.there.told:
            self.hear(told)

    def apply(self, snapshot: Snapshot) -> str:
        from foldline.site.billing import ledger

        return ledger.apply("memory", snapshot, self.now).applied

    def passes(self) -> dict[int, int]:
        """The products of the pass that run, with their ends from now on in days."""
        from foldline.site.readers.models import PassFacts
        from foldline.stores.passes import unpack_products

        column = PassFacts.objects.get(session=SESSION).products
        return {product: (end - self.now) / DAY for product, end in unpack_products(column).items() if end > self.now}

    def changes(self) -> int:
        from foldline.site.readers.models import Change

        return Change.objects.filter(kind="session", key=SESSION).count()

    def state(self, number: str) -> str:
        from foldline.site.billing.models import Subscription

        kept = Subscription.objects.filter(provider="memory", provider_id=number).first()
        return "" if kept is None else kept.state
