"""What is wrong with institutions and with print subscribers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from foldline.callers.doubts import doubts_about_ranges
from foldline.config import Settings
from foldline.errors import Problem
from foldline.policy.rule import Grant
from foldline.server.gate_state import rules_of
from foldline.stores.institutions import InstitutionStore

#: A nightly file is missing after so long.
NIGHTLY = timedelta(days=3)


def institution_problems(settings: Settings) -> Iterator[Problem]:
    """A network that is never taken and stands in the table all the same; and networks that no rule opens anything
    to."""
    now, where = int(time.time()), str(settings.home.site_db)
    with InstitutionStore(settings.home, read_only=True) as store:
        every = store.every()
    for one in every:
        for doubt in _never(one.ranges):
            hint = "Mend it at the desk. Until then none of its networks opens anything."
            yield Problem("FL315", f"{one.name}: {doubt}", where, hint)
    if not any(one.runs(now) and one.ranges for one in every):
        return
    rules = rules_of(settings, now)
    if rules is not None and not any(
        Grant.INSTITUTION in (*rule.opens_for, *(rule.only_for or ())) for rule in rules.every
    ):
        what = "libraries or companies have networks here, and no rule opens an article to them"
        hint = 'Write a rule with `opens-for = "institution"`, and publish it.'
        yield Problem("FL316", what, str(settings.home.rules_file), hint)


def print_problems(settings: Settings) -> Iterator[Problem]:
    """That the nightly circulation file does not come any more: what has no end in it would end some day. Needs
    Django."""
    models: Any = import_module("django.db.models")
    circulation: Any = import_module("foldline.site.circulation.models")
    last = circulation.PrintSubscription.objects.aggregate(last=models.Max("seen_at"))["last"]
    if last is not None and datetime.fromtimestamp(time.time(), UTC) - last > NIGHTLY:
        since = f"{last.astimezone(settings.zone):%Y-%m-%d %H:%M}"
        hint = "See why nobody takes it: `foldline import print FILE`, each night."
        yield Problem("FL317", f"the last circulation file was taken on {since}", str(settings.home.site_db), hint)


def _never(ranges: tuple[str, ...]) -> list[str]:
    try:
        return [str(doubt) for doubt in doubts_about_ranges(ranges) if doubt.never]
    except ValueError as error:
        return [str(error)]
