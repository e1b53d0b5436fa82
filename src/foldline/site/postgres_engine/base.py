"""Django finds an engine by the name of this file."""

from __future__ import annotations

from django.db.backends.postgresql import base

from foldline.stores.postgres import lock_number

#: What every writer of the site's tables holds until its transaction ends, on whatever host (`stores.database`).
PEN = lock_number(b"foldline_site:")


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction takes the pen when it begins, and so finds what it has looked at unchanged when it writes: the rule
    that files have always given the code above. What only reads takes no transaction."""

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
