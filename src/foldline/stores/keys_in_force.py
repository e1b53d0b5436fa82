"""The keys that hold now in one process: those of the host's file, in the order and without those that rows say.

What held last lies beside the database, for a process that starts while the database is away; and a revocation stays,
even where an older copy of the database was put in place.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection
from dataclasses import dataclass, field

from foldline.errors import StoreUnavailable
from foldline.signed.keys import key_digest
from foldline.stores.home import Home
from foldline.stores.keys import Act, KeyStore
from foldline.stores.small_file import keep_small, read_small

log = logging.getLogger(__name__)

#: How long a worker waits for the database, in seconds: it knows keys already.
PATIENCE = 0.05


@dataclass(frozen=True, slots=True)
class Keys:
    """`secrets` are all of a host's, the one that signs first; the `revoked` among them prove nothing, and only serve
    to find what is stored under them."""

    secrets: tuple[bytes, ...] = field(repr=False)
    revoked: frozenset[bytes] = field(default=frozenset(), repr=False)

    @property
    def usable(self) -> tuple[bytes, ...]:
        """Those that prove something, the one that signs first."""
        return tuple(secret for secret in self.secrets if secret not in self.revoked)

    @property
    def digests(self) -> tuple[str, ...]:
        """The names of the usable ones."""
        return tuple(map(key_digest, self.usable))


@dataclass(frozen=True, slots=True)
class _Said:
    """What rows say: digests. `signs` is "" where they say nothing."""

    signs: str = ""
    revoked: frozenset[str] = frozenset()


class KeysInForce:
    """`secrets` and `revoked` are what the settings say. Only a worker `keeps` what held last: a verb that somebody
    else runs must leave no file that workers can't write."""

    def __init__(
        self, home: Home, secrets: tuple[bytes, ...], revoked: Collection[bytes] = (), *, keeps: bool = False
    ) -> None:
        self._home = home
        self._secrets = secrets
        self._revoked = frozenset(revoked)
        self._keeps = keeps
        self._told = ""
        #: A key of this process's own, for when none is left: it proves nothing to anybody else.
        self._nobodys = os.urandom(32)
        #: Whether the last look read what is in force; otherwise look again soon.
        self.settled = False

    def look(self) -> Keys:
        """Read what is in force. Nothing is raised: while the database is away what is known stays as it was."""
        before = self._beside()
        told = ""
        self.settled = True
        try:
            with KeyStore(self._home, read_only=True, timeout=PATIENCE) as store:
                said = _Said()
                for row in store.rows():
                    if row.act == Act.SIGN:
                        said = _Said(row.digest, said.revoked)
                    elif row.act == Act.REVOKE:
                        said = _Said(said.signs, said.revoked | {row.digest})
                    else:
                        told = f"FL358 a row about keys says {row.act!r}, which is not understood: it is left out"
            said = _Said(said.signs or before.signs, said.revoked | before.revoked)
        except StoreUnavailable as error:
            self.settled = False
            said, told = before, str(error)
        else:
            if self._keeps and said != before:
                keep_small(self._home.keys_in_force, json.dumps([said.signs, sorted(said.revoked)]))
        keys = self._of(said)
        if not keys.usable:
            told = "FL353 every key is revoked: nothing that readers carry is believed"
            keys = Keys((self._nobodys, *keys.secrets), keys.revoked)
        if told and told != self._told and self._keeps:
            log.error("%s", told)
        self._told = told
        return keys

    def _of(self, said: _Said) -> Keys:
        revoked = self._revoked | {secret for secret in self._secrets if key_digest(secret) in said.revoked}
        first = [secret for secret in self._secrets if key_digest(secret) == said.signs and secret not in revoked]
        good = [secret for secret in self._secrets if secret not in revoked and secret not in first]
        return Keys((*first, *good, *(secret for secret in self._secrets if secret in revoked)), frozenset(revoked))

    def _beside(self) -> _Said:
        try:
            signs, revoked = json.loads(read_small(self._home.keys_in_force) or '["", []]')
            return _Said(str(signs), frozenset(map(str, revoked)))
        except (ValueError, TypeError):
            return _Said()
