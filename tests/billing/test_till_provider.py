"""The till keeps what every provider promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.billing.provider_contract import PRICE, ProviderContract, Room
from tests.billing.till_room import KEY, SECRET, SITE, running_till

from foldline.site.billing.till.client import Till
from foldline.site.billing.till.telling import notice_body


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder: Path = tmp_path_factory.mktemp("till")
    with running_till(folder) as till:

        def subscribes(reader: str) -> str:
            made = till.provider.start_checkout(reader, "r@example.test", PRICE, f"{SITE}/", f"key-of-{reader}")
            pays(made.url)
            return str(till.provider.checkout(made.id).subscription)

        def pays(address: str) -> None:
            assert till.post(address, card="works").status == 303

        yield Room(
            provider=till.provider,
            secret=SECRET,
            subscribes=subscribes,
            notice=lambda name: notice_body({"id": "evt_1", "kind": "k", "subscription": name, "created": 1}),
            unreachable=Till("http://127.0.0.1:9", KEY, SECRET),
            pays=pays,
            changes=pays,
        )


def test_the_page_for_staff_leads_to_the_subscription_in_the_books(room: Room) -> None:
    name = room.subscribes("reader-of-the-desk")
    address, _, place = room.provider.page_for_staff(name).partition("#")
    with urlopen(address) as answer:
        assert f'id="{place}"' in answer.read().decode()


class TestTill(ProviderContract):
    """The sentences, before the till."""
