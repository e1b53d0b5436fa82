"""The lists that operators of crawlers publish, fetched beside the path, within bounds; the last good one is kept.

Importing this needs Django to be set up: the bounded way to ask is the one of signing in elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import requests

from foldline.callers.crawlers import CRAWLERS, Crawler
from foldline.callers.published import read_list
from foldline.config import Settings
from foldline.errors import Problem
from foldline.policy.rule import Grant
from foldline.policy.rules import Rules
from foldline.site.readers.oidc import BoundedSession
from foldline.stores.changes import write_changes
from foldline.stores.crawlers import BELIEVED, CrawlerStore, StoredList

#: A list is asked for once a day; one that was wrong, at each run of the job.
FRESH = 86_400
_DAYS = BELIEVED // 86_400


class Told(NamedTuple):
    """What an operator's server answered."""

    status: int
    body: bytes = b""
    etag: str = ""
    modified: str = ""


Ask = Callable[[str, Mapping[str, str]], Told]


def ask(url: str, headers: Mapping[str, str]) -> Told:
    """GET over https, within 4 s and 1 MB, without following anybody elsewhere.

    Raises:
        requests.RequestException: no answer, a bad certificate, or one that is too slow or too large.
    """
    if not url.startswith("https://"):
        raise requests.exceptions.InvalidURL(f"{url} is not https")
    with BoundedSession() as session:
        answer = session.get(url, headers={"Accept": "application/json", **headers})
    told = answer.headers
    return Told(answer.status_code, answer.content, told.get("ETag", ""), told.get("Last-Modified", ""))


def refresh(settings: Settings, now: int, asking: Ask = ask) -> str:
    """Ask for every list whose time has come. What is wrong with them, in a line; "" where nothing is.

    Raises:
        StoreUnavailable: nothing can be kept.
    """
    wrong = []
    changed = False
    with CrawlerStore(settings.home) as store:
        known = {one.crawler: one for one in store.lists()}
        for crawler in (CRAWLERS[name] for name in settings.verified_crawlers if CRAWLERS[name].list):
            before = known.get(crawler.name, StoredList(crawler.name))
            if before.problem or now >= before.tried_at + FRESH or before.tried_at > now:
                after = _asked(crawler, before, now, asking)
                store.keep_list(after)
                changed |= after.networks != before.networks or after.confirmed_at != before.confirmed_at
                before = after
            if before.problem:
                wrong.append(f"{crawler.name}: {before.problem.partition(' ')[2]}")
    if changed:
        write_changes(settings.home, (("crawlers", ""),), now)
    return "; ".join(wrong)


def _asked(crawler: Crawler, before: StoredList, now: int, asking: Ask) -> StoredList:
    """The list after asking for it. Whatever goes wrong, the last good one stays, and grows old."""
    headers = {"If-None-Match": before.etag, "If-Modified-Since": before.modified} if before.networks else {}
    try:
        told = asking(crawler.list, {name: value for name, value in headers.items() if value})
    except requests.RequestException as error:
        return replace(before, tried_at=now, problem=f"FL301 no answer ({type(error).__name__})")
    if told.status == 304 and before.networks:
        return replace(before, confirmed_at=now, tried_at=now, problem="")
    if told.status != 200:
        return replace(before, tried_at=now, problem=f"FL301 the answer was {told.status}")
    try:
        networks = read_list(told.body)
    except ValueError as error:
        return replace(before, tried_at=now, problem=f"FL302 {error}")
    return StoredList(crawler.name, networks, told.etag, told.modified, now, now)


def problems_of_crawlers(settings: Settings, rules: Rules | None, now: int) -> list[Problem]:
    """What `foldline check` says of crawlers that are to be verified.

    Raises:
        StoreUnavailable: the file can't be read.
    """
    found = []
    if rules is not None and not settings.verified_crawlers:
        opening = next((rule for rule in rules.rules if Grant.VERIFIED_CRAWLER in rule.opens_for), None)
        if opening is not None:
            hint = 'Name the crawlers in [machines], as in verified = ["googlebot"], or take the word out of the rule.'
            what = f'"{opening.name}" opens for crawlers, and none is to be verified'
            found.append(Problem("FL304", what, opening.source, hint))
    if not settings.verified_crawlers:
        return found
    with CrawlerStore(settings.home) as store:
        known = {one.crawler: one for one in store.lists()}
        waits_since = store.waits_since()
    for crawler in (CRAWLERS[name] for name in settings.verified_crawlers if CRAWLERS[name].list):
        one = known.get(crawler.name)
        if one is not None:
            found += _problems_of(crawler, one, now)
        elif settings.origin is not None and settings.origin.mounted:
            hint = "Start `foldline serve` beside it on the same home folder, or take the crawler out of [machines]."
            what = f"a mounted gate has no process that fetches the list of {crawler.token}"
            found.append(Problem("FL303", what, crawler.list, hint))
    if waits_since and now > waits_since + NOT_ANSWERED:
        hint = "See that this machine can resolve names, and that `foldline serve` runs."
        what = "the host names of crawlers have not been looked up for 15 minutes"
        found.append(Problem("FL306", what, "[machines] verified", hint))
    return found


#: Seconds after which somebody who waits to be looked up is a sign that nobody looks.
NOT_ANSWERED = 900


def _problems_of(crawler: Crawler, one: StoredList, now: int) -> list[Problem]:
    found = []
    if one.problem:
        id_, _, what = one.problem.partition(" ")
        days = max(0, one.until - now) // 86_400
        kept = f"The last good list counts for {days} more days." if one.until > now else "Nobody is verified by it."
        told = f"the list of {crawler.token} is refused: {what}"
        if id_ == "FL301":
            found.append(Problem("FL301", f"the list of {crawler.token} can't be fetched: {what}", crawler.list, kept))
        else:
            found.append(Problem("FL302", told, crawler.list, kept))
    if one.until <= now:
        hint = "Until it is fetched again, nobody is verified by it."
        what = f"the list of {crawler.token} was last confirmed more than {_DAYS} days ago"
        if not one.confirmed_at:
            what = f"the list of {crawler.token} was never fetched"
        found.append(Problem("FL303", what, crawler.list, hint))
    return found
