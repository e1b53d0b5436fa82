"""Asking for feeds: only the open internet, conditionally, within bounds, and each host once at a time."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import threading
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.sources.survey import hosts
from foldline.syndication.newsstand import fetching, round
from foldline.syndication.newsstand.fetching import Fetched, Guest, NotFetched, fetch
from foldline.syndication.newsstand.round import LATEST, SOONEST, Asked, Outcome, asked_all, next_in

from .feed_host import FeedHost, Said, feed_host, item, rss

OPEN = Guest("https://valley.example")
HOME = Guest("https://valley.example", frozenset(("127.0.0.1",)))


@pytest.fixture
def host() -> Iterator[FeedHost]:
    with feed_host() as made:
        made.answers["/feed"] = Said(rss(item()), headers={"etag": '"a"', "content-type": "application/rss+xml"})
        yield made


def got(address: str, guest: Guest = HOME, etag: str = "", last_modified: str = "") -> Fetched:
    return asyncio.run(fetch(address, guest, etag, last_modified))


def refused(address: str, guest: Guest = HOME) -> str:
    with pytest.raises(NotFetched) as error:
        got(address, guest)
    return str(error.value)


def test_a_feed_is_fetched_by_who_says_who_it_is_and_sends_nothing_else(host: FeedHost) -> None:
    host.answers["/feed?x=%C3%A9%20y"] = host.answers["/feed"]
    assert got(host.url("/feed?x=é y")).etag == '"a"'
    ((path, headers),) = host.asked
    assert path == "/feed?x=%C3%A9%20y"
    assert set(headers) == {"host", "user-agent", "accept", "accept-encoding"}
    assert headers["user-agent"].startswith("Foldline/")
    assert "newsstand of https://valley.example" in headers["user-agent"]


def test_what_is_still_the_same_is_not_sent_again(host: FeedHost) -> None:
    def same(path: str, headers: Mapping[str, str]) -> Said:
        known = headers.get("if-none-match") == '"a"' and headers.get("if-modified-since") == "yesterday"
        return Said(status=304) if known else Said(rss(item()))

    host.answers["/feed"] = same
    assert got(host.url("/feed"), etag='"a"', last_modified="yesterday").body is None
    assert got(host.url("/feed"), etag='"b"', last_modified="yesterday").body == rss(item())


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/feed",
        "http://127.1/feed",
        "http://2130706433/feed",
        "http://0x7f.0.0.1/feed",
        "http://0/feed",
        "http://[::1]/feed",
        "http://[::ffff:127.0.0.1]/feed",
        "http://[::ffff:a9fe:a9fe]/latest/meta-data/",
        "http://[64:ff9b::a00:1]/feed",
        "http://[2002:7f00:1::]/feed",
        "http://[fe80::1]/feed",
        "http://[fd00::1]/feed",
        "http://[ff02::1]/feed",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/feed",
        "http://172.16.0.1/feed",
        "http://192.168.1.1/feed",
        "http://100.64.0.1/feed",
        "http://224.0.0.1/feed",
        "http://255.255.255.255/feed",
        "http://192.0.2.1/feed",
        "http://localhost/feed",
    ],
)
def test_an_address_of_an_inner_network_is_never_asked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connected(*given: object, **more: object) -> None:
        raise AssertionError("it was connected to")

    monkeypatch.setattr(fetching, "OriginClient", connected)
    assert refused(address, OPEN) in ("it is in an inner network", "nobody knows the host")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("file:///etc/passwd", "http or https"),
        ("gopher://127.0.0.1:70/_x", "http or https"),
        ("ftp://a.example/feed", "http or https"),
        ("http://user:secret@a.example/feed", "without a name of a user"),
        ("http://a.example:22/feed", "port 22"),
        ("http://a.example:8080/feed", "port 8080"),
        ("http://a.example:99999/feed", "out of range"),
        ("http://a.exa mple/feed", "ASCII"),
        ("", "http or https"),
    ],
)
def test_what_is_no_address_of_the_web_is_not_asked(address: str, why: str) -> None:
    assert why in refused(address, OPEN)


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """What names are found to be, question by question; the names that were asked for."""
    asked: list[str] = []
    left = list(answers)

    async def lookup(self: object, name: str, port: int, **more: object) -> list[tuple[object, ...]]:
        asked.append(name)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", lookup)
    return asked


@pytest.mark.parametrize("found", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::ffff:10.0.0.1"]])
def test_a_name_that_leads_into_an_inner_network_is_never_asked(
    found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, found)
    assert refused("http://feeds.example/feed", OPEN) == "it is in an inner network"


def test_the_connection_goes_to_the_address_that_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is another address the second time it is asked (rebinding) is asked once."""
    asked = resolving(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    went: list[tuple[str, str]] = []

    class Client:
        def __init__(self, address: hosts.Address, limits: object, tls: object) -> None:
            went.append((address.host, address.name))

        async def ask(self, *given: object) -> None:
            raise fetching.OriginUnavailable("connect")

        def close(self) -> None:
            """Nothing."""

    monkeypatch.setattr(fetching, "OriginClient", Client)
    assert refused("https://feeds.example/feed", OPEN) == "connect"
    assert (asked, went) == (["feeds.example"], [("93.184.215.14", "feeds.example")])


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("http://10.0.0.1/feed", "it is in an inner network"),
        ("http://169.254.169.254/latest/meta-data/", "it is in an inner network"),
        ("//[::1]/feed", "it is in an inner network"),
        ("http://127.0.0.2:{port}/feed", "port"),
        ("file:///etc/passwd", "http or https"),
        ("http://u:p@127.0.0.1:{port}/feed", "without a name of a user"),
        ("", "it leads nowhere"),
        ("http://[", "it leads nowhere"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_judged_as_if_somebody_had_typed_it(host: FeedHost, status: int, to: str, why: str) -> None:
    host.answers["/moved"] = Said(status=status, headers={"location": to.format(port=host.port)})
    assert why in refused(host.url("/moved"))
    assert [path for path, _ in host.asked] == ["/moved"]


def test_a_redirect_within_the_web_is_followed_and_not_without_end(host: FeedHost) -> None:
    host.answers["/moved"] = Said(status=301, headers={"location": "/feed"})
    host.answers["/round"] = Said(status=302, headers={"location": "/round"})
    fetched = got(host.url("/moved"))
    assert (fetched.address, fetched.body) == (host.url("/feed"), rss(item()))
    assert refused(host.url("/round")) == "it leads on and on"
    assert len(host.asked) == 2 + 6


def test_a_redirect_never_leads_from_https_to_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stands on the way could else say what is in a feed that is told secretly."""

    @contextlib.asynccontextmanager
    async def leading(address: str, *told: object) -> AsyncIterator[tuple[int, dict[str, str], bytes]]:
        yield (200, {}, b"") if "plain" in address else (302, {"location": "http://feeds.example/plain"}, b"")

    monkeypatch.setattr(fetching, "_asked", leading)
    assert got("http://feeds.example/feed", OPEN).address == "http://feeds.example/plain"
    assert refused("https://feeds.example/feed", OPEN) == "it leads from https to http"


def test_a_feed_of_fifty_megabytes_is_not_read(host: FeedHost) -> None:
    host.answers["/big"] = Said(bytes(50 << 20))
    assert refused(host.url("/big")) == "too large"


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(bytes(50 << 20)), gzip.compress(b"x" * 9000)[:-20], b"\x1f\x8bno"],
    ids=["bomb", "cut", "none"],
)
def test_a_feed_that_unpacks_to_too_much_or_is_damaged_is_refused(host: FeedHost, packed: bytes) -> None:
    host.answers["/packed"] = Said(packed, headers={"content-encoding": "gzip"})
    assert "unpacks to more than 4 MB, or is damaged" in refused(host.url("/packed"))


def test_a_packed_feed_is_read(host: FeedHost) -> None:
    host.answers["/packed"] = Said(gzip.compress(rss(item())), headers={"content-encoding": "gzip"})
    assert got(host.url("/packed")).body == rss(item())
    host.answers["/odd"] = Said(zlib.compress(rss(item())), headers={"content-encoding": "deflate"})
    assert "damaged" in refused(host.url("/odd"))


@pytest.mark.parametrize("status", [204, 401, 404, 410, 500])
def test_another_status_is_no_feed(host: FeedHost, status: int) -> None:
    host.answers["/feed"] = Said(b"", status)
    assert refused(host.url("/feed")) == f"status {status}"


def test_who_says_when_to_come_back_is_believed_and_other_words_are_not(host: FeedHost) -> None:
    host.answers["/feed"] = Said(b"", 429, {"retry-after": "7200"})
    (outcome,) = asked_all([Asked(1, host.url("/feed"))], HOME)
    assert (outcome.wait, outcome.problem) == (7200, "status 429")
    host.answers["/feed"] = Said(rss(item()), 200, {"cache-control": "public, max-age=5000"})
    (outcome,) = asked_all([Asked(1, host.url("/feed"))], HOME)
    assert (outcome.wait, outcome.problem) == (5000, "")


def test_a_host_that_never_answers_ends_and_others_are_not_kept_waiting(
    host: FeedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "WHOLE", 0.3)
    let_go = threading.Event()

    def silent(path: str, headers: Mapping[str, str]) -> Said:
        let_go.wait(20)
        return Said(b"")

    host.answers["/silent"] = silent
    both = Guest("https://valley.example", frozenset(("127.0.0.1", "127.0.0.2")))
    asked = [Asked(1, host.url("/silent")), Asked(2, host.url("/feed", "127.0.0.2"))]
    outcomes = {outcome.number: outcome for outcome in asked_all(asked, both)}
    let_go.set()
    assert (outcomes[1].problem, outcomes[2].problem) == ("too slow", "")


def test_one_host_is_asked_once_at_a_time_and_many_hosts_at_once(host: FeedHost) -> None:
    under_way: dict[str, int] = {}
    most: dict[str, int] = {"127.0.0.1": 0, "all": 0}
    lock, together = threading.Lock(), threading.Barrier(3)

    def counting(path: str, headers: Mapping[str, str]) -> Said:
        name = headers["host"].partition(":")[0]
        with lock:
            under_way[name] = under_way.get(name, 0) + 1
            most[name] = max(most.get(name, 0), under_way[name])
            most["all"] = max(most["all"], sum(under_way.values()))
        if path == "/0":
            together.wait(20)
        with lock:
            under_way[name] -= 1
        return Said(rss(item()))

    names = [f"127.0.0.{number}" for number in (1, 2, 3)]
    asked = []
    for number in range(3):
        host.answers[f"/{number}"] = counting
        asked += [Asked(number * 10 + place, host.url(f"/{number}", name)) for place, name in enumerate(names)]
    outcomes = list(asked_all(asked, Guest("x", frozenset(names)), pause=0))
    assert sorted(outcome.number for outcome in outcomes) == sorted(one.number for one in asked)
    assert {outcome.problem for outcome in outcomes} == {""}
    assert (most["all"], *(most[name] for name in names)) == (3, 1, 1, 1)


def test_who_takes_no_more_outcomes_lets_nothing_new_begin(host: FeedHost) -> None:
    host.answers |= {f"/{number}": Said(rss(item())) for number in range(50)}
    outcomes = asked_all([Asked(number, host.url(f"/{number}")) for number in range(50)], HOME, pause=0)
    next(outcomes)
    outcomes.close()
    assert len(host.asked) < 50


def test_what_breaks_our_reader_is_a_problem_of_one_source(host: FeedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr(round, "read_feed", broken)
    (outcome,) = asked_all([Asked(1, host.url("/feed"))], HOME)
    assert outcome == Outcome(1, problem="the feed breaks our reader; the log says how")


@given(st.integers(0, 10**9), st.integers(0, 50))
def test_a_source_is_asked_between_half_an_hour_and_a_day_later(wait: int, failures: int) -> None:
    assert SOONEST <= next_in(wait, failures) <= LATEST
    assert next_in(wait, failures + 1) >= next_in(wait, failures)
    assert next_in(7200) == 7200


@given(st.ip_addresses(v=4))
def test_an_address_of_the_open_internet_is_judged_alike_however_it_is_written(address: object) -> None:
    text = str(address)
    six = ":".join(f"{int(part):02x}" for part in text.split("."))
    packed = six.replace(":", "")
    for written in (f"::ffff:{text}", f"64:ff9b::{packed[:4]}:{packed[4:]}", f"2002:{packed[:4]}:{packed[4:]}::1"):
        assert hosts.is_local(written) == hosts.is_local(text)
