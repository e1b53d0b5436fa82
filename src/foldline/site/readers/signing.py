"""The keys that hold now, in a process of Django's: looked up again each second, as gate workers hear of them."""

from __future__ import annotations

import threading
import time

from foldline import config
from foldline.signed.keys import Keyring
from foldline.stores.keys_in_force import KeysInForce

#: Seconds for which what was looked up is believed. The bound for this host is one.
BELIEVED = 0.5

_lock = threading.Lock()
_known: tuple[config.Settings, KeysInForce, Keyring, float] | None = None


def keyring(settings: config.Settings) -> Keyring:
    """The keys of a publication. While the database is away those that were known go on."""
    global _known
    with _lock:
        now = time.monotonic()
        if _known is None or _known[0] is not settings:
            in_force = KeysInForce(settings.home, settings.secrets, settings.revoked)
        elif now < _known[3]:
            return _known[2]
        else:
            in_force = _known[1]
        keys = in_force.look()
        _known = (settings, in_force, Keyring(keys.secrets, settings.host, keys.revoked), now + BELIEVED)
        return _known[2]
