"""Institutions as they are stored: nothing dangerous unasked, and workers hear of each change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from foldline.errors import StoreUnavailable
from foldline.stores.changes import ChangeFeed
from foldline.stores.home import Home
from foldline.stores.institutions import Doubted, InstitutionStore, Kind, StoredInstitution
from foldline.stores.institutions_in_force import InstitutionsInForce
from foldline.stores.schema import connect

NOW, DAY = 1_795_000_000, 86_400
LIBRARY = StoredInstitution(Kind.LIBRARY, "Town Library", NOW, NOW + DAY, ("8.8.8.0/24",), ("town.example",))


@pytest.fixture
def store(on_both: Home) -> Iterator[InstitutionStore]:
    with InstitutionStore(on_both) as opened:
        opened.home = on_both  # type: ignore[attr-defined]
        yield opened


def home_of(store: InstitutionStore) -> Home:
    home: Home = store.home  # type: ignore[attr-defined]
    return home


def test_what_was_stored_is_what_is_read_and_workers_hear_of_it(store: InstitutionStore) -> None:
    feed = ChangeFeed(home_of(store))
    assert feed.read() == []
    stored = store.save(replace(LIBRARY, name="  Town \n Library ", domains=("@Town.Example",)), "ada", NOW)
    assert store.every() == [replace(LIBRARY, id=1)] == [stored]
    assert [(change.kind, change.key) for change in feed.read()] == [("institutions", "")]
    feed.close()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "write a name"),
        ({"name": "x" * 121}, "write a name"),
        ({"name": "Town\x00Library"}, "write a name"),
        ({"ends": NOW}, "ends before it starts"),
        ({"ranges": ("8.8.8.0/24", "8.8.8.1/24")}, "'8.8.8.1/24' is no range of addresses"),
        ({"domains": ("edu",)}, "no domain of one institution"),
        ({"name": "TOWN library"}, "another institution with the name"),
    ],
)
def test_what_is_wrong_is_refused_in_words_and_nothing_is_stored(
    store: InstitutionStore, wrong: dict[str, object], said: str
) -> None:
    store.save(LIBRARY, "ada", NOW)
    with pytest.raises(ValueError, match=said):
        store.save(replace(LIBRARY, **{"name": "Other", "ranges": ("9.9.9.9",), "domains": (), **wrong}), "ada", NOW)  # type: ignore[arg-type]
    assert len(store.every()) == 1


@pytest.mark.parametrize("text", ["10.0.0.0/8", "8.8.0.0/15", "8.8.8.128/25"])
def test_a_dangerous_or_overlapping_range_needs_somebody_who_confirms_it(store: InstitutionStore, text: str) -> None:
    store.save(LIBRARY, "ada", NOW)
    other = StoredInstitution(Kind.COMPANY, "Weir & Sons", NOW, NOW + DAY, (text,))
    with pytest.raises(Doubted, match=text.partition("/")[0]) as refused:
        store.save(other, "ada", NOW)
    assert not refused.value.final
    assert len(store.every()) == 1
    assert store.save(other, "ada", NOW, confirmed=True).id == 2


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "8000::/1"])
def test_half_the_internet_is_refused_even_when_it_is_confirmed(store: InstitutionStore, text: str) -> None:
    with pytest.raises(Doubted, match=text) as refused:
        store.save(replace(LIBRARY, ranges=(text,)), "ada", NOW, confirmed=True)
    assert refused.value.final
    assert store.every() == []


def test_contracts_at_different_times_are_no_overlap(store: InstitutionStore) -> None:
    store.save(LIBRARY, "ada", NOW)
    store.save(replace(LIBRARY, name="County", starts=NOW + DAY, ends=NOW + 2 * DAY), "ada", NOW)
    assert len(store.every()) == 2


def test_a_change_of_what_is_not_there_is_refused(store: InstitutionStore) -> None:
    with pytest.raises(LookupError, match="7"):
        store.save(replace(LIBRARY, id=7), "ada", NOW)
    assert store.every() == []


def test_a_worker_keeps_what_it_knew_while_the_table_can_not_be_read(store: InstitutionStore) -> None:
    inside = ip_address("8.8.8.8")
    in_force = InstitutionsInForce(home_of(store))
    assert in_force.look().of(inside, NOW) is None
    store.save(LIBRARY, "ada", NOW)
    found = in_force.look().of(inside, NOW)
    assert found is not None
    assert (found.name, in_force.settled) == ("Town Library", True)
    store.close()
    site = home_of(store).site_db
    if isinstance(site, Path):
        site.rename(site.with_suffix(".away"))
    else:
        connection = connect(site)
        connection.execute("ALTER SCHEMA foldline_site RENAME TO away")
        connection.close()
    assert in_force.look().of(inside, NOW) == found
    assert in_force.settled is False
    with pytest.raises(StoreUnavailable, match="migrate"):
        store.every()


def test_a_line_that_is_no_range_opens_nothing_and_takes_nothing_from_the_others(store: InstitutionStore) -> None:
    store.save(LIBRARY, "ada", NOW)
    connection = connect(home_of(store).site_db)
    connection.execute("UPDATE foldline_institutions SET ranges = ?", ("all of them\n8.8.8.0/24",))
    connection.close()
    found = InstitutionsInForce(home_of(store)).look()
    assert found.of(ip_address("8.8.8.8"), NOW) is not None
    assert found.of(ip_address("8.8.9.8"), NOW) is None


def test_half_the_internet_put_into_the_table_by_hand_opens_nothing(store: InstitutionStore) -> None:
    store.save(LIBRARY, "ada", NOW)
    connection = connect(home_of(store).site_db)
    connection.execute("UPDATE foldline_institutions SET ranges = ?", ("0.0.0.0/1\n193.0.14.129",))
    connection.close()
    found = InstitutionsInForce(home_of(store)).look()
    assert [found.of(ip_address(text), NOW) for text in ("8.8.8.8", "193.0.14.129")] == [None, None]
