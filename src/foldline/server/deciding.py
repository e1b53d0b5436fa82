"""What is wrong with what decides: the mode of a site behind the gate, and the published rules. Without Django."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from foldline.config import Settings
from foldline.errors import Problem
from foldline.policy import rules_file
from foldline.stores.mode import Mode
from foldline.stores.mode_in_force import standing
from foldline.stores.rule_sets import RuleSetStore


def rules_problems(settings: Settings) -> Iterator[Problem]:
    """What is wrong with the rules that were published, or with a draft that never was."""
    with RuleSetStore(settings.home, read_only=True) as sets:
        for number in sets.damaged():
            hint = "Publish the rules again: `foldline policy publish --by NAME`."
            what = f"rule set {number} is not as it was published, and decides nothing"
            yield Problem("FL070", what, str(settings.home.site_db), hint)
        active = sets.active()
    if active is None:
        if settings.home.rules_file.exists():
            hint = "Publish it: `foldline policy publish --by NAME`. Until then access levels and [meter] limit decide."
            yield Problem("FL071", "these rules were never published", str(settings.home.rules_file), hint)
        elif settings.origin is not None:
            hint = "Write them (`foldline policy start`) and publish them: `foldline policy publish --by NAME`."
            what = "no rules were published, so that nobody has said who may read the site's articles"
            yield Problem("FL242", what, str(settings.home.rules_file), hint)
        return
    for problem in rules_file.problems_of(active.text, f"rules {active.version}", settings.zone):
        hint = "The last good set decides. Mend the file and publish it, or `foldline policy roll-back --by NAME`."
        yield Problem("FL072", f"the published rules can't be read: {problem}", problem.where, hint)


def mode_problems(settings: Settings) -> Iterator[Problem]:
    """That a site behind the gate is open, or that nobody knows."""
    if settings.origin is None:
        return
    stands = standing(settings.home, settings.unsaid_mode)
    where = str(settings.home.site_db)
    if stands.trouble:
        hint = "Say it anew: `foldline mode gate`, or `foldline mode shadow`."
        yield Problem("FL241", f"{stands.trouble} A worker that starts now has {stands.mode}.", where, hint)
    elif stands.mode is Mode.SHADOW:
        since = f" since {datetime.fromtimestamp(stands.said.at, settings.zone):%Y-%m-%d %H:%M}" if stands.said else ""
        what = f"THE SITE IS OPEN: the gate stands in shadow{since}, and everybody is given every article whole"
        hint = "See what it would have done with `foldline mode --report`; `foldline mode gate` gates."
        yield Problem("FL240", what, settings.publication.url, hint)
