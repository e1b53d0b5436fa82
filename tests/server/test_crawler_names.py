"""Host names of whoever claims to be a crawler: asked of a resolver on loopback, over DNS as it is spoken."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.reversename
import dns.rrset
import pytest
from tests.gate.newspaper import REST, Newspaper, open_newspaper
from tests.gate.test_crawlers import GOOGLEBOT, decided, opens_for_crawlers

from foldline.callers.crawlers import CRAWLERS, Named
from foldline.config import Settings, load
from foldline.errors import StoreUnavailable
from foldline.server import crawler_names
from foldline.server.crawler_names import BELIEVED, Dns, look_up, named
from foldline.stores.crawlers import MOST_OF_A_NETWORK, MOST_WAITING, CrawlerStore
from foldline.stores.schema import connect

GOOGLES, STRANGER, NAMELESS, DARK = "66.249.66.1", "95.216.227.158", "95.216.227.159", "95.216.227.160"
SIX = "2001:4860:4801:10::1"
#: Both directions. The stranger's own server says that it is Google's; Google's server knows nothing of it.
ANSWERS = {
    (GOOGLES, "PTR"): ("crawl-66-249-66-1.googlebot.com.",),
    ("crawl-66-249-66-1.googlebot.com.", "A"): (GOOGLES,),
    (SIX, "PTR"): ("crawl-six.GoogleBot.com.",),
    ("crawl-six.googlebot.com.", "AAAA"): (SIX,),
    (STRANGER, "PTR"): ("crawl-95-216-227-158.googlebot.com.",),
    ("crawl-95-216-227-158.googlebot.com.", "A"): ("66.249.66.2",),
    ("95.216.227.161", "PTR"): ("evilgooglebot.com.",),
    ("evilgooglebot.com.", "A"): ("95.216.227.161",),
    ("95.216.227.162", "PTR"): ("proxy.googleusercontent.com.",),
    ("proxy.googleusercontent.com.", "A"): ("95.216.227.162",),
    ("95.216.227.163", "PTR"): ("crawl.googlebot.com.evil.example.",),
    ("crawl.googlebot.com.evil.example.", "A"): ("95.216.227.163",),
    ("95.216.227.164", "PTR"): ("gone.googlebot.com.",),
}


class Resolver:
    """Answers questions over UDP until it is closed. Whoever asks for DARK gets no answer at all."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._records = {
            (str(dns.reversename.from_address(asked)) if kind == "PTR" else asked, kind): said
            for (asked, kind), said in ANSWERS.items()
        }
        self._dark = str(dns.reversename.from_address(DARK))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
            bell.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            wire, asker = self._socket.recvfrom(4096)
            if not wire:
                return
            query = dns.message.from_wire(wire)
            (question,) = query.question
            name = str(question.name).lower()
            if name == self._dark:
                continue
            kind = question.rdtype.name
            answer = dns.message.make_response(query, recursion_available=True)
            said = self._records.get((name, kind))
            if said:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *said))
            elif not any(known == name for known, _ in self._records):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self._socket.sendto(answer.to_wire(), asker)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dns]:
    monkeypatch.setattr(crawler_names, "PATIENCE", 0.3)
    with closing(Resolver()) as here:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], here.port
        yield Dns(resolver)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (GOOGLES, Named.CONFIRMED),
        (SIX, Named.CONFIRMED),
        (STRANGER, Named.ELSEWHERE),
        (NAMELESS, Named.SILENT),
        (DARK, Named.SILENT),
        ("95.216.227.161", Named.ELSEWHERE),
        ("95.216.227.162", Named.ELSEWHERE),
        ("95.216.227.163", Named.ELSEWHERE),
        ("95.216.227.164", Named.ELSEWHERE),
    ],
)
def test_only_a_name_of_the_operators_that_leads_back_confirms(names: Dns, address: str, said: Named) -> None:
    assert named(ip_address(address), CRAWLERS["googlebot"].hosts, names) is said


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Newspaper]:
    """A newspaper that verifies Googlebot and whose rules open for it. Nothing is known yet."""
    paper = open_newspaper(tmp_path, more_settings='[machines]\nverified = ["googlebot"]\n')
    opens_for_crawlers(paper)
    paper.worker.state.hops = 1
    yield paper
    paper.worker.parts.crawlers.close()


