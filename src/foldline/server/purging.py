"""What changes leaves the caches before the gate as well: the site process tells them, off the path of any reader.

What a cache could not be told runs out by itself within a minute, so that tries are few and nothing is kept for later.
"""

from __future__ import annotations

import http.client
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from foldline.config import Settings
from foldline.errors import Problem, StoreUnavailable
from foldline.insight.counts import count
from foldline.stores.changes import INTERVAL, Change, ChangeFeed

log = logging.getLogger(__name__)

#: One word from a cache takes no longer, in seconds.
PATIENCE = 2.0
#: Seconds between the tries for one cache.
PAUSES = (0.5, 2.0)
#: Seconds in which every worker of this host has heard of a change. A cache that was purged before would be given what
#: was so before, and keep it anew.
HEARD = 3 * INTERVAL
#: Seconds after which it is purged once more: an answer that was under way, or a host that hears later than this one
#: (5 s at most), may have put back what was so before.
ONCE_MORE = 5.0
#: Of more pages at once the whole cache is purged.
MOST_PAGES = 500
#: With it one request purges everything. `foldline recipe varnish` knows it.
WHOLE = "X-Foldline-Purge"
#: In the place of a path: everything that a cache holds.
EVERYTHING = "*"
#: A cache that keeps packed and plain pages apart, as nginx does, is told of both.
CODINGS = ("gzip", "identity")

_ABOUT_ALL = frozenset(("all", "origin-all", "rules", "open-now", "mode"))
_PAGE = frozenset(("article", "origin-changed", "origin-withdrawn"))
#: It is done; or there was nothing to do; or what stands there now is gone.
_TAKEN = frozenset((200, 202, 204, 404, 410))
#: The gate behind the cache does not answer: what the cache holds is not of today, and it knows.
_GATE_AWAY = frozenset((502, 503, 504))


def pages_of(changes: Iterable[Change]) -> tuple[str, ...]:
    """The paths that changes are about, EVERYTHING before them where some are about everything: what can't be purged
    whole, as nginx, must be told of each page all the same."""
    changes = tuple(changes)
    paths = tuple(dict.fromkeys(change.key for change in changes if change.kind in _PAGE))
    if len(paths) > MOST_PAGES:
        return (EVERYTHING,)
    whole = (EVERYTHING,) if any(change.kind in _ABOUT_ALL for change in changes) else ()
    # Records of our own that are no page (`:404`) are in no cache under their name.
    return (*whole, *(path for path in paths if path.startswith("/")))


def purge(cache: str, host: str, paths: Iterable[str]) -> str:
    """Purge paths, or EVERYTHING, from one cache. What is wrong, in words; "" where nothing is."""
    parts = urlsplit(cache)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        for path in paths:
            whole = {WHOLE: "all"} if path == EVERYTHING else {}
            for coding in CODINGS:
                told = {"Host": host, "Accept-Encoding": coding, **whole}
                connection.request("PURGE", "/" if whole else path, headers=told)
                answer = connection.getresponse()
                answer.read()
                if answer.status in _GATE_AWAY:
                    return f"it says {answer.status}: it asks the gate, which does not answer"
                if answer.status not in _TAKEN:
                    return f"it says {answer.status} to PURGE"
    except (OSError, http.client.HTTPException) as error:
        return f"it does not answer: {error}"
    finally:
        connection.close()
    return ""


def purge_all(settings: Settings, paths: tuple[str, ...], stop: threading.Event) -> dict[str, str]:
    """Purge from every cache, each tried a few times. What is wrong at last, by cache; empty where all is done."""
    wrong = dict.fromkeys(settings.purge, "")
    left = list(settings.purge)
    for pause in (*PAUSES, 0.0):
        wrong |= {cache: purge(cache, settings.host, paths) for cache in left}
        left = [cache for cache in left if wrong[cache]]
        if not left or stop.wait(pause):
            break
    return {cache: what for cache, what in wrong.items() if what}


class Purger:
    """Follows the changes and tells caches of them, those from now on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._feed = ChangeFeed(settings.home)
        self._feed.read()
        # What to purge once more, and when, by the monotonic clock.
        self._once_more: deque[tuple[float, tuple[str, ...]]] = deque()

    def look(self, stop: threading.Event) -> dict[str, str]:
        """Purge what has changed since the last look, and once more what changed a while ago. What is wrong, by cache.

        Raises:
            StoreUnavailable: the changes can't be read; the next look tells of all of them.
        """
        wrong: dict[str, str] = {}
        while self._once_more and self._once_more[0][0] <= time.monotonic():
            wrong |= self._purge(self._once_more.popleft()[1], stop)
        paths = pages_of(self._feed.read())
        if not paths or stop.wait(HEARD):
            return wrong
        wrong |= self._purge(paths, stop)
        self._once_more.append((time.monotonic() + ONCE_MORE, paths))
        return wrong

    def _purge(self, paths: tuple[str, ...], stop: threading.Event) -> dict[str, str]:
        wrong = purge_all(self._settings, paths, stop)
        for _ in range(len(self._settings.purge) - len(wrong)):
            count("purges", "done")
        for cache, what in wrong.items():
            count("purges", "failed")
            log.warning("the cache %s was not purged: %s. What it holds runs out within a minute.", cache, what)
        return wrong

    def close(self) -> None:
        self._feed.close()


def run_forever(settings: Settings, stop: threading.Event) -> None:
    """Run by the site process in a thread of its own."""
    if not settings.purge:
        return
    purger: Purger | None = None
    while not stop.wait(INTERVAL):
        try:
            purger = purger or Purger(settings)
            purger.look(stop)
        except StoreUnavailable as error:
            log.warning("%s", error)
        except Exception:
            log.exception("purging failed")
    if purger is not None:
        purger.close()


def problems_of_caches(settings: Settings) -> Iterator[Problem]:
    """Each cache that does not take a purge now. It is tried with an address at which nothing is."""
    for cache in settings.purge:
        what = purge(cache, settings.host, (f"{settings.publication.prefix}nothing-is-here",))
        if what and "gate" not in what:
            hint = "Let it take PURGE from this machine: docs/caches.md. Until then it shows changes within a minute."
            yield Problem("FL252", f"the cache {cache} does not take a purge: {what}", "[caches] purge", hint)
