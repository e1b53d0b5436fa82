"""The library day behind real caches: a patron reads although everybody's preview is cached, leaves, and is asked; what
headers claim opens nothing; and the month's totals are those of the event lines."""

from __future__ import annotations

import csv
import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest
from tests.gate.test_institutions import FORWARDING
from tests.server.caches import Cache, nginx_before, varnish_before

from foldline.clock import SystemClock
from foldline.insight.institutions import Month
from foldline.proof.pairs import SENTENCE
from foldline.site.institutions.use import report
from foldline.stores.home import Home
from foldline.stores.institutions import InstitutionStore, Kind, StoredInstitution
from foldline.stores.rule_sets import RuleSetStore
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, METERED, SUBSCRIBERS
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

RULES = '[[rule]]\nname = "Libraries read everything"\nopens-for = "institution"\n'
#: Loopback addresses: the library's, that of a library whose contract has ended, and everybody else's.
PATRON, FORMER, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.9"
READ = b"article=%d" % SUBSCRIBERS.id
FORM = ((b"Content-Type", b"application/x-www-form-urlencoded"), (b"Sec-Fetch-Site", b"same-origin"))
#: Seconds until a worker has heard of a change, and a cache has let go of what it keeps.
HEARD = 5.0


@dataclass
class House:
    """A publication and a cache before it."""

    home: Home
    cache: Cache
    library: StoredInstitution

    def get(self, source: str, *headers: tuple[bytes, bytes]) -> Answer:
        return self.cache.ask("GET", SUBSCRIBERS.path, *headers, source=source)

    def read(self, source: str, *headers: tuple[bytes, bytes], fragment: bool = True) -> Answer:
        form = READ + (b"&answer=fragment" if fragment else b"")
        return self.cache.ask("POST", "/-/read", *FORM, *headers, body=form, source=source)


def opened(answer: Answer) -> bool:
    return SENTENCE in answer.text


@pytest.fixture(scope="module", params=["nginx", "varnish"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp(request.param)
    now = int(SystemClock().now())
    before: dict[str, Callable[..., object]] = {"nginx": nginx_before, "varnish": varnish_before}
    with World(folder / "home", rests(SENTENCE), SystemClock()) as world:
        home = world.home
    text = home.settings_file.read_text(encoding="utf-8")
    home.settings_file.write_text(f"{text}\n[listen]\nport = 1\nhops = 1\n", encoding="utf-8")
    with RuleSetStore(home) as sets:
        sets.publish(RULES, "ada", "", now)
    library = StoredInstitution(Kind.LIBRARY, "Alder Valley Library", now - 60, now + 86_400, (PATRON,))
    former = StoredInstitution(Kind.LIBRARY, "Old Mill Library", now - 86_400, now - 60, (FORMER,))
    with InstitutionStore(home) as store:
        library = store.save(library, "ada", now, confirmed=True)
        store.save(former, "ada", now, confirmed=True)
    with GateProcess(home, HOST, 2) as gate:
        home.settings_file.write_text(f"{text}\n[listen]\nport = {gate.address[1]}\nhops = 1\n", encoding="utf-8")
        opening = before[request.param](home.path, HOST, folder / "cache")
        with opening as cache:  # type: ignore[attr-defined]
            yield House(home, cache, library)


def test_a_patron_reads_although_a_cache_holds_everybodys_preview(house: House) -> None:
    stranger = house.get(STRANGER)
    assert (stranger.status, opened(stranger), b'data-kind="ask"' in stranger.body) == (200, False, True)
    # The cache can't tell who asks: the patron is sent the same preview, which asks, and is answered.
    assert house.get(PATRON).body == stranger.body
    read = house.read(PATRON)
    assert opened(read)
    assert "Provided by Alder Valley Library" in read.text
    assert read.header(b"set-cookie") == b""
    by_form = house.read(PATRON, fragment=False)
    assert (by_form.status, opened(by_form)) == (200, True)
    for answer in (house.get(STRANGER), house.get(PATRON), house.get(FORMER)):
        assert not opened(answer)


def test_who_leaves_the_network_is_asked_at_the_next_request(house: House) -> None:
    assert opened(house.read(PATRON))
    for answer in (house.read(STRANGER), house.get(STRANGER), house.read(STRANGER, fragment=False)):
        assert not opened(answer)


@pytest.mark.parametrize("name", FORWARDING)
def test_what_headers_claim_opens_nothing_and_is_kept_for_nobody(house: House, name: str) -> None:
    claim = (name.encode(), f"for={PATRON}".encode() if name == "forwarded" else PATRON.encode())
    assert not opened(house.get(STRANGER, claim))
    assert not opened(house.read(STRANGER, claim))
    assert opened(house.read(PATRON))


def test_the_totals_of_the_file_are_those_of_the_lines_and_no_line_knows_a_person(house: House) -> None:
    for source, times in ((PATRON, 3), (FORMER, 2), (STRANGER, 1)):
        for _ in range(times):
            house.read(source)
    month = Month.of(time.strftime("%Y-%m", time.gmtime()), ZoneInfo("UTC"))

    def rows() -> dict[str, dict[str, str]]:
        return {row["Institution"]: row for row in csv.DictReader(report(house.home, month).splitlines())}

    until(lambda: int(rows()["Old Mill Library"]["No_License"]) >= 2)
    until(lambda: int(rows()["Alder Valley Library"]["Total_Item_Requests"]) >= 3)
    lines = [
        line.split("\t")
        for segment in sorted(house.home.events.glob("*.tsv"))
        for line in segment.read_text(encoding="utf-8").splitlines()
    ]
    told = rows()
    for name, number in (("Alder Valley Library", "1"), ("Old Mill Library", "2")):
        mine = [line for line in lines if line[7] == number]
        assert int(told[name]["Total_Item_Requests"]) == sum(line[2] == "opens" for line in mine)
        assert int(told[name]["No_License"]) == sum(line[2] == "refuses" for line in mine)
    assert (told["Alder Valley Library"]["No_License"], told["Old Mill Library"]["Total_Item_Requests"]) == ("0", "0")
    assert told["Old Mill Library"]["No_License"] == told["Old Mill Library"]["Contract_Not_Running"]
    text = "\n".join("\t".join(line) for line in lines)
    assert not any(secret in text for secret in ("127.0.0", "Alder", "Mill"))


def test_a_contract_that_is_ended_is_so_within_a_second_and_comes_back(house: House) -> None:
    now = int(time.time())
    store = InstitutionStore(house.home)
    shorter = functools.partial(StoredInstitution, Kind.LIBRARY, "Alder Valley Library", house.library.starts)
    try:
        store.save(shorter(now, (PATRON,), id=house.library.id), "ada", now, confirmed=True)
        until(lambda: not opened(house.read(PATRON)))
        store.save(shorter(now + 86_400, (PATRON,), id=house.library.id), "ada", now, confirmed=True)
        until(lambda: opened(house.read(PATRON)))
    finally:
        store.close()


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + HEARD
    while not so():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_what_a_patron_is_answered_first_is_kept_for_nobody(house: House) -> None:
    """Nobody has asked for this article before: the gate sees who asks, and opens it at once."""
    first = house.cache.ask("GET", METERED.path, source=PATRON)
    assert (opened(first), "Provided by Alder Valley Library" in first.text) == (True, True)
    assert first.header(b"cache-control") == b"private, no-store"
    for source in (STRANGER, PATRON, STRANGER):
        assert not opened(house.cache.ask("GET", METERED.path, source=source))
