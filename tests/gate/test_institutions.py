"""A library's network: whoever is in it reads, whoever leaves it is asked, and nothing that a client writes helps."""

from __future__ import annotations

import gzip
import json

import pytest
from tests.gate.newspaper import REST, START, Newspaper, record
from tests.gate.test_get import has_rest, header
from tests.gate.test_rules import decide_by

from foldline.gate.response import CACHED_AT_MOST, Response
from foldline.policy.facts import Access
from foldline.policy.rule import Articles, Grant, Rule
from foldline.stores.institutions import InstitutionStore, Kind, StoredInstitution
from foldline.stores.records import RecordWriter

DAY = 86_400
LIBRARIES = Rule("libraries read everything", Articles(), opens_for=(Grant.INSTITUTION,))
INSIDE, OUTSIDE, INSIDE_6 = "198.51.100.7", "192.0.2.200", "2001:db8:7::5"
LIBRARY = StoredInstitution(
    Kind.LIBRARY, "Alder Valley Library", START - DAY, START + DAY, ("198.51.100.0/24", "2001:db8:7::/48")
)
#: Where proxies and programs write addresses. None of them is believed beyond the configured hops.
FORWARDING = (
    "x-forwarded-for",
    "forwarded",
    "x-real-ip",
    "client-ip",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "x-remote-addr",
    "via",
)


@pytest.fixture
def library(paper: Newspaper) -> Newspaper:
    """A newspaper behind one proxy of its own, whose rules open everything to libraries, and one library."""
    decide_by(paper, LIBRARIES)
    paper.worker.state.hops = 1
    save(paper, LIBRARY)
    return paper


def save(paper: Newspaper, one: StoredInstitution) -> StoredInstitution:
    with InstitutionStore(paper.home) as store:
        stored = store.save(one, "ada@paper.test", int(paper.clock.time), confirmed=True)
    paper.worker.hear()
    return stored


def came_from(address: str) -> tuple[str, str]:
    return ("x-forwarded-for", address)


def events_of(paper: Newspaper) -> list[list[str]]:
    """The event lines, each as its columns."""
    paper.worker.events.flush()
    (segment,) = paper.home.events.glob("*.tsv")
    return [line.split("\t") for line in segment.read_text().splitlines()]


def reason_of(answer: Response) -> str:
    return answer.body.decode().partition('data-reason="')[2].partition('"')[0]


@pytest.mark.parametrize("address", [INSIDE, INSIDE_6, "::ffff:198.51.100.7"])
def test_a_reader_in_the_network_reads_the_whole_at_once_and_is_told_who_provides_it(
    library: Newspaper, address: str
) -> None:
    answer = library.get("/subscribers", came_from(address), ("accept-encoding", "gzip"))
    body = gzip.decompress(answer.body).decode()
    assert REST in body
    assert '<p class="opened" data-nosnippet>Provided by Alder Valley Library</p>' in body
    assert header(answer, "cache-control") == "private, no-store"
    assert header(answer, "etag") == ""
    assert library.jar == {}


def test_a_reader_who_leaves_the_network_is_asked_at_the_next_request(library: Newspaper) -> None:
    assert has_rest(library.get("/subscribers", came_from(INSIDE)))
    assert has_rest(library.read(4, came_from(INSIDE)))
    assert library.jar == {}
    assert not has_rest(library.get("/subscribers", came_from(OUTSIDE)))
    assert reason_of(library.read(4, came_from(OUTSIDE))) == "subscription-needed"


@pytest.mark.parametrize("name", FORWARDING)
@pytest.mark.parametrize("hops", [0, 1])
def test_forged_forwarding_headers_open_nothing(library: Newspaper, name: str, hops: int) -> None:
    library.worker.state.hops = hops
    value = f"for={INSIDE}" if name == "forwarded" else INSIDE
    sent = [(name, value), (name, f"{value}, {value}")]
    if hops:
        sent.append(came_from(OUTSIDE))  # what our own proxy wrote, last
    honest = library.get("/subscribers", *([came_from(OUTSIDE)] if hops else []))
    forged = library.get("/subscribers", *sent)
    assert (forged.status, forged.body, forged.headers) == (honest.status, honest.body, honest.headers)
    assert reason_of(library.read(4, *sent)) == "subscription-needed"