def settings_of(paper: Newspaper) -> Settings:
    return load(paper.home, {"FOLDLINE_SECRET": "only-for-tests-" + "0123456789" * 4})


def visit(paper: Newspaper, address: str, agent: str = GOOGLEBOT) -> tuple[str, bool]:
    """(reason, whether the whole was sent)."""
    answer, decision = decided(paper, "/subscribers", ("user-agent", agent), ("x-forwarded-for", address))
    return str(decision.reason), REST.encode() in answer.body


def looked_up(paper: Newspaper, names: Dns) -> int:
    """What happens beside the path: the worker hands over who waits, the site process asks, the worker hears."""
    paper.worker._flush()
    count = look_up(settings_of(paper), int(paper.clock.time), names)
    paper.worker.hear()
    return count


def test_a_crawler_gets_the_preview_at_its_first_visit_and_the_whole_once_its_name_led_back(
    paper: Newspaper, names: Dns
) -> None:
    for address in (GOOGLES, STRANGER, NAMELESS):
        assert visit(paper, address) == ("subscription-needed", False)
    assert looked_up(paper, names) == 3
    assert visit(paper, GOOGLES) == ("crawler-verified", True)
    assert visit(paper, GOOGLES, "Mozilla/5.0 Firefox/145.0") == ("subscription-needed", False)
    assert visit(paper, STRANGER) == ("subscription-needed", False)
    assert visit(paper, NAMELESS) == ("subscription-needed", False)
    assert looked_up(paper, names) == 0


def test_a_name_is_believed_for_a_day_and_asked_again_then(paper: Newspaper, names: Dns) -> None:
    visit(paper, GOOGLES)
    looked_up(paper, names)
    paper.clock.time += BELIEVED[Named.CONFIRMED] - 1
    assert visit(paper, GOOGLES) == ("crawler-verified", True)
    paper.clock.time += 1
    assert visit(paper, GOOGLES) == ("subscription-needed", False)
    assert looked_up(paper, names) == 1
    assert visit(paper, GOOGLES) == ("crawler-verified", True)


def test_while_names_can_not_be_asked_nobody_is_verified(paper: Newspaper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawler_names, "PATIENCE", 0.1)
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], 9
    visit(paper, GOOGLES)
    assert looked_up(paper, Dns(resolver)) == 1
    assert visit(paper, GOOGLES) == ("subscription-needed", False)


def test_a_file_that_is_lost_verifies_nobody_and_holds_up_no_visit(paper: Newspaper, names: Dns) -> None:
    paper.home.crawlers_db.unlink()
    paper.worker.parts.crawlers.settled = False
    paper.worker.hear()
    assert visit(paper, GOOGLES) == ("subscription-needed", False)
    with pytest.raises(StoreUnavailable):
        looked_up(paper, names)


def test_who_waits_is_bounded_in_all_and_of_one_network(paper: Newspaper) -> None:
    with CrawlerStore(paper.home) as store:
        store.wait([("googlebot", ip_address(f"198.51.100.{number}")) for number in range(200)], 1)
        assert len(store.waiting(9_999)) == MOST_OF_A_NETWORK
        store.wait([("googlebot", ip_address(f"2001:4860:{number:x}::1")) for number in range(1_200)], 2)
        assert len(store.waiting(9_999)) == MOST_WAITING


def test_an_answer_that_is_over_and_whoever_waited_in_vain_is_forgotten(paper: Newspaper, names: Dns) -> None:
    visit(paper, GOOGLES)
    looked_up(paper, names)
    visit(paper, STRANGER)
    paper.worker._flush()
    now = int(paper.clock.time)
    crawler_names.forget(settings_of(paper), now + BELIEVED[Named.CONFIRMED])
    with connect(paper.home.crawlers_db) as connection:
        tables = ("foldline_crawler_names", "foldline_crawler_asked")
        assert [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables] == [0, 0]
    connection.close()
