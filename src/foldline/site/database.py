"""What Django is told about the database of a home."""

from __future__ import annotations

from typing import Any

from foldline.stores.address import Schema
from foldline.stores.home import Home

#: Seconds that a connection is kept for the next request of its thread.
KEPT_SECONDS = 600
#: Seconds that a lock of somebody else is waited for, and that a statement may take.
LOCK_SECONDS, STATEMENT_SECONDS = 5.0, 60.0
#: The option by which our engine is told what a session begins with.
BEGINNING = "beginning"


def database_settings(home: Home) -> dict[str, Any]:
    """The value of `DATABASES["default"]`.

    Raises:
        foldline.stores.database.Failed: the address has a part that PostgreSQL's library does not know.
    """
    place = home.site_db
    if not isinstance(place, Schema):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(place),
            "OPTIONS": {
                "timeout": LOCK_SECONDS,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON",
            },
        }
    # Only a publication that lies in PostgreSQL pays for its driver.
    from foldline.stores.postgres_session import Limits, beginning, parameters

    given = parameters(place.address)
    begins = beginning(place.name, Limits(LOCK_SECONDS, STATEMENT_SECONDS))
    return {
        "ENGINE": "foldline.site.postgres_engine",
        "NAME": given.pop("dbname"),
        "CONN_MAX_AGE": KEPT_SECONDS,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**given, BEGINNING: begins},
    }
