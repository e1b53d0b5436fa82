"""What must be true of a home folder before anything is served from it. Needs Django to be set up."""

from __future__ import annotations

import time
from typing import Any, cast

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from foldline.config import Settings
from foldline.errors import ConfigurationError, Problem, StoreUnavailable
from foldline.server.crawler_lists import problems_of_crawlers
from foldline.server.deciding import mode_problems, rules_problems
from foldline.server.gate_state import rules_of
from foldline.server.outcome import restart_problems
from foldline.server.providing import institution_problems, print_problems
from foldline.server.purging import problems_of_caches
from foldline.server.this_host import host_problems
from foldline.site.desk import due_jobs
from foldline.site.newsroom import publishing
from foldline.site.newsroom.press import open_press
from foldline.sources.origin import open_lists
from foldline.sources.origin.cut_alarms import cut_alarms_or_none
from foldline.stores import schema
from foldline.stores.database import Failed, is_made
from foldline.stores.home import Home
from foldline.stores.mode import gate_as_before

#: What PostgreSQL says to a user that lacks a right (SQLSTATE).
NOT_ALLOWED = "42501"


def migrate(settings: Settings) -> None:
    """Our own tables and Django's. Who may make none, and has all of them, is done.

    Raises:
        ConfigurationError: FL348, the database was made by a newer version; FL344, some tables are missing, and the
            database's user may not make them.
    """
    if is_made(settings.home.site_db):
        _refuse_newer(MigrationExecutor(connection), settings.home)
    gate_as_before(settings.home, int(time.time()))
    try:
        schema.migrate(settings.home)
    except Failed as error:
        if error.state != NOT_ALLOWED:
            raise
        _refuse_unmade(settings, error)
        return
    if settings.home.database is not None:
        cast("Any", connection).take_time()
    call_command("migrate", verbosity=0, interactive=False)


def _refuse_newer(executor: MigrationExecutor, home: Home) -> None:
    """Raises ConfigurationError: FL348."""
    if unknown := sorted(set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations)):
        what = f"the database was made by a newer version: {'.'.join(unknown[0])} is not known here"
        hint = "Run the version that made it, or a newer one, on every host."
        raise ConfigurationError((Problem("FL348", what, str(home.site_db), hint),))


def _refuse_unmade(settings: Settings, error: Failed) -> None:
    """After the database did not let us make tables: whether there were any to make.

    Raises:
        ConfigurationError: FL344, and which; FL041 where changes of Django's wait.
    """
    from foldline.server.database_checks import missing_tables

    if missing := missing_tables(settings.home):
        what = f"the database does not let us make what is missing ({', '.join(missing[:3])}): {error}"
        hint = "Let the owner of the schemas foldline_* run `foldline migrate` (docs/postgresql.md)."
        raise ConfigurationError((Problem("FL344", what, str(settings.home.database), hint),))
    require_migrated(settings)


def require_migrated(settings: Settings) -> None:
    """Refuse to serve from a home folder that `foldline migrate` has not been run on.

    Raises:
        ConfigurationError: FL041; FL342 to FL347 about a database that hosts share; FL348.
    """
    if settings.home.database is not None:
        # Only a publication that lies in PostgreSQL pays for its driver.
        from foldline.server.database_checks import database_problems

        if found := database_problems(settings.home):
            raise ConfigurationError(found)
    executor = MigrationExecutor(connection)
    _refuse_newer(executor, settings.home)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    files = (("the article records are", settings.home.public_db), ("the meter is", settings.home.meter_db))
    missing = [f"{name} missing" for name, place in files if not is_made(place)]
    if waiting or missing:
        what = f"{len(waiting)} database changes wait" if waiting else " and ".join(missing)
        raise ConfigurationError((Problem("FL041", what, str(settings.home.path), "Run `foldline migrate` first."),))


def publish_again() -> int:
    """Publish what a changed setting, an upgrade or a crash left behind. Returns how many articles were written."""
    with open_press() as press:
        return publishing.repair(press)


def _of_crawlers(settings: Settings) -> list[Problem]:
    """What is wrong with crawlers that are to be verified. A file that can't be read verifies nobody, and says so."""
    now = int(time.time())
    try:
        return problems_of_crawlers(settings, rules_of(settings, now), now)
    except StoreUnavailable as error:
        hint = "Run `foldline migrate`. Until the file can be read, nobody is verified."
        return [Problem("FL303", str(error), str(settings.home.crawlers_db), hint)]


def problems_of(settings: Settings) -> tuple[Problem, ...]:
    """What is wrong beside the settings file: the databases, the mail, and what the newsroom is alarmed about."""
    try:
        require_migrated(settings)
    except ConfigurationError as error:
        return error.problems
    found = [
        *restart_problems(settings.home),
        *host_problems(settings),
        *mode_problems(settings),
        *rules_problems(settings),
        *institution_problems(settings),
        *print_problems(settings),
        *publishing.alarms(),
        *problems_of_caches(settings),
    ]
    if settings.origin is not None:
        found += cut_alarms_or_none(settings.home)
        found += open_lists.problems_of(due_jobs.found_by(open_lists.JOB))
    found += _of_crawlers(settings)
    if not settings.mail.host and not settings.demo:
        hint = "Set host and sender: codes to sign in with go by mail."
        found.insert(0, Problem("FL032", "no mail host is set", "[mail] host", hint))
    return tuple(found)
