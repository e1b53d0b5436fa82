"""Lists that operators publish: asked for within bounds, the last good one kept, and believed for seven days."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.django_home import django_home
from tests.gate.newspaper import Newspaper, open_newspaper
from tests.server.test_crawler_names import settings_of, visit

from foldline.policy.rule import Articles, Grant, Rule
from foldline.policy.rules import Rules
from foldline.stores.crawlers import BELIEVED, CrawlerStore

GOOGLES = "66.249.66.1"
LIST = json.dumps({"prefixes": [{"ipv4Prefix": "66.249.66.0/27"}, {"ipv6Prefix": "2001:4860:4801:10::/64"}]}).encode()
EVERYBODY = json.dumps({"prefixes": [{"ipv4Prefix": "66.249.66.0/27"}, {"ipv4Prefix": "0.0.0.0/0"}]}).encode()
DAY = 86_400


@pytest.fixture(autouse=True)
def _django(tmp_path_factory: pytest.TempPathFactory) -> None:
    django_home(tmp_path_factory)


@dataclass
class Operator:
    """Answers as it is told, and keeps what it was asked."""

    status: int = 200
    body: bytes = LIST
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __call__(self, url: str, headers: Mapping[str, str]) -> object:
        import requests

        from foldline.server.crawler_lists import Told

        self.asked.append((url, dict(headers)))
        if self.status == 0:
            raise requests.ConnectionError("nobody is there")
        return Told(self.status, self.body, '"one"', "Thu, 26 Nov 2026 00:00:00 GMT")


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Newspaper]:
    paper = open_newspaper(tmp_path, more_settings='[machines]\nverified = ["googlebot"]\n')
    from tests.gate.test_crawlers import opens_for_crawlers

    opens_for_crawlers(paper)
    paper.worker.state.hops = 1
    yield paper
    paper.worker.parts.crawlers.close()


def refreshed(paper: Newspaper, operator: Operator) -> str:
    """What the job says, after which the worker hears."""
    from foldline.server.crawler_lists import refresh

    said = refresh(settings_of(paper), int(paper.clock.time), operator)  # type: ignore[arg-type]
    paper.worker.hear()
    return said


def problems(paper: Newspaper) -> list[tuple[str, str]]:
    from foldline.server.crawler_lists import problems_of_crawlers

    found = problems_of_crawlers(settings_of(paper), paper.worker.state.rules, int(paper.clock.time))
    return [(problem.id, problem.what) for problem in found]


def test_a_list_verifies_whoever_stands_in_it_once_it_is_there(paper: Newspaper) -> None:
    assert visit(paper, GOOGLES) == ("subscription-needed", False)
    assert refreshed(paper, Operator()) == ""
    assert visit(paper, GOOGLES) == ("crawler-verified", True)
    assert visit(paper, "66.249.66.32") == ("subscription-needed", False)
    assert visit(paper, "2001:4860:4801:10::7") == ("crawler-verified", True)
    assert problems(paper) == []


def test_it_is_asked_for_once_a_day_and_only_whether_it_changed(paper: Newspaper) -> None:
    operator = Operator()
    refreshed(paper, operator)
    refreshed(paper, operator)
    ((url, headers),) = operator.asked
    assert (url, headers) == ("https://developers.google.com/static/crawling/ipranges/common-crawlers.json", {})
    paper.clock.time += DAY
    operator.status, operator.body = 304, b""
    refreshed(paper, operator)
    assert operator.asked[1][1] == {
        "If-None-Match": '"one"',
        "If-Modified-Since": "Thu, 26 Nov 2026 00:00:00 GMT",
    }
    paper.clock.time += BELIEVED - 1
    assert visit(paper, GOOGLES) == ("crawler-verified", True)
    paper.clock.time += 1
    assert visit(paper, GOOGLES) == ("subscription-needed", False)


@pytest.mark.parametrize(
    ("status", "body", "id_", "what"),
    [
        (0, b"", "FL301", "no answer (ConnectionError)"),
        (503, b"", "FL301", "the answer was 503"),
        (302, LIST, "FL301", "the answer was 302"),
        (200, b"<html>", "FL302", "it is not JSON"),
        (200, b'{"prefixes": []}', "FL302", "it is empty"),
        (200, EVERYBODY, "FL302", "0.0.0.0/0 is broader than /18"),
    ],
)
def test_what_is_wrong_leaves_the_last_good_list_until_its_end_and_alarms(
    paper: Newspaper, status: int, body: bytes, id_: str, what: str
) -> None:
    refreshed(paper, Operator())
    paper.clock.time += DAY
    wrong = Operator(status, body)
    assert refreshed(paper, wrong) == f"googlebot: {what}"
    assert visit(paper, GOOGLES) == ("crawler-verified", True)
    assert visit(paper, "95.216.227.158") == ("subscription-needed", False)
    ((found, told),) = problems(paper)
    assert found == id_
    assert what in told
    # It is asked for again at the next run, not only the day after.
    paper.clock.time += 3600
    refreshed(paper, wrong)
    assert len(wrong.asked) == 2
    paper.clock.time += BELIEVED - DAY - 3600
    assert visit(paper, GOOGLES) == ("subscription-needed", False)
    assert [found for found, _ in problems(paper)] == [id_, "FL303"]


@pytest.mark.parametrize("body", [EVERYBODY, b'{"prefixes": []}', b""])
def test_a_first_list_that_is_refused_verifies_nobody(paper: Newspaper, body: bytes) -> None:
    refreshed(paper, Operator(body=body))
    for address in (GOOGLES, "95.216.227.158"):
        assert visit(paper, address) == ("subscription-needed", False)
    assert [found for found, _ in problems(paper)] == ["FL302", "FL303"]


def test_a_304_without_a_list_is_none(paper: Newspaper) -> None:
    assert refreshed(paper, Operator(304, b"")) == "googlebot: the answer was 304"
    assert visit(paper, GOOGLES) == ("subscription-needed", False)


def test_whoever_waits_for_a_quarter_of_an_hour_is_an_alarm(paper: Newspaper) -> None:
    refreshed(paper, Operator())
    visit(paper, GOOGLES)
    paper.worker._flush()
    assert problems(paper) == []
    paper.clock.time += 901
    assert [found for found, _ in problems(paper)] == ["FL306"]


def test_a_rule_for_crawlers_without_one_in_the_settings_is_told_of(paper: Newspaper) -> None:
    from foldline.server.crawler_lists import problems_of_crawlers

    nobody = replace(settings_of(paper), verified_crawlers=())
    rule = Rule("Machines read", Articles(), opens_for=(Grant.VERIFIED_CRAWLER,), source="rules.toml:3")
    rules = paper.worker.state.rules
    assert rules is not None
    (problem,) = problems_of_crawlers(nobody, replace(rules, rules=(rule,)), int(paper.clock.time))
    assert (problem.id, problem.where) == ("FL304", "rules.toml:3")
    assert "Machines read" in problem.what
    none: Rules = replace(rules, rules=())
    assert problems_of_crawlers(nobody, none, int(paper.clock.time)) == []


def test_an_address_without_tls_is_never_asked() -> None:
    import requests

    from foldline.server.crawler_lists import ask

    with pytest.raises(requests.exceptions.InvalidURL, match="is not https"):
        ask("http://127.0.0.1:9/googlebot.json", {})


def test_every_list_that_is_known_is_asked_for_over_https() -> None:
    from foldline.callers.crawlers import CRAWLERS

    assert [name for name, one in CRAWLERS.items() if one.list and not one.list.startswith("https://")] == []
    assert [name for name, one in CRAWLERS.items() if not one.list and not one.hosts] == []
    assert [host for one in CRAWLERS.values() for host in one.hosts if not host.startswith(".")] == []


def test_no_list_of_fetchers_that_anybody_can_make_ask_is_known() -> None:
    """Google's lists of special crawlers and of user-triggered fetchers hold machines that its customers program."""
    from foldline.callers.crawlers import CRAWLERS

    told = [text for one in CRAWLERS.values() for text in (one.list, *one.hosts)]
    assert [text for text in told if any(word in text for word in ("user", "special", "gae", "proxy", "cloud"))] == []


def test_a_crawler_that_nobody_wants_any_more_keeps_no_list_in_force(paper: Newspaper) -> None:
    refreshed(paper, Operator())
    with CrawlerStore(paper.home) as store:
        known = store.in_force(("bingbot",), int(paper.clock.time))
    assert known.claimed(b"Googlebot/2.1") == ""


def test_only_a_site_that_verifies_crawlers_has_jobs_for_it() -> None:
    from foldline.server.due import waiting_jobs

    assert [job.name for job in waiting_jobs() if "crawlers" in job.name] == []
