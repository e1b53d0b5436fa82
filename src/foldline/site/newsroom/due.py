"""What the newsroom does by itself: scheduled articles appear, and what could not be written is tried again."""

from __future__ import annotations

import logging
import threading
import time

from django.db import close_old_connections, connections

from foldline.site.newsroom import lists, publishing
from foldline.site.newsroom.models import DueList
from foldline.site.newsroom.press import open_press
from foldline.site.readers import moment

log = logging.getLogger(__name__)

#: Seconds between two looks.
INTERVAL = 1.0


#: Seconds until an article that could not be written is tried again: doubled each time, up to the second figure.
RETRY = (2.0, 60.0)


class Due:
    """The loop, with a count of looks that failed. What is to be done stands in tables, so it may stop at any time."""

    def __init__(self, interval: float = INTERVAL) -> None:
        self.failures = 0
        self._interval = interval
        self._repaired = False
        self._waits: dict[int, float] = {}
        self._not_before: dict[int, float] = {}

    def run_forever(self, stop: threading.Event) -> None:
        """Repair once, then look until `stop` is set. An exception ends one look, never the loop."""
        try:
            while not stop.is_set():
                self.look()
                stop.wait(self._interval)
        finally:
            connections.close_all()

    def look(self) -> None:
        """Publish what is scheduled for now, and write what is still to be written. Raises nothing."""
        try:
            self._look()
        except Exception:
            self.failures += 1
            log.exception("the newsroom's look at what is due failed (%s so far)", self.failures)
        finally:
            close_old_connections()

    def _look(self) -> None:
        if not self._repaired:
            with open_press() as press:
                publishing.repair(press)
            self._repaired = True
        publishing.publish_due(moment.now())
        now = time.monotonic()
        skip = [pk for pk, then in self._not_before.items() if then > now]
        if publishing.unsettled().exclude(pk__in=skip).exists() or DueList.objects.exists():
            with open_press() as press:
                failed = publishing.settle_ordered(press, skip=skip).failed
                lists.refresh_lists(press)
            self.failures += len(failed)
            for pk in failed:
                self._waits[pk] = min(RETRY[1], self._waits.get(pk, RETRY[0] / 2) * 2)
                self._not_before[pk] = now + self._waits[pk]


def run_forever(stop: threading.Event) -> None:
    """Run by the site process in a thread of its own."""
    Due().run_forever(stop)
