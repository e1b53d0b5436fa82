"""Which crawler asks: the name that is claimed, held against addresses and host names that its operator publishes."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.callers.agents import claims_crawler
from foldline.callers.crawlers import CRAWLERS, Crawlers, Listed, Looked, Named, Standing
from foldline.callers.networks import read_range
from foldline.callers.published import BROADEST, MOST_ADDRESSES, read_list

NOW = 1_795_000_000
HERE, THERE = ip_address("66.249.66.1"), ip_address("95.216.227.158")
LIST = Listed("googlebot", (read_range("66.249.64.0/27"), read_range("66.249.66.0/27")), NOW + 60)
REAL = {
    "googlebot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "bingbot": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; "
    "+http://www.bing.com/bingbot.htm) Chrome/103.0.5060.134 Safari/537.36",
    "applebot": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
    "duckduckbot": "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
    "oai-searchbot": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; OAI-SearchBot/1.0; "
    "+https://openai.com/searchbot",
    "gptbot": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "perplexitybot": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; "
    "+https://perplexity.ai/perplexitybot)",
    "ccbot": "CCBot/2.0 (https://commoncrawl.org/faq/)",
    "yandexbot": "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "baiduspider": "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
}


def test_every_crawler_is_found_by_the_user_agent_that_it_sends() -> None:
    assert set(REAL) == set(CRAWLERS)
    every = Crawlers(CRAWLERS)
    assert {name: every.claimed(agent.encode()) for name, agent in REAL.items()} == {name: name for name in REAL}
    # What claims no crawler at all is not looked at any closer.
    assert [name for name, agent in REAL.items() if not claims_crawler(agent.encode())] == []


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        "NotGooglebot/2.1",
        "Googlebot-Image/1.0",
        "Googlebotx/2.1",
        "Google-InspectionTool/1.0; Googlebots",
        "evil.googlebot.com",
        "Googlebot/2.1 bingbot/2.0",
        "x" * 600 + " Googlebot/2.1",
    ],
)
def test_what_is_not_exactly_one_name_claims_nobody(agent: str) -> None:
    assert Crawlers(CRAWLERS).claimed(agent.encode()) == ""


def test_who_was_not_named_in_the_settings_is_nobody() -> None:
    only = Crawlers(("bingbot",), (LIST,), (Looked("googlebot", HERE, Named.CONFIRMED, NOW + 60),))
    assert only.claimed(REAL["googlebot"].encode()) == ""
    assert Crawlers().claimed(REAL["bingbot"].encode()) == ""
    assert not Crawlers()


def looked(named: Named, until: int = NOW + 60, address: object = HERE) -> tuple[Looked, ...]:
    return (Looked("googlebot", ip_address(str(address)), named, until),)


@pytest.mark.parametrize(
    ("address", "listed", "names", "standing"),
    [
        (HERE, (LIST,), (), Standing.VERIFIED),
        (THERE, (LIST,), (), Standing.UNKNOWN),
        (None, (LIST,), (), Standing.REFUSED),
        (HERE, (), (), Standing.UNKNOWN),
        (HERE, (LIST._replace(until=NOW),), (), Standing.UNKNOWN),
        (HERE, (), looked(Named.CONFIRMED), Standing.VERIFIED),
        (HERE, (), looked(Named.CONFIRMED, NOW), Standing.UNKNOWN),
        (HERE, (), looked(Named.ELSEWHERE), Standing.REFUSED),
        (HERE, (), looked(Named.SILENT), Standing.REFUSED),
        (HERE, (LIST,), looked(Named.SILENT), Standing.VERIFIED),
        (HERE, (LIST,), looked(Named.ELSEWHERE), Standing.REFUSED),
        (HERE, (LIST,), looked(Named.ELSEWHERE, NOW), Standing.VERIFIED),
        (HERE, (), looked(Named.CONFIRMED, address=THERE), Standing.UNKNOWN),
        (HERE, (LIST._replace(crawler="bingbot"),), (), Standing.UNKNOWN),
    ],
)
def test_a_list_or_a_name_proves_a_claim_and_what_contradicts_it_closes(
    address: object, listed: tuple[Listed, ...], names: tuple[Looked, ...], standing: Standing
) -> None:
    known = Crawlers(("googlebot", "bingbot"), listed, names)
    assert known.standing("googlebot", address, NOW) is standing  # type: ignore[arg-type]


def test_names_are_asked_where_there_are_any_and_nothing_is_known() -> None:
    known = Crawlers(("googlebot", "gptbot"), (LIST,), looked(Named.ELSEWHERE))
    assert known.unasked("googlebot", THERE, NOW) is True
    assert known.unasked("googlebot", HERE, NOW) is False
    assert known.unasked("googlebot", HERE, NOW + 60) is True
    assert known.unasked("gptbot", HERE, NOW) is False


def published(*networks: str) -> bytes:
    keys = {4: "ipv4Prefix", 6: "ipv6Prefix"}
    prefixes = [{keys[ip_network(net, strict=False).version]: net} for net in networks]
    return json.dumps({"creationTime": "2026-11-26T00:00:00", "prefixes": prefixes}).encode()


def test_a_published_list_is_read_as_its_networks() -> None:
    assert read_list(published("66.249.64.0/27", "2001:4860:4801:10::/64", "66.249.64.0/27")) == (
        "66.249.64.0/27",
        "2001:4860:4801:10::/64",
    )


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "it is not JSON"),
        (b"<html>503</html>", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "it has no list of prefixes"),
        (b'{"prefixes": {}}', "it has no list of prefixes"),
        (published(), "it is empty"),
        (published("0.0.0.0/0"), "0.0.0.0/0 is broader than /18"),
        (published("::/0"), "::/0 is broader than /40"),
        (published("66.249.64.0/27", "66.0.0.0/8"), "66.0.0.0/8 is broader than /18"),
        (published("10.0.0.0/24"), "10.0.0.0/24 is no network of the internet"),
        (published("192.168.1.7"), "192.168.1.7/32 is no network of the internet"),
        (published("127.0.0.0/24"), "127.0.0.0/24 is no network of the internet"),
        (published("169.254.169.254/32"), "169.254.169.254/32 is no network of the internet"),
        (published("224.0.1.0/24"), "224.0.1.0/24 is no network of the internet"),
        (published("fc00::/64"), "fc00::/64 is no network of the internet"),
        (published("::1/128"), "::1/128 is no network of the internet"),
        (published("::ffff:0:0/96"), "::ffff:0:0/96 is no network of the internet"),
        (published("66.249.64.1/27"), "'66.249.64.1/27' is no network"),
        (b'{"prefixes": [{"ipv4Prefix": 7}]}', "an entry of it names no network, or two"),
        (b'{"prefixes": [{}]}', "an entry of it names no network, or two"),
        (b'{"prefixes": ["66.249.64.0/27"]}', "an entry of it names no network, or two"),
        (
            b'{"prefixes": [{"ipv4Prefix": "66.249.64.0/27", "ipv6Prefix": "2001:4860::/64"}]}',
            "an entry of it names no network, or two",
        ),
        (published(*(f"66.{n}.0.0/18" for n in range(9))), "it has more than 131072 addresses of IPv4"),
        (published(*(f"66.249.{n // 256}.{n % 256}" for n in range(10_001))), "it has more than 10000 networks"),
        (b" " * ((1 << 20) + 1), "it is longer than 1048576 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_of_a_list_that_is_empty_broad_private_or_none_nothing_is_believed(body: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(what)}$"):
        read_list(body)


@given(st.lists(st.ip_addresses(network=ip_network("66.0.0.0/8")), min_size=1, max_size=20), st.integers(0, 32))
def test_no_list_that_is_believed_is_broader_than_its_bounds(addresses: list[object], bits: int) -> None:
    nets = [str(ip_network(f"{address}/{bits}", strict=False)) for address in addresses]
    try:
        read = read_list(published(*nets))
    except ValueError:
        assert bits < BROADEST[4] or len(set(nets)) << (32 - bits) > MOST_ADDRESSES or bits < 32
    else:
        assert bits >= BROADEST[4]
        assert sum(ip_network(net).num_addresses for net in read) <= MOST_ADDRESSES


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_refused_in_words(body: bytes) -> None:
    with suppress(ValueError):
        assert read_list(body)
