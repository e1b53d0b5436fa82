"""Each defence of institutions and of print subscribers, taken away: the test that stands for it goes red."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from tests.callers import test_doubts
from tests.circulation import test_activating, test_file
from tests.circulation.conftest import Room as PrintRoom
from tests.gate import test_institutions
from tests.gate.newspaper import Newspaper, open_newspaper
from tests.institutions import test_domains
from tests.stores import test_institutions as test_stored

from foldline.gate import article as gate_article
from foldline.gate.response import NEUTRAL, Response
from foldline.stores.home import Home
from foldline.stores.institutions import InstitutionStore
from foldline.stores.schema import migrate

from .conftest import Room, home, later, readers_site, room

__all__ = ["home", "later", "readers_site", "room"]

Patch = pytest.MonkeyPatch


def _believing_headers(request: Any, gate: Any) -> Any:
    """The first address that X-Forwarded-For names, as many programs take it."""
    said = request.header(b"x-forwarded-for").decode().split(",")[0].strip() or request.client
    try:
        return ip_address(said)
    except ValueError:
        return None


def _kept_by_caches(*arguments: Any, **more: Any) -> Any:
    answer = _WHOLE_FOR(*arguments, **more)
    return type(answer)(
        answer.status, (*(one for one in answer.headers if one[0] != b"cache-control"), *NEUTRAL), answer.body
    )


_WHOLE_FOR = gate_article.whole_for
_USED_BY = gate_article.Carried.used_by


def _with_the_address(carried: Any, decision: Any) -> str:
    """Event lines know from where somebody read."""
    return f"{_USED_BY(carried, decision)}\t198.51.100.7"


def _back_to_the_page(record: Any, *arguments: Any) -> Iterator[Any]:
    """As for whoever carries an opening. Here nobody does: the way back leads to the preview."""
    yield from ()
    return Response(303, ((b"location", record.path.encode()),))


def _library(folder: Path) -> Newspaper:
    paper = open_newspaper(folder)
    test_institutions.decide_by(paper, test_institutions.LIBRARIES)
    paper.worker.state.hops = 1
    test_institutions.save(paper, test_institutions.LIBRARY)
    return paper


#: What is taken away, what stands in its place, and the test that must not pass then.
GATE: dict[str, tuple[str, object, Callable[[Newspaper], None]]] = {
    "a forwarding header is believed": (
        "foldline.gate.facts.client_of",
        _believing_headers,
        lambda paper: test_institutions.test_forged_forwarding_headers_open_nothing(paper, 1, "x-forwarded-for"),
    ),
    "the end of a contract is ignored": (
        "foldline.callers.institutions.Institution.runs",
        lambda institution, now: True,
        test_institutions.test_the_day_after_its_end_and_the_second_before_its_start_nothing_opens_without_any_job,
    ),
    "event lines hold an identifier": (
        "foldline.gate.facts.Carried.used_by",
        _with_the_address,
        test_institutions.test_event_lines_name_the_institution_that_opened_or_was_refused_and_nobody_else,
    ),
    "caches keep a library's whole": (
        "foldline.gate.article.whole_for",
        _kept_by_caches,
        lambda paper: (
            test_institutions.test_a_reader_in_the_network_reads_the_whole_at_once_and_is_told_who_provides_it(
                paper, test_institutions.INSIDE
            )
        ),
    ),
    "the preview that caches hold does not ask": (
        "foldline.gate.article.asks_for_networks",
        lambda plan, now, gate: False,
        test_institutions.test_the_preview_that_caches_hold_asks_where_a_network_may_open_the_article,
    ),
    "whoever says nothing of its page may spend": (
        "foldline.gate.read.comes_from_our_page",
        lambda request, gate: True,
        test_institutions.test_a_proxy_that_drops_the_headers_of_browsers_reads_what_costs_nothing_and_counts_nothing,
    ),
    "a device keeps what a network opened": (
        "foldline.gate.read._provided",
        _back_to_the_page,
        test_institutions.test_the_button_without_a_script_answers_with_the_whole_itself,
    ),
}


@pytest.mark.parametrize("name", GATE)
def test_without_a_defence_of_the_gate_its_test_goes_red(tmp_path: Path, monkeypatch: Patch, name: str) -> None:
    place, instead, goes_red = GATE[name]
    paper = _library(tmp_path)
    monkeypatch.setattr(place, instead)
    with pytest.raises((AssertionError, ValueError, AttributeError)):
        goes_red(paper)


def _accepted(store: InstitutionStore) -> None:
    test_stored.test_a_dangerous_or_overlapping_range_needs_somebody_who_confirms_it(store, "8.8.8.128/25")


def _half(store: InstitutionStore) -> None:
    test_stored.test_half_the_internet_is_refused_even_when_it_is_confirmed(store, "0.0.0.0/1")


STORE: dict[str, tuple[str, object, Callable[[InstitutionStore], None]]] = {
    "an overlap is accepted": ("foldline.stores.institutions.overlapping", lambda written, others: [], _accepted),
    "half the internet is accepted": ("foldline.stores.institutions.doubts_about_ranges", lambda written: [], _half),
}


@pytest.mark.parametrize("name", STORE)
def test_without_a_defence_of_the_store_its_test_goes_red(tmp_path: Path, monkeypatch: Patch, name: str) -> None:
    place, instead, goes_red = STORE[name]
    migrate(Home(tmp_path))
    monkeypatch.setattr(place, instead)
    with InstitutionStore(Home(tmp_path)) as store, pytest.raises(pytest.fail.Exception):
        goes_red(store)


def test_a_domain_that_is_matched_by_its_ending_goes_red(room: Room, monkeypatch: Patch) -> None:
    def ending(domain: str, address: str) -> bool:
        return domain.removeprefix("*.") in address

    monkeypatch.setattr("foldline.site.institutions.provided.covers", ending)
    monkeypatch.setattr(test_doubts, "covers", ending)
    email = "x@uni.edu.evil.com"
    with pytest.raises(AssertionError):
        test_domains.test_what_only_looks_like_the_domain_is_entitled_to_nothing(room, email)
    with pytest.raises(AssertionError):
        test_doubts.test_an_address_lies_in_a_domain_exactly_or_not_at_all("uni.edu", email, False)


def _tells_who_has_it(reader: Any, number: str, postcode: str) -> Any:
    """Says of a number that somebody else has it, that it is right."""
    from foldline.site.circulation import hashes
    from foldline.site.circulation.models import PrintSubscription

    if PrintSubscription.objects.filter(number=hashes.plain_number(number)).exists():
        PrintSubscription.objects.filter(number=hashes.plain_number(number)).count()
    return None


def _postcode_is_not_asked(number: str, postcode: str) -> list[str]:
    from foldline.site.circulation.hashes import _hashes, plain_number

    return _hashes("pair", plain_number(number))


#: Of print subscribers.
PRINT: dict[str, tuple[str, object, Callable[[PrintRoom], None]]] = {
    "an answer that takes longer for a number that exists": (
        "foldline.site.circulation.activating.activate",
        _tells_who_has_it,
        test_activating.test_every_failure_is_the_same_answer_after_the_same_work,
    ),
    "any postcode does": (
        "foldline.site.circulation.hashes.pairs",
        _postcode_is_not_asked,
        test_activating.test_every_failure_is_the_same_answer_after_the_same_work,
    ),
    "tries are not counted": (
        "foldline.site.circulation.pages._may_try",
        lambda request, reader, number: True,
        lambda room: test_activating.test_tries_are_counted_for_a_reader_a_number_and_a_network(room, 10, "one reader"),
    ),
    "a stop ends nothing": (
        "foldline.site.circulation.importing.follow",
        lambda activation: None,
        lambda room: test_file.test_one_that_goes_on_is_prolonged_and_who_comes_back_reads_again(room),
    ),
    "a file that shrank is taken": (
        "foldline.site.circulation.importing.MOST_MISSING",
        1.0,
        test_file.test_a_file_that_shrank_by_more_than_a_fifth_is_refused_whole_unless_somebody_says_so,
    ),
}


@pytest.fixture
def print_room(home: Home, readers_site: None) -> Any:
    from foldline.site.circulation.models import PrintSubscription

    PrintSubscription.objects.all().delete()
    yield PrintRoom(home)
    PrintSubscription.objects.all().delete()


@pytest.mark.parametrize("name", PRINT)
def test_without_a_defence_of_print_its_test_goes_red(print_room: PrintRoom, monkeypatch: Patch, name: str) -> None:
    place, instead, goes_red = PRINT[name]
    monkeypatch.setattr(place, instead)
    with pytest.raises(AssertionError):
        goes_red(print_room)
