"""One round of asking: many sources at once, and each host once at a time."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import SimpleQueue
from urllib.parse import urlsplit

from foldline.fold.feed.model import NotUnderstood
from foldline.syndication.newsstand.cards import ReadFeed, read_feed
from foldline.syndication.newsstand.fetching import Fetched, Guest, NotFetched, fetch

log = logging.getLogger(__name__)

#: Hosts that are asked at the same time.
AT_ONCE = 12
#: Seconds between two questions to one host.
PAUSE = 1.0
#: A feed is asked no sooner than after so many seconds, and at least once in so many.
SOONEST, LATEST = 1800, 86_400
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Asked:
    """A source that is due. `number` is its own, and comes back with the outcome."""

    number: int
    address: str
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question. `feed` is None where it is the same as the last time, or where there is a `problem`;
    `wait` says for how many seconds the source asks to be left alone."""

    number: int
    feed: ReadFeed | None = None
    etag: str = ""
    last_modified: str = ""
    wait: int = 0
    problem: str = ""


def asked_all(asked: Sequence[Asked], guest: Guest, pause: float = PAUSE) -> Iterator[Outcome]:
    """The outcomes as they come. They are fetched in a thread of their own: whoever takes them may write to a database
    meanwhile."""
    outcomes: SimpleQueue[Outcome | None] = SimpleQueue()
    stop = threading.Event()

    async def run() -> None:
        room = asyncio.Semaphore(AT_ONCE)
        try:
            await asyncio.gather(*(_host(some, guest, pause, room, outcomes, stop) for some in _by_host(asked)))
        finally:
            outcomes.put(None)

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="newsstand", daemon=True)
    thread.start()
    try:
        while (outcome := outcomes.get()) is not None:
            yield outcome
    finally:
        # Whoever takes no more waits for what is under way, and nothing else is begun.
        stop.set()
        thread.join()


def _by_host(asked: Sequence[Asked]) -> list[list[Asked]]:
    hosts: dict[str, list[Asked]] = {}
    for one in asked:
        host = ""
        with suppress(ValueError):
            host = urlsplit(one.address).hostname or ""
        hosts.setdefault(host, []).append(one)
    return list(hosts.values())


async def _host(
    some: Sequence[Asked],
    guest: Guest,
    pause: float,
    room: asyncio.Semaphore,
    outcomes: SimpleQueue[Outcome | None],
    stop: threading.Event,
) -> None:
    for place, one in enumerate(some):
        if place:
            await asyncio.sleep(pause)
        async with room:
            if stop.is_set():
                return
            outcomes.put(await ask(one, guest))


async def ask(one: Asked, guest: Guest) -> Outcome:
    """What one source has, or why it has nothing. Raises nothing that a stranger could cause."""
    try:
        fetched = await fetch(one.address, guest, one.etag, one.last_modified)
        return _outcome(one, fetched)
    except NotFetched as error:
        return Outcome(one.number, wait=error.wait, problem=str(error))
    except NotUnderstood as error:
        return Outcome(one.number, problem=str(error))
    except Exception:
        log.exception("newsstand: a feed could not be read")
        return Outcome(one.number, problem="the feed breaks our reader; the log says how")


def _outcome(one: Asked, fetched: Fetched) -> Outcome:
    wait = _fresh_for(fetched.headers.get("cache-control", ""))
    if fetched.body is None:
        return Outcome(one.number, None, one.etag, one.last_modified, wait)
    feed = read_feed(fetched.body, fetched.headers, fetched.address, datetime.now(UTC))
    return Outcome(one.number, feed, fetched.etag[:500], fetched.last_modified[:100], max(wait, feed.wait))


def _fresh_for(cache_control: str) -> int:
    found = _MAX_AGE.search(cache_control.lower())
    return int(found[1]) if found else 0


def next_in(wait: int, failures: int = 0) -> int:
    """In how many seconds a source is asked again: when it wants to be, within a day; later after each failure."""
    backed_off = SOONEST << min(failures, 10)
    return min(LATEST, max(SOONEST, wait, backed_off if failures else 0))
