"""What the newsroom does by itself: scheduled articles appear, and what could not be written is tried again."""

from __future__ import annotations

import time

from foldline.site.newsroom import lists, older, publishing
from foldline.site.newsroom.press import open_press
from foldline.site.readers import moment

#: How often another rule set is looked for that may close free articles, in seconds.
CLOSING = 5.0
#: Seconds until an article that could not be written is tried again: doubled each time, up to the second figure.
RETRY = (2.0, 60.0)


class Due:
    """One look after another, with a count of articles that failed. What is to be done stands in tables."""

    def __init__(self) -> None:
        self.failures = 0
        self._repaired = False
        self._older = older.Older()
        self._closing_at = 0.0
        self._waits: dict[int, float] = {}
        self._not_before: dict[int, float] = {}

    def look(self) -> None:
        """Publish what is scheduled for now, and write what is still to be written; at first repair what is lost.

        Whoever calls it stands ready for any exception: the next look goes on where this one ended.
        """
        if not self._repaired:
            with open_press() as press:
                publishing.repair(press)
            self._repaired = True
        publishing.publish_due(moment.now())
        now = time.monotonic()
        if now >= self._closing_at:
            self._closing_at = now + CLOSING
            publishing.notice_closing()
        skip = [pk for pk, then in self._not_before.items() if then > now]
        if publishing.unsettled().exclude(pk__in=skip).exists() or lists.due_now().exists():
            with open_press() as press:
                failed = publishing.settle_ordered(press, skip=skip).failed
                lists.refresh_lists(press)
            self.failures += len(failed)
            for pk in failed:
                self._waits[pk] = min(RETRY[1], self._waits.get(pk, RETRY[0] / 2) * 2)
                self._not_before[pk] = now + self._waits[pk]
        self._older.turn()
