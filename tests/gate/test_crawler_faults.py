"""Each defence against whoever claims to be a crawler, taken away: the test that stands for it goes red."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from tests.callers import test_crawlers as callers
from tests.gate import test_crawlers
from tests.gate.newspaper import Newspaper, open_newspaper
from tests.syndication import test_robots

from foldline.callers.crawlers import CRAWLERS, Crawlers, Listed, Standing
from foldline.callers.networks import read_range
from foldline.gate import article as gate_article
from foldline.gate.response import NEUTRAL, Response
from foldline.policy.facts import Caller
from foldline.syndication.machines import Asked, Machines, Purpose

Patch = pytest.MonkeyPatch
_WHOLE_FOR = gate_article.whole_for
_STANDING = Crawlers.standing


def _agent_is_believed(request: Any, gate: Any, now: int) -> Caller:
    claims = bool(gate.crawlers.claimed(request.header(b"user-agent")))
    return Caller(claims_crawler=claims, verified=claims)


def _header_is_believed(request: Any, gate: Any) -> Any:
    """The first address that X-Forwarded-For names, as many programs take it."""
    said = request.header(b"x-forwarded-for").decode().split(",")[0].strip() or request.client
    try:
        return ip_address(said)
    except ValueError:
        return None


def _other_header_is_believed(request: Any, gate: Any) -> Any:
    try:
        return ip_address(request.header(b"true-client-ip").decode() or request.client)
    except ValueError:
        return None


def _address_alone(crawlers: Crawlers, user_agent: bytes) -> str:
    return "googlebot"


def _no_end(crawlers: Crawlers, name: str, address: Any, now: int) -> Standing:
    return _STANDING(crawlers, name, address, 0)


def _kept_by_caches(*arguments: Any, **named: Any) -> Response:
    answer = _WHOLE_FOR(*arguments, **named)
    kept = tuple(one for one in answer.headers if one[0] not in (b"cache-control", b"x-accel-expires"))
    return Response(answer.status, (*kept, *NEUTRAL), answer.body)


def _searched(folder: Path, hops: int) -> Newspaper:
    paper = open_newspaper(folder)
    test_crawlers.opens_for_crawlers(paper)
    paper.worker.state.hops = hops
    lists = [Listed(name, (read_range("66.249.66.0/27"),), int(paper.clock.time) + 86_400) for name in CRAWLERS]
    paper.worker.state.crawlers = Crawlers(CRAWLERS, lists)
    return paper


_FORGED = test_crawlers.test_twenty_claimed_crawlers_with_addresses_in_twelve_headers_get_what_an_anonymous_reader_gets
#: What is taken away, what stands in its place, how many proxies there are, and the test that must not pass then.
GATE: dict[str, tuple[str, object, int, Callable[[Newspaper], None]]] = {
    "the user agent is believed": ("foldline.gate.facts.caller_of", _agent_is_believed, 1, _FORGED),
    "the first forwarded address is believed": ("foldline.gate.caller.client_of", _header_is_believed, 1, _FORGED),
    "another header's address is believed": ("foldline.gate.caller.client_of", _other_header_is_believed, 0, _FORGED),
    "an address is enough without its name": (
        "foldline.callers.crawlers.Crawlers.claimed",
        _address_alone,
        1,
        test_crawlers.test_a_listed_address_that_says_another_name_gets_the_preview,
    ),
    "an old list counts": (
        "foldline.callers.crawlers.Crawlers.standing",
        _no_end,
        1,
        test_crawlers.test_a_list_that_grew_old_verifies_nobody_though_nothing_was_heard,
    ),
    "caches keep what a crawler was sent": (
        "foldline.gate.article.whole_for",
        _kept_by_caches,
        1,
        test_crawlers.test_what_is_opened_for_a_crawler_is_kept_by_no_cache,
    ),
}


@pytest.mark.parametrize("name", GATE)
def test_without_a_defence_of_the_gate_its_test_goes_red(tmp_path: Path, monkeypatch: Patch, name: str) -> None:
    place, instead, hops, goes_red = GATE[name]
    paper = _searched(tmp_path, hops)
    now = paper.clock.time
    goes_red(paper)
    paper.clock.time = now
    monkeypatch.setattr(place, instead)
    with pytest.raises(AssertionError):
        goes_red(paper)


def test_without_the_bound_of_a_list_its_test_goes_red(monkeypatch: Patch) -> None:
    body = callers.published("0.0.0.0/0")
    test = callers.test_of_a_list_that_is_empty_broad_private_or_none_nothing_is_believed
    test(body, "0.0.0.0/0 is broader than /18")
    monkeypatch.setattr("foldline.callers.published._network", lambda prefix: read_range(prefix["ipv4Prefix"]))
    monkeypatch.setattr("foldline.callers.published.MOST_ADDRESSES", 1 << 33)
    with pytest.raises((AssertionError, pytest.fail.Exception, AttributeError)):
        test(body, "0.0.0.0/0 is broader than /18")


def test_without_the_word_on_training_its_test_goes_red(monkeypatch: Patch) -> None:
    test = test_robots.test_forty_named_agents_read_robots_txt_as_their_purpose_says
    test(Machines())
    honest = Machines.asks

    def opens_train(machines: Machines, agent: Any) -> Asked:
        return Asked(True, "train") if agent.purposes == {Purpose.TRAIN} else honest(machines, agent)

    monkeypatch.setattr(Machines, "asks", opens_train)
    with pytest.raises(AssertionError):
        test(Machines())
