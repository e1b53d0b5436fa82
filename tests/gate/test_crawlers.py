"""A crawler is who its address says it is: whoever only claims gets what an anonymous reader gets, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from tests.gate.newspaper import REST, Newspaper, open_newspaper

from foldline.callers.crawlers import CRAWLERS, Crawlers, Listed, Looked, Named
from foldline.callers.networks import read_range
from foldline.gate.response import Response
from foldline.gate.unproven import AGAIN, MOST_NOTED
from foldline.policy.decide import Decision
from foldline.policy.rule import Articles, Grant, Rule

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
#: Where requests of a Newspaper come from.
CLIENT = "203.0.113.9"
#: An address that Google has published.
GOOGLES = "66.249.66.1"

#: Twenty names that are claimed: search engines, machines of artificial intelligence, unfurlers, and made up ones.
CLAIMS = (
    GOOGLEBOT,
    "Googlebot-Image/1.0",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
    "Mozilla/5.0 (Applebot/0.1; +http://www.apple.com/go/applebot)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
    "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Twitterbot/1.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
    "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot)",
    "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "Mozilla/5.0 (compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
    "CCBot/2.0 (https://commoncrawl.org/faq/)",
    "Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com)",
    "ia_archiver (+http://www.alexa.com/site/help/webmasters; crawler@alexa.com)",
    "Foldline-Verified-Crawler/1.0",
)
#: Twelve headers in which programs look for a client's address.
FORGED = (
    "x-forwarded-for", "forwarded", "x-real-ip", "client-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip",
    "x-cluster-client-ip", "fastly-client-ip", "x-original-forwarded-for", "x-forwarded", "from",
)  # fmt: skip


@pytest.fixture(params=[0, 1], ids=["no proxy", "one proxy"])
def searched(request: pytest.FixtureRequest, tmp_path: Path) -> Newspaper:
    """A newspaper whose rules open subscribers' articles for verified crawlers, and every crawler may be verified."""
    paper = open_newspaper(tmp_path)
    opens_for_crawlers(paper)
    paper.worker.state.hops = request.param
    lists = [Listed(name, (read_range("66.249.66.0/27"),), int(paper.clock.time) + 86_400) for name in CRAWLERS]
    paper.worker.state.crawlers = Crawlers(CRAWLERS, lists)
    return paper


def opens_for_crawlers(paper: Newspaper) -> None:
    rules = paper.worker.state.rules
    assert rules is not None
    rule = Rule(
        "Verified crawlers read", Articles(paths=frozenset({"/subscribers"})), opens_for=(Grant.VERIFIED_CRAWLER,)
    )
    paper.worker.state.rules = replace(rules, rules=(*rules.rules, rule))


def decided(paper: Newspaper, path: str, *headers: tuple[str, str]) -> tuple[Response, Decision]:
    noted: list[Decision] = []
    paper.worker.state.note = lambda article, decision, **_more: noted.append(decision)
    answer = paper.get(path, *headers)
    return answer, noted[0]


def same(one: Response, other: Response) -> bool:
    return (one.status, one.headers, one.body) == (other.status, other.headers, other.body)


def test_twenty_claimed_crawlers_with_addresses_in_twelve_headers_get_what_an_anonymous_reader_gets(
    searched: Newspaper,
) -> None:
    assert len(set(CLAIMS)) == 20
    assert len(set(FORGED)) == 12
    own = ("x-forwarded-for", CLIENT)
    differ = []
    for path in ("/subscribers", "/metered", "/registered", "/free", "/"):
        anonymous = searched.get(path, own)
        for claim in CLAIMS:
            for name in FORGED:
                value = f"for={GOOGLES}" if name == "forwarded" else GOOGLES
                # What a client writes stands before what our own proxy adds.
                forged = (
                    (("x-forwarded-for", f"{value}, {CLIENT}"),) if name == "x-forwarded-for" else ((name, value), own)
                )
                if not same(searched.get(path, ("user-agent", claim), *forged), anonymous):
                    differ.append((path, claim, name))
    assert differ == []


def test_a_claim_that_nothing_proves_is_refused_with_its_finding(searched: Newspaper) -> None:
    answer, decision = decided(searched, "/subscribers", ("user-agent", GOOGLEBOT), ("x-forwarded-for", CLIENT))
    assert (decision.outcome, decision.reason) == ("refuses", "subscription-needed")
    assert "crawler-not-verified" in [finding.reason for finding in decision.findings]
    assert REST.encode() not in answer.body


