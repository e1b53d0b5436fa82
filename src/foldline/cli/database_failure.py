"""What a verb says where the database that hosts share failed it: which one, and why."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from foldline.errors import ConfigurationError, FoldlineError, StoreUnavailable
from foldline.stores.database import Failed
from foldline.stores.home import Home

#: Under which key the context of a verb keeps whose home it works on.
_HOME = "foldline.home"


def remember(home: Home) -> None:
    """Whose database it is that may fail from now on."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.meta[_HOME] = home


class Verbs(click.Group):
    """Verbs in which a failure of the database is a sentence, wherever it comes from."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            home = ctx.meta.get(_HOME)
            failure = _failure(error)
            if home is None or home.database is None or failure is None:
                raise
            raise _told(home, failure) from error


def _failure(error: BaseException | None) -> Failed | None:
    """What PostgreSQL did not do, where that is behind an error. A mistake in what it was asked is ours: no failure."""
    if isinstance(error, Failed):
        return error
    if isinstance(error, StoreUnavailable):
        return _failure(error.__cause__)
    # Only a publication that lies in PostgreSQL has imported its driver.
    if (driver := sys.modules.get("psycopg")) is None or error is None:
        return None
    if isinstance(error, driver.Error):
        from foldline.stores.postgres import failed

        told = failed(error)
        ours = isinstance(error, driver.ProgrammingError | driver.DataError | driver.IntegrityError)
        return None if ours and told.state != "42501" else told
    return _failure(error.__cause__) if type(error).__module__ == "django.db.utils" else None


def _told(home: Home, failure: Failed) -> FoldlineError:
    from foldline.server.database_checks import database_problems, problem_of
    from foldline.stores.postgres import LONGEST_PAUSE

    where = str(home.database)
    if failure.state.startswith(("28", "3D", "42501", "53", "25006")):
        return ConfigurationError((problem_of(failure, where),))
    # A server that was just tried in vain is left alone for so long, and nothing of it is learned.
    time.sleep(LONGEST_PAUSE)
    if found := database_problems(home):
        return ConfigurationError(found)
    return FoldlineError(f"{where}: {failure}. It answers again: run this once more.")
