"""What must be true of a home folder before anything is served from it. Needs Django to be set up."""

from __future__ import annotations

import time

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
from foldline.stores.database import is_made
from foldline.stores.mode import gate_as_before


def migrate(settings: Settings) -> None:
    """Our own tables and Django's."""
    gate_as_before(settings.home, int(time.time()))
    schema.migrate(settings.home)
    call_command("migrate", verbosity=0, interactive=False)


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
    if unknown := sorted(set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations)):
        what = f"the database was made by a newer version: {'.'.join(unknown[0])} is not known here"
        hint = "Run the version that made it, or a newer one, on every host."
        raise ConfigurationError((Problem("FL348", what, str(settings.home.site_db), hint),))
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