def test_the_day_after_its_end_and_the_second_before_its_start_nothing_opens_without_any_job(
    library: Newspaper,
) -> None:
    opened = []
    for moment in (START - DAY - 1, START - DAY, START + DAY - 1, START + DAY):
        library.clock.time = moment
        opened.append(has_rest(library.get("/subscribers", came_from(INSIDE))))
    assert opened == [False, True, True, False]


def test_workers_hear_of_a_contract_that_is_ended_early(library: Newspaper) -> None:
    with InstitutionStore(library.home) as store:
        (stored,) = store.every()
    assert has_rest(library.get("/subscribers", came_from(INSIDE)))
    library.clock.time += 60
    save(library, StoredInstitution(stored.kind, stored.name, stored.starts, START + 30, stored.ranges, id=stored.id))
    assert not has_rest(library.get("/subscribers", came_from(INSIDE)))


def test_where_two_networks_overlap_the_one_whose_contract_runs_provides(library: Newspaper) -> None:
    library.clock.time = START + 2 * DAY
    save(library, StoredInstitution(Kind.COMPANY, "Weir & Sons", START + DAY, START + 9 * DAY, ("198.51.100.0/25",)))
    assert "Provided by Weir &amp; Sons" in library.get("/subscribers", came_from(INSIDE)).body.decode()


def test_a_rule_says_which_articles_institutions_read(paper: Newspaper) -> None:
    decide_by(paper, Rule("town", Articles(sections=frozenset({"Town"})), opens_for=(Grant.INSTITUTION,)))
    paper.worker.state.hops = 1
    save(paper, LIBRARY)
    assert not has_rest(paper.get("/subscribers", came_from(INSIDE)))
    assert reason_of(paper.read(4, came_from(INSIDE))) == "subscription-needed"


def test_the_preview_that_caches_hold_asks_where_a_network_may_open_the_article(paper: Newspaper) -> None:
    paper.worker.state.hops = 1
    decide_by(paper, LIBRARIES)
    before = paper.get("/subscribers", came_from(OUTSIDE))
    assert reason_of(before) == "subscription-needed"
    paper.clock.time = START - 2 * DAY
    save(paper, LIBRARY)
    assert paper.get("/subscribers", came_from(OUTSIDE)).body == before.body
    # A preview that is cached now may be shown when the contract has begun.
    paper.clock.time = START - DAY - CACHED_AT_MOST
    asking = paper.get("/subscribers", came_from(OUTSIDE))
    assert reason_of(asking) == "ask"
    assert header(asking, "cdn-cache-control").startswith("max-age")
    paper.clock.time = START + DAY
    assert paper.get("/subscribers", came_from(OUTSIDE)).body == before.body


def test_the_button_without_a_script_answers_with_the_whole_itself(library: Newspaper) -> None:
    answer = library.read(4, came_from(INSIDE), script=False)
    assert (answer.status, has_rest(answer), header(answer, "cache-control")) == (200, True, "private, no-store")
    assert "Provided by Alder Valley Library" in answer.body.decode()
    assert library.jar == {}


def test_the_answer_to_the_script_says_who_provides_the_article(library: Newspaper) -> None:
    answer = library.read(4, came_from(INSIDE))
    assert (reason_of(answer), has_rest(answer)) == ("in-institution", True)
    assert "Provided by Alder Valley Library" in answer.body.decode()
    sent = (came_from(INSIDE), ("sec-fetch-site", "same-origin"))
    told = json.loads(library.ask("POST", "/-/read", sent, b"article=4&answer=json").body)
    assert (told["reason"], told["sentence"]) == ("in-institution", "Provided by Alder Valley Library")


