"""Run in a process of its own, once for each of two worlds: what the pages that sell answer, as JSON lines.

`python -m tests.proof.selling_answers FAULT` with FOLDLINE_HOME set; FAULT is the name of a seeded one, or "-".
Somebody asks for each way in which a subscription can stand, through the ledger, with a provider in memory.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tests.proof.account_answers import FAULTS as ACCOUNT_FAULTS
from tests.proof.account_answers import HEADERS, NOON, answer_of, join, prepare, sign_in

from foldline.stores.schema import connect
from foldline.testing.builders import FREE, GONE_PATH, METERED, NOWHERE, OTHER_TITLE, REGISTERED, SUBSCRIBERS, UNKNOWN

DAY = 86_400
#: How a subscription stands, and the plan that it is to.
STANDS = {
    "never subscribed": "",
    "active": "all",
    "trialing": "more",
    "trial ended": "more",
    "past due": "all",
    "past due beyond the grace": "all",
    "paused": "all",
    "cancelled": "all",
    "lapsed": "all",
    "refunded": "all",
    "disputed": "all",
    "other product": "other",
}
PATHS = (METERED.path, REGISTERED.path, SUBSCRIBERS.path, OTHER_TITLE.path, UNKNOWN.path, FREE.path, GONE_PATH, NOWHERE)
#: Those that a world with a seeded fault is asked by.
FEW = ("active", "refunded")
LONG = os.environ.get("FOLDLINE_PROOF") == "long"
#: A subscription that nobody has.
NOBODYS = 987_654


def sell() -> Any:
    """Let the publication sell three plans, one of them of another product alone; its provider."""
    from django.conf import settings
    from tests.billing.conftest import ALL, MORE
    from tests.billing.memory_provider import MemoryProvider

    from foldline.plans import Plan
    from foldline.site.readers import moment
    from foldline.testing.clock import FrozenClock

    moment._CLOCK = FrozenClock(NOON)
    other = Plan("other", "The other title", (2,), 300, "eur", "month", 0, 7)
    provider = MemoryProvider(NOON)
    provider.signature_header = "Memory-Signature"  # type: ignore[attr-defined]
    settings.FOLDLINE = replace(settings.FOLDLINE, plans=(ALL, MORE, other))
    settings.FOLDLINE_PROVIDER = provider
    return provider


def people(provider: Any) -> dict[str, tuple[Any, int]]:
    """A reader for each of `STANDS`, with the number of their subscription (that of nobody for who has none)."""
    from foldline.site.billing import ledger, plans
    from foldline.site.billing.provider import Status

    found = {}
    for name, plan in STANDS.items():
        reader = join(f"{name.replace(' ', '-')}@twin.example")
        number = NOBODYS
        sold = plans.named(plan)
        if sold is not None:
            there = provider.subscribe(reader.key, plans.price_of(sold))
            match name:
                case "past due":
                    provider._change(there, "failed", status=Status.PAST_DUE, period_end=NOON - DAY)
                case "past due beyond the grace":
                    provider._change(there, "failed", status=Status.PAST_DUE, period_end=NOON - 8 * DAY)
                case "trial ended":
                    provider._change(
                        there, "ended", status=Status.CANCELED, period_end=NOON - DAY, trial_end=NOON - DAY
                    )
                case "paused":
                    provider.pause(there)
                case "cancelled":
                    provider.will_end(there, at_period_end=True)
                case "lapsed":
                    provider.end(there)
                case "refunded":
                    provider.refund(there)
                case "disputed":
                    provider.dispute(there)
            kept = ledger.apply(provider.name, provider.objects[there], NOON).subscription
            assert kept is not None
            assert kept.pk != NOBODYS
            number = kept.pk
        found[name] = (reader, number)
    return found


def questions(own: int, others: int) -> Iterator[tuple[str, str, dict[str, str] | None]]:
    """Every address of selling, in each way: (method, target, form)."""
    from django.urls import reverse

    from foldline.site.billing.urls import urlpatterns

    yield "get", "/-/account", None
    for pattern in urlpatterns:
        name = str(pattern.name)
        numbered = "<int:number>" in str(pattern.pattern)
        for number in (own, others, NOBODYS) if numbered else (0,):
            address = reverse(name, kwargs={"number": number} if numbered else {})
            yield "get", address, None
            yield "post", address, {"next": SUBSCRIBERS.path, "plan": "all", "agreed": "1", "order": "0" * 32}
    for path in PATHS:
        for asked in ("next", "article"):
            yield "get", f"/-/subscribe?{asked}={path}", None
        yield "post", "/-/subscribe", {"next": path, "plan": "all"}
    yield "get", "/-/subscribe", None
    yield "post", "/-/subscribe", {"next": OTHER_TITLE.path, "plan": "more", "agreed": "1", "order": "1" * 32}
    yield "get", f"/-/subscribed?change={'1' * 32}", None
    for number in (1, 2, 3):
        yield "get", f"/-/subscribe?article={number}", None
    for checkout in (f"co_sub_{others}", "co_sub_987654", "made-up"):
        yield "get", f"/-/subscribed?checkout={checkout}", None


def answers(few: bool) -> list[dict[str, Any]]:
    from django.core.cache import cache
    from django.test import Client

    who = people(sell())
    if few:
        who = {name: who[name] for name in FEW}
    numbers = [number for _reader, number in who.values() if number != NOBODYS]
    asked: list[dict[str, Any]] = []
    for name, (reader, number) in [("stranger", (None, NOBODYS)), *who.items()]:
        others = next(one for one in numbers if one != number)
        client = Client(headers=HEADERS)
        if reader is not None:
            sign_in(client, reader)
        for method, target, form in questions(number, others):
            cache.clear()
            asked.append({**answer_of(client, method, target, name, form), "own": number})
    return asked


def _plans_by_length() -> None:
    """The plans that are offered depend on how long the article is."""
    from django.conf import settings

    from foldline.site.billing import offered

    honest = offered.opening

    def opening(path: str) -> Any:
        connection = connect(settings.FOLDLINE.home.sealed_db)
        size = connection.execute("SELECT SUM(LENGTH(plain)) FROM rests").fetchone()[0]
        connection.close()
        return honest(path)[: 1 if size > 5000 else None]

    offered.opening = opening


def _anybodys() -> None:
    """A subscription is found by its number, whoever's it is."""
    from foldline.site.billing import held
    from foldline.site.billing.models import Subscription

    held.one_of = lambda reader, number: Subscription.objects.filter(pk=number).first()


def _closed_articles_are_told() -> None:
    """The page of plans leads back only to articles that everybody may read."""
    from foldline.site.billing import offered
    from foldline.stores.records import PublicStore

    honest = offered.opening

    def opening(path: str) -> Any:
        from django.conf import settings

        store = PublicStore(settings.FOLDLINE.home)
        found = store.find(path)
        store.close()
        return () if found is not None else honest(path)

    offered.opening = opening


#: Seen by the twins; those of the account's pages in the long form of the proof.
FAULTS: dict[str, Callable[[], None]] = {"plans-by-length": _plans_by_length, **(ACCOUNT_FAULTS if LONG else {})}
#: Seen within one world: what is somebody else's is not as what is nobody's.
TOLD: dict[str, Callable[[], None]] = {
    "subscription-of-anybody": _anybodys,
    "plans-tell-what-exists": _closed_articles_are_told,
}


def main(fault: str) -> None:
    prepare()
    seeded = FAULTS | TOLD
    if fault in seeded:
        seeded[fault]()
    for answer in answers(few=fault != "-"):
        print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
