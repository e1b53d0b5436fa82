"""A verified crawler behind real caches: it reads although everybody's preview is kept, and what it reads is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.gate.test_crawlers import GOOGLEBOT
from tests.server.caches import Cache, nginx_before, varnish_before

from foldline.clock import SystemClock
from foldline.proof.pairs import SENTENCE
from foldline.stores.crawlers import CrawlerStore, StoredList
from foldline.stores.rule_sets import RuleSetStore
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, SUBSCRIBERS
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

RULES = '[[rule]]\nname = "Crawlers read everything"\nopens-for = "crawler"\n'
#: Loopback addresses: one in the crawler's list, and everybody else's.
CRAWLER, STRANGER = "127.0.0.2", "127.0.0.9"
AGENT = (b"User-Agent", GOOGLEBOT.encode())
#: What a stranger says to be taken for the crawler's address.
FORGED = ((b"X-Forwarded-For", CRAWLER.encode()), (b"X-Real-IP", CRAWLER.encode()), (b"Forwarded", b"for=127.0.0.2"))


@pytest.fixture(scope="module", params=["nginx", "varnish"])
def cache(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cache]:
    folder = tmp_path_factory.mktemp(request.param)
    now = int(SystemClock().now())
    before: dict[str, Callable[..., object]] = {"nginx": nginx_before, "varnish": varnish_before}
    with World(folder / "home", rests(SENTENCE), SystemClock()) as world:
        home = world.home
    text = home.settings_file.read_text(encoding="utf-8") + '\n[machines]\nverified = ["googlebot"]\n'
    home.settings_file.write_text(f"{text}\n[listen]\nport = 1\nhops = 1\n", encoding="utf-8")
    with RuleSetStore(home) as sets:
        sets.publish(RULES, "ada", "", now)
    with CrawlerStore(home) as store:
        store.keep_list(StoredList("googlebot", (f"{CRAWLER}/32",), confirmed_at=now, tried_at=now))
    with GateProcess(home, HOST, 2) as gate:
        home.settings_file.write_text(f"{text}\n[listen]\nport = {gate.address[1]}\nhops = 1\n", encoding="utf-8")
        with before[request.param](home.path, HOST, folder / "cache") as cache:  # type: ignore[attr-defined]
            yield cache


def get(cache: Cache, source: str, *headers: tuple[bytes, bytes]) -> Answer:
    return cache.ask("GET", SUBSCRIBERS.path, *headers, source=source)


def test_a_verified_crawler_reads_and_nobody_else_is_shown_what_it_was_sent(cache: Cache) -> None:
    for _ in range(2):
        preview = get(cache, STRANGER)
        assert SENTENCE not in preview.text
        whole = get(cache, CRAWLER, AGENT)
        assert whole.status == 200
        assert SENTENCE in whole.text
        assert dict(whole.headers)[b"cache-control"] == b"private, no-store"
        assert get(cache, STRANGER).body == preview.body
        # An address without its name is a reader's.
        assert get(cache, CRAWLER).body == preview.body


def test_whoever_claims_to_be_one_gets_what_an_anonymous_reader_gets(cache: Cache) -> None:
    get(cache, CRAWLER, AGENT)
    preview = get(cache, STRANGER)
    for forged in ((), *((header,) for header in FORGED), FORGED):
        answer = get(cache, STRANGER, AGENT, *forged)
        assert (answer.status, answer.body) == (200, preview.body)