def test_an_article_that_an_institution_provides_costs_nothing_of_a_meter(library: Newspaper) -> None:
    for _ in range(5):
        assert reason_of(library.read(3, came_from(INSIDE))) == "in-institution"
    assert library.jar == {}


def test_event_lines_name_the_institution_that_opened_or_was_refused_and_nobody_else(library: Newspaper) -> None:
    library.sign_in({1: START + DAY})
    library.get("/subscribers", came_from(INSIDE))
    library.jar.clear()
    library.get("/subscribers", came_from(INSIDE))
    library.get("/subscribers", came_from(OUTSIDE))
    lines = events_of(library)
    assert [(line[3], line[7]) for line in lines] == [
        ("subscription-covers", ""),
        ("in-institution", "1"),
        ("subscription-needed", ""),
    ]
    # Whatever else a line may come to hold: of a reading that a network opened it says nothing about who read.
    assert not any(lines[1][8:])
    text = "\n".join("\t".join(line) for line in lines)
    assert not any(secret in text for secret in (INSIDE, OUTSIDE, "Alder"))


def test_who_is_only_asked_to_ask_again_is_no_turnaway_yet(library: Newspaper) -> None:
    """The next request tells them, and that one is counted."""
    library.clock.time = START + DAY - 1
    library.worker.state.hops = 1
    decide_by(library, Rule("subscribers only", Articles(), only_for=frozenset({Grant.PRODUCT})))
    library.get("/subscribers", came_from(INSIDE))
    assert [(line[3], line[7]) for line in events_of(library)] == [("subscription-needed", "1")]


def test_an_article_of_an_institution_that_was_replaced_twice_keeps_its_line(library: Newspaper) -> None:
    assert not has_rest(library.get("/subscribers", came_from(OUTSIDE)))
    writer = RecordWriter(library.home)
    for version in (2, 3):
        writer.put_article(record(4, Access.SUBSCRIBERS, version=version, rest="<p>The third edition.</p>"))
    writer.close()
    answer = library.get("/subscribers", came_from(INSIDE))
    assert "The third edition." in answer.body.decode()
    assert "Provided by Alder Valley Library" in answer.body.decode()


def test_a_database_that_goes_away_takes_no_library_with_it(library: Newspaper) -> None:
    library.break_passes()
    library.worker.hear()
    assert has_rest(library.get("/subscribers", came_from(INSIDE)))


def test_a_proxy_that_drops_the_headers_of_browsers_reads_what_costs_nothing_and_counts_nothing(
    library: Newspaper,
) -> None:
    """EZproxy hands on only the headers it knows: neither `Sec-Fetch-Site` nor `Origin` may arrive."""
    form = b"article=4&answer=fragment"
    read = library.ask("POST", "/-/read", [came_from(INSIDE)], form)
    assert (read.status, reason_of(read), library.jar) == (200, "in-institution", {})
    asked = {
        "another page": library.ask("POST", "/-/read", [came_from(INSIDE), ("sec-fetch-site", "cross-site")], form),
        "another origin": library.ask("POST", "/-/read", [came_from(INSIDE), ("origin", "https://evil.test")], form),
        "no reader": library.ask("POST", "/-/read", [came_from(INSIDE), ("sec-purpose", "prefetch")], form),
        "no network": library.ask("POST", "/-/read", [came_from(OUTSIDE)], form),
        "no article": library.ask("POST", "/-/read", [came_from(INSIDE)], b"article=999"),
    }
    assert {why: answer.status for why, answer in asked.items()} == dict.fromkeys(asked, 403)
    decide_by(library)
    metered = library.ask("POST", "/-/read", [came_from(INSIDE)], b"article=3")
    assert (metered.status, library.jar) == (403, {})
