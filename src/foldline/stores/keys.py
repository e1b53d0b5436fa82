"""Which key signs, and which are revoked: rows that are only added, heard by every process on every host.

Keys themselves stand in each host's own file `secret`; here they have digests. Without a row the file's first line
signs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from foldline.stores.site_table import SiteTable


class Act(StrEnum):
    """What somebody did about a key."""

    SIGN = "sign"  # from now on it signs
    REVOKE = "revoke"  # from now on it proves nothing


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One row. `digest` names a key (`signed/keys.py`), `at` is an epoch second."""

    digest: str
    act: str
    by: str
    at: int


class KeyStore(SiteTable):
    """The table in the site's database."""

    NAME = "keys"

    def rows(self) -> list[KeyRow]:
        """What was done about keys, the oldest first.

        Raises:
            StoreUnavailable: it can't be read.
        """
        found = self._read("SELECT digest, act, made_by, made_at FROM foldline_keys ORDER BY id")
        return [KeyRow(*row) for row in found]

    def write(self, acts: Iterable[tuple[Act, str]], by: str, now: int) -> None:
        """Do all of it at once; every process hears of it in the same transaction.

        Raises:
            StoreUnavailable: it can't be written; what held goes on.
        """
        with self._changing("keys", "", now) as connection:
            for act, digest in acts:
                connection.execute(
                    "INSERT INTO foldline_keys (digest, act, made_by, made_at) VALUES (?, ?, ?, ?)",
                    (digest, act.value, by, now),
                )
