"""What must be true of a home folder before anything is served from it. Needs Django to be set up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from foldline.config import Settings
from foldline.errors import ConfigurationError, Problem
from foldline.policy import rules_file
from foldline.server.purging import problems_of_caches
from foldline.site.newsroom import publishing
from foldline.site.newsroom.press import open_press
from foldline.stores import schema
from foldline.stores.mode import Mode, gate_as_before
from foldline.stores.mode_in_force import standing
from foldline.stores.rule_sets import RuleSetStore


def migrate(settings: Settings) -> None:
    """Our own tables and Django's."""
    gate_as_before(settings.home, int(time.time()))
    schema.migrate(settings.home)
    call_command("migrate", verbosity=0, interactive=False)


def require_migrated(settings: Settings) -> None:
    """Refuse to serve from a home folder that `foldline migrate` has not been run on.

    Raises:
        ConfigurationError: FL041.
    """
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    files = (("the article records are", settings.home.public_db), ("the meter is", settings.home.meter_db))
    missing = [f"{name} missing" for name, path in files if not path.exists()]
    if waiting or missing:
        what = f"{len(waiting)} database changes wait" if waiting else " and ".join(missing)
        raise ConfigurationError((Problem("FL041", what, str(settings.home.path), "Run `foldline migrate` first."),))


def publish_again() -> int:
    """Publish what a changed setting, an upgrade or a crash left behind. Returns how many articles were written."""
    with open_press() as press:
        return publishing.repair(press)


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
    stands = standing(settings.home)
    where = str(settings.home.site_db)
    if stands.trouble:
        hint = "Say it anew: `foldline mode gate`, or `foldline mode shadow`."
        yield Problem("FL241", f"{stands.trouble}. A worker that starts now has {stands.mode}.", where, hint)
    elif stands.mode is Mode.SHADOW:
        since = f" since {datetime.fromtimestamp(stands.said.at, settings.zone):%Y-%m-%d %H:%M}" if stands.said else ""
        what = f"THE SITE IS OPEN: the gate stands in shadow{since}, and everybody is given every article whole"
        hint = "See what it would have done with `foldline mode --report`; `foldline mode gate` gates."
        yield Problem("FL240", what, settings.publication.url, hint)


def problems_of(settings: Settings) -> tuple[Problem, ...]:
    """What is wrong beside the settings file: the databases, the mail, and what the newsroom is alarmed about."""
    try:
        require_migrated(settings)
    except ConfigurationError as error:
        return error.problems
    found = [*mode_problems(settings), *rules_problems(settings), *publishing.alarms(), *problems_of_caches(settings)]
    if not settings.mail.host and not settings.demo:
        hint = "Set host and sender: codes to sign in with go by mail."
        found.insert(0, Problem("FL032", "no mail host is set", "[mail] host", hint))
    return tuple(found)