def from_google(paper: Newspaper, path: str, agent: str = GOOGLEBOT) -> tuple[Response, Decision]:
    paper.worker.state.hops = 1
    return decided(paper, path, ("user-agent", agent), ("x-forwarded-for", GOOGLES))


def test_a_listed_address_that_says_its_name_gets_what_the_rule_says(searched: Newspaper) -> None:
    answer, decision = from_google(searched, "/subscribers")
    assert (decision.outcome, decision.reason, decision.rule) == ("opens", "crawler-verified", "Verified crawlers read")
    assert REST.encode() in answer.body
    # No rule opens this one, and a verified crawler is nobody special then.
    answer, decision = from_google(searched, "/registered")
    assert (decision.outcome, decision.reason) == ("refuses", "not-signed-in")
    assert REST.encode() not in answer.body


def test_a_listed_address_that_says_another_name_gets_the_preview(searched: Newspaper) -> None:
    for agent in ("Mozilla/5.0 Firefox/145.0", "Twitterbot/1.0", "Googlebot/2.1 bingbot/2.0"):
        answer, decision = from_google(searched, "/subscribers", agent)
        assert (decision.outcome, decision.reason) == ("refuses", "subscription-needed")
        assert REST.encode() not in answer.body


def test_what_is_opened_for_a_crawler_is_kept_by_no_cache(searched: Newspaper) -> None:
    answer, _ = from_google(searched, "/subscribers")
    headers = dict(answer.headers)
    assert headers[b"cache-control"] == b"private, no-store"
    assert headers[b"x-accel-expires"] == b"0"
    assert headers[b"x-robots-tag"] == b"noarchive"
    assert not headers.keys() & {b"etag", b"last-modified", b"cdn-cache-control", b"set-cookie"}


@pytest.mark.parametrize(
    ("named", "reason"),
    [(Named.CONFIRMED, "crawler-verified"), (Named.ELSEWHERE, "subscription-needed"), (None, "subscription-needed")],
)
def test_host_names_that_lead_back_open_and_others_do_not(tmp_path: Path, named: Named | None, reason: str) -> None:
    paper = open_newspaper(tmp_path)
    opens_for_crawlers(paper)
    now = int(paper.clock.time)
    names = [Looked("googlebot", ip_address(GOOGLES), named, now + 60)] if named else []
    paper.worker.state.crawlers = Crawlers(("googlebot",), (), names)
    assert from_google(paper, "/subscribers")[1].reason == reason
    paper.clock.time += 60
    assert from_google(paper, "/subscribers")[1].reason == "subscription-needed"


def test_a_list_that_grew_old_verifies_nobody_though_nothing_was_heard(searched: Newspaper) -> None:
    assert from_google(searched, "/subscribers")[1].reason == "crawler-verified"
    searched.clock.time += 86_400
    assert from_google(searched, "/subscribers")[1].reason == "subscription-needed"


def test_whoever_claims_a_crawler_is_noted_once_and_within_bounds(searched: Newspaper) -> None:
    state = searched.worker.state
    for _ in range(5):
        from_google(searched, "/subscribers")
    assert state.unproven.take() == [("googlebot", ip_address(GOOGLES))]
    from_google(searched, "/subscribers")
    assert state.unproven.take() == []
    searched.clock.time += AGAIN
    from_google(searched, "/subscribers")
    assert state.unproven.take() == [("googlebot", ip_address(GOOGLES))]
    for number in range(2 * MOST_NOTED):
        address = f"2001:4860:4801:{number:x}::1"
        decided(searched, "/subscribers", ("user-agent", GOOGLEBOT), ("x-forwarded-for", address))
    assert len(state.unproven.take()) == MOST_NOTED


def test_who_claims_what_has_no_host_names_or_what_nobody_wants_to_verify_is_not_noted(searched: Newspaper) -> None:
    for agent in ("GPTBot/1.2", "Twitterbot/1.0", "Mozilla/5.0 Firefox/145.0"):
        from_google(searched, "/subscribers", agent)
    assert searched.worker.state.unproven.take() == []


def test_without_a_crawler_in_the_settings_no_file_is_opened_and_nobody_is_verified(tmp_path: Path) -> None:
    paper = open_newspaper(tmp_path)
    paper.home.crawlers_db.unlink()
    opens_for_crawlers(paper)
    paper.worker.hear()
    assert from_google(paper, "/subscribers")[1].reason == "subscription-needed"
    assert not paper.home.crawlers_db.exists()
