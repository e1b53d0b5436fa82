"""Which crawler a request comes from: what it claims, held against what its operator publishes.

A name that a request says of itself grants nothing. What counts is the address, and only beside the name that belongs
to it: the address stands in the operator's list, or has a host name of the operator's that leads back to it
(forward-confirmed reverse DNS). Lists and names are looked up elsewhere; here are only verdicts that are ready.

Lists of fetchers that any user can send (`user-triggered-fetchers.json`, `chatgpt-user.json`, Anthropic's one list for
all) are left out on purpose: by them a stranger would read through the operator's address. So is Google-InspectionTool,
whose public test shows everybody what it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from foldline.callers.networks import Address, Networks, Range

#: A user agent says what it is at its beginning.
_SAYS = 512


class Crawler(NamedTuple):
    """`token` is what its user agent holds, `list` where its operator publishes addresses ("" for nowhere), `hosts` the
    ends of its host names, each with its leading dot."""

    name: str
    operator: str
    token: str
    list: str = ""
    hosts: tuple[str, ...] = ()


#: Sources: each operator's own page about its crawler, as of November 2026.
CRAWLERS: dict[str, Crawler] = {
    crawler.name: crawler
    for crawler in (
        Crawler(
            "googlebot",
            "Google",
            "Googlebot",
            "https://developers.google.com/static/crawling/ipranges/common-crawlers.json",
            (".googlebot.com",),
        ),
        Crawler("bingbot", "Microsoft", "bingbot", "https://www.bing.com/toolbox/bingbot.json", (".search.msn.com",)),
        Crawler(
            "applebot",
            "Apple",
            "Applebot",
            "https://search.developer.apple.com/applebot.json",
            (".applebot.apple.com",),
        ),
        Crawler("duckduckbot", "DuckDuckGo", "DuckDuckBot", "https://duckduckgo.com/duckduckbot.json"),
        Crawler("oai-searchbot", "OpenAI", "OAI-SearchBot", "https://openai.com/searchbot.json"),
        Crawler("gptbot", "OpenAI", "GPTBot", "https://openai.com/gptbot.json"),
        Crawler("perplexitybot", "Perplexity", "PerplexityBot", "https://www.perplexity.com/perplexitybot.json"),
        Crawler(
            "ccbot",
            "Common Crawl",
            "CCBot",
            "https://index.commoncrawl.org/ccbot.json",
            (".crawl.commoncrawl.org",),
        ),
        Crawler("yandexbot", "Yandex", "YandexBot", hosts=(".yandex.ru", ".yandex.net", ".yandex.com")),
        Crawler("baiduspider", "Baidu", "Baiduspider", hosts=(".crawl.baidu.com", ".crawl.baidu.jp")),
    )
}


class Named(StrEnum):
    """What the host names of an address say: one leads back to it; the name is somebody else's, or does not lead back;
    there is none, or nobody answered."""

    CONFIRMED = "confirmed"
    ELSEWHERE = "elsewhere"
    SILENT = "silent"


class Standing(StrEnum):
    """What is known of an address that claims to be a crawler's. Whoever is not verified gets the preview."""

    VERIFIED = "verified"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Listed(NamedTuple):
    """A crawler's published addresses, believed until before an epoch second."""

    crawler: str
    ranges: tuple[Range, ...]
    until: int


class Looked(NamedTuple):
    """What the names of one address said of a crawler's claim, believed until before an epoch second."""

    crawler: str
    address: Address
    named: Named
    until: int


class Crawlers:
    """The crawlers of some names, with the verdicts on addresses that are ready. Not one name: nobody is verified."""

    def __init__(self, names: Iterable[str] = (), listed: Iterable[Listed] = (), looked: Iterable[Looked] = ()) -> None:
        self._wanted = tuple(CRAWLERS[name] for name in names)
        wanted = {crawler.name for crawler in self._wanted}
        self._lists = {
            one.crawler: (Networks((each, True) for each in one.ranges), one.until)
            for one in listed
            if one.crawler in wanted
        }
        self._looked = {(one.crawler, one.address): one for one in looked if one.crawler in wanted}
        tokens = "|".join(re.escape(crawler.token) for crawler in self._wanted)
        self._token = re.compile(rf"(?<![\w.-])(?:{tokens})(?![\w.-])", re.IGNORECASE)
        self._by_token = {crawler.token.lower(): crawler.name for crawler in self._wanted}
        self._claimed = lru_cache(maxsize=1024)(self._read)

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def claimed(self, user_agent: bytes) -> str:
        """The one crawler of these that a user agent names; "" for none, and for several at once."""
        return self._claimed(user_agent[:_SAYS]) if self._wanted else ""

    def standing(self, crawler: str, address: Address | None, now: int) -> Standing:
        """What is known of an address that claims to be this crawler. Unknown addresses, lists that are too old, and
        names that say something else verify nobody."""
        if address is None:
            return Standing.REFUSED
        looked = self._looked.get((crawler, address))
        if looked is not None and looked.until <= now:
            looked = None
        if looked is not None and looked.named is Named.ELSEWHERE:
            # Two things that are published contradict each other: then neither counts.
            return Standing.REFUSED
        networks, until = self._lists.get(crawler, (None, 0))
        if networks is not None and now < until and networks.find(address):
            return Standing.VERIFIED
        if looked is not None:
            return Standing.VERIFIED if looked.named is Named.CONFIRMED else Standing.REFUSED
        return Standing.UNKNOWN

    def unasked(self, crawler: str, address: Address, now: int) -> bool:
        """Whether the names of an address may say something that is not known yet: they confirm a claim that no list
        does, and contradict one that a list confirms."""
        looked = self._looked.get((crawler, address))
        return bool(CRAWLERS[crawler].hosts) and (looked is None or looked.until <= now)

    def _read(self, user_agent: bytes) -> str:
        said = {match.lower() for match in self._token.findall(user_agent.decode("latin-1"))}
        return self._by_token[said.pop()] if len(said) == 1 else ""
