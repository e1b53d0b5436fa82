"""The newsroom's pictures, by names that nobody can guess: files in the home folder, or rows where hosts share a
database."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from foldline.errors import StoreUnavailable
from foldline.stores.address import Schema
from foldline.stores.database import Failed, connect
from foldline.stores.home import Home

#: Random digits in hexadecimal, and what kind of picture it is.
_NAME = re.compile(r"[0-9a-f]{1,64}\.(?:webp|png|jpg|gif)")


class PictureStore:
    """Each call is whole or nothing. All of it raises StoreUnavailable where the database can't be asked, and OSError
    where a file can't be written."""

    def __init__(self, home: Home) -> None:
        self._place = home.pictures

    def keep(self, name: str, data: bytes) -> None:
        """Keep a picture under a new name."""
        if isinstance(self._place, Schema):
            self._ask(self._place, "INSERT INTO pictures (name, data) VALUES (?, ?)", name, data)
            return
        self._place.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self._place, prefix=".new-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(self._place / name)

    def find(self, name: str) -> bytes | None:
        """A picture; None where there is none of this name."""
        if isinstance(self._place, Schema):
            rows = self._ask(self._place, "SELECT data FROM pictures WHERE name = ?", name)
            return bytes(rows[0][0]) if rows else None
        try:
            return (self._place / name).read_bytes()
        except OSError:
            return None

    def forget(self, name: str) -> None:
        """Let go of a picture that nothing names any more; nothing happens where it is gone."""
        if isinstance(self._place, Schema):
            self._ask(self._place, "DELETE FROM pictures WHERE name = ?", name)
        else:
            (self._place / name).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """What there is, in order."""
        if isinstance(self._place, Schema):
            yield from (name for (name,) in self._ask(self._place, "SELECT name FROM pictures ORDER BY name"))
        elif self._place.is_dir():
            yield from sorted(name for name in os.listdir(self._place) if _NAME.fullmatch(name))

    def _ask(self, place: Schema, query: str, *values: object) -> list[Any]:
        try:
            with closing(connect(place)) as connection:
                rows = connection.execute(query, values)
                return rows.fetchall() if query.startswith("SELECT") else []
        except Failed as error:
            raise StoreUnavailable(f"pictures: {error}") from error
