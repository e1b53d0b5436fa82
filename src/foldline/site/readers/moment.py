"""The clock of the site's pages, as Django's fields want it."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings

from foldline import config
from foldline.clock import SystemClock

_CLOCK = SystemClock()


def now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.fromtimestamp(_CLOCK.now(), UTC)


def today() -> int:
    """The day in the publication's zone, as an ordinal."""
    foldline: config.Settings = settings.FOLDLINE
    return now().astimezone(foldline.zone).toordinal()


def epoch() -> int:
    """The time in whole seconds since the epoch."""
    return int(_CLOCK.now())


def exact() -> float:
    """The time in seconds since the epoch, with its fractions."""
    return _CLOCK.now()
