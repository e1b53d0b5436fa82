"""A table of ours in the site's database, whose changes the gate's workers hear of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from foldline.stores.database import Connection
from foldline.stores.home import Home
from foldline.stores.table_file import TableFile


class SiteTable(TableFile):
    """A table in the site's database."""

    def __init__(self, home: Home, *, read_only: bool = False, timeout: float = 5.0) -> None:
        super().__init__(home.site_db, read_only=read_only, timeout=timeout)

    @contextmanager
    def _changing(self, kind: str, key: str, now: int) -> Iterator[Connection]:
        """One transaction, at the end of which the gate's workers are told."""
        with self._writing() as connection:
            yield connection
            connection.execute("INSERT INTO foldline_changes (kind, key, at) VALUES (?, ?, ?)", (kind, key, now))
