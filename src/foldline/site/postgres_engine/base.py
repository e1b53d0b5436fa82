"""Django finds an engine by the name of this file."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

from foldline.site.database import BEGINNING, STATEMENT_SECONDS
from foldline.stores.postgres import lock_number
from foldline.stores.postgres_session import GRACE, Bounded

#: What every writer of the site's tables holds until its transaction ends, on whatever host (`stores.database`).
PEN = lock_number(b"foldline_site:")
#: Seconds that a change of a table may take.
LONGEST_CHANGE = 6 * 3600.0


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction takes the pen when it begins, and so finds what it has looked at unchanged when it writes: the rule
    that files have always given the code above. What only reads takes no transaction."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        begins = conn_params.pop(BEGINNING)
        connection = super().get_new_connection(conn_params)
        # Django names the class itself: this one has waits with an end, should the server or the way to it hang.
        connection.__class__ = Bounded
        connection.patience = STATEMENT_SECONDS + GRACE
        connection.autocommit = True
        connection.execute(begins.encode())
        return connection

    def take_time(self) -> None:
        """Let what this connection is asked take as long as it takes: tables of millions of rows are changed."""
        with self.cursor() as cursor:
            cursor.execute("SET statement_timeout TO 0; SET idle_in_transaction_session_timeout TO 0")
        self.connection.patience = LONGEST_CHANGE

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # the stubs leave it out
        if autocommit:
            return
        try:
            with self.wrap_database_errors, self.connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", (PEN,))
        except BaseException:
            # Nothing was begun: whoever asks next starts anew.
            self.close()
            raise
