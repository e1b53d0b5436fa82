"""Libraries and companies at the desk: who may, what is refused by name, what is asked about, and what is logged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from tests.readers.processes import DeskBrowser

from foldline.stores.changes import ChangeFeed
from foldline.stores.home import Home
from foldline.stores.institutions import InstitutionStore, StoredInstitution
from foldline.stores.schema import connect

from .conftest import Log
from .staff_room import enter

ZONE = ZoneInfo("America/New_York")
FORM = {
    "kind": "library",
    "name": "Alder Valley Library",
    "starts": "2026-01-01",
    "last_day": "2036-12-31",
    "ranges": "8.8.8.0/24\r\n2a00:1450:4000::/48\r\n",
    "domains": "alder.example\r\n",
    "product": "1",
}


@pytest.fixture(autouse=True)
def no_institutions(home: Home, site: None) -> Iterator[None]:
    def empty() -> None:
        connection = connect(home.site_db)
        connection.execute("DELETE FROM foldline_institutions")
        connection.close()

    empty()
    yield
    empty()


def every(home: Home) -> list[StoredInstitution]:
    with InstitutionStore(home, read_only=True) as store:
        return store.every()


def test_revenue_adds_a_library_and_workers_hear_of_it(desk: DeskBrowser, home: Home, log: Log) -> None:
    feed = ChangeFeed(home)
    feed.read()
    email = enter(desk, "revenue")
    desk.get("/institutions/new")
    assert desk.post("/institutions/new", FORM).headers["location"] == "/institutions"
    (stored,) = every(home)
    assert (stored.name, stored.ranges, stored.domains) == (
        "Alder Valley Library",
        ("8.8.8.0/24", "2a00:1450:4000::/48"),
        ("alder.example",),
    )
    # Days are those of New York; the last one belongs to the contract.
    days = [datetime(2026, 1, 1, tzinfo=ZONE), datetime(2037, 1, 1, tzinfo=ZONE)]
    assert [stored.starts, stored.ends] == [day.timestamp() for day in days]
    assert [change.kind for change in feed.read()] == ["institutions"]
    feed.close()
    (entry,) = log.changes()
    assert entry.startswith(f"{email}|added|institution||library Alder Valley Library; 2026-01-01 to 2036-12-31")
    page = desk.get("/institutions").text
    for said in (
        "Alder Valley Library",
        "8.8.8.0/24",
        "256 of IPv4 and about 2^80 of IPv6",
        "alder.example",
        "2036-12-31",
    ):
        assert said in page


@pytest.mark.parametrize("role", ["editor", "service"])
def test_nobody_else_may(desk: DeskBrowser, home: Home, role: str) -> None:
    enter(desk, role)
    for path in ("/institutions", "/institutions/new", "/institutions/list.csv", "/institutions/use.csv?month=2026-11"):
        assert desk.get(path).status == 403
    desk.get("/")
    assert desk.post("/institutions/new", FORM).status == 403
    assert every(home) == []


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "128.0.0.0/1", "0.0.0.0/1\n128.0.0.0/1"])
def test_half_the_internet_is_refused_by_name_and_can_not_be_confirmed(
    desk: DeskBrowser, home: Home, text: str, log: Log
) -> None:
    enter(desk, "admin")
    desk.get("/institutions/new")
    answer = desk.post("/institutions/new", {**FORM, "ranges": text, "confirm": "1"})
    assert answer.status == 400
    assert text.split("\n")[0] in answer.text
    assert "internet of IPv" in answer.text
    assert "This is never taken" in answer.text
    assert 'name="confirm"' not in answer.text
    assert (every(home), log.changes()) == ([], [])


def test_what_is_dangerous_is_told_and_taken_once_somebody_confirms_it(desk: DeskBrowser, home: Home) -> None:
    enter(desk, "admin")
    desk.get("/institutions/new")
    dangerous = {**FORM, "ranges": "8.8.0.0/15\n10.0.0.0/24"}
    answer = desk.post("/institutions/new", dangerous)
    assert answer.status == 400
    for said in ("131,072 addresses", "private addresses", 'name="confirm"', "10.0.0.0/24</textarea>"):
        assert said in answer.text
    assert every(home) == []
    assert desk.post("/institutions/new", {**dangerous, "confirm": "1"}).status == 303
    assert len(every(home)) == 1


def test_an_overlap_with_another_institution_is_told_by_its_name(desk: DeskBrowser, home: Home) -> None:
    enter(desk, "admin")
    desk.get("/institutions/new")
    desk.post("/institutions/new", FORM)
    other = {**FORM, "name": "Weir & Sons", "kind": "company", "ranges": "8.8.8.128/25", "domains": ""}
    answer = desk.post("/institutions/new", other)
    assert (answer.status, len(every(home))) == (400, 1)
    assert "overlaps with 8.8.8.0/24 of Alder Valley Library" in answer.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ranges": "8.8.9.0/23"}, "is no range of addresses"),
        ({"ranges": "library"}, "is no range of addresses"),
        ({"domains": "edu"}, "no domain of one institution"),
        ({"last_day": "2025-12-31"}, "The last day comes before the first."),
        ({"ranges": "", "domains": ""}, "Write a network, or a domain below"),
        ({"name": ""}, "This field is required."),
        ({"product": "77"}, "77 is not one of the available choices"),
        ({"domains": "gmail.com"}, "anybody gets an address there"),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_written(
    desk: DeskBrowser, home: Home, wrong: dict[str, str], said: str
) -> None:
    enter(desk, "admin")
    desk.get("/institutions/new")
    answer = desk.post("/institutions/new", {**FORM, **wrong})
    assert answer.status == 400
    assert said in answer.text
    assert "Alder Valley Library" in answer.text or "name" in wrong
    assert every(home) == []


def test_a_contract_is_changed_and_ended_and_stays_in_the_list(desk: DeskBrowser, home: Home, log: Log) -> None:
    email = enter(desk, "admin")
    desk.get("/institutions/new")
    desk.post("/institutions/new", FORM)
    (stored,) = every(home)
    page = desk.get(f"/institutions/{stored.id}").text
    assert 'value="2036-12-31"' in page
    desk.post(f"/institutions/{stored.id}", {**FORM, "name": "Alder Library", "ranges": "9.9.9.0/24"})
    assert [(one.id, one.name, one.ranges) for one in every(home)] == [(stored.id, "Alder Library", ("9.9.9.0/24",))]
    desk.get("/institutions")
    assert desk.post(f"/institutions/{stored.id}/end", {}).headers["location"] == "/institutions"
    (ended,) = every(home)
    assert ended.ends < stored.ends
    assert desk.post(f"/institutions/{stored.id}/end", {}).status == 404
    assert "Ended" in desk.get("/institutions").text
    assert [entry.split("|")[:3] for entry in log.changes()] == [
        [email, "added", "institution"],
        [email, "changed", "institution"],
        [email, "ended", "institution"],
    ]


def test_what_was_used_and_all_contracts_are_files(desk: DeskBrowser, home: Home) -> None:
    enter(desk, "revenue")
    desk.get("/institutions/new")
    desk.post("/institutions/new", FORM)
    (stored,) = every(home)
    segment = home.events / "worker-9-000000.tsv"
    segment.write_text(f"1795000000\t3\topens\tin-institution\tr-a\t+in-institution\tLibraries\t{stored.id}\n" * 3)
    try:
        use = desk.get("/institutions/use.csv?month=2026-11")
    finally:
        segment.unlink()
    assert use.headers["content-type"] == "text/csv; charset=utf-8"
    assert use.text.splitlines()[1] == f"Alder Valley Library,{stored.id},2026-11,3,1,0,0"
    assert desk.get("/institutions/use.csv?month=never").status == 404
    contracts = desk.get("/institutions/list.csv").text.splitlines()
    assert contracts == [
        "kind,name,ranges,domains,product,starts,last_day",
        "library,Alder Valley Library,8.8.8.0/24 2a00:1450:4000::/48,alder.example,1,2026-01-01,2036-12-31",
    ]
