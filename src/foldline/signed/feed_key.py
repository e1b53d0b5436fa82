"""The key of a private feed: a reader's, for the feed of one list. It is the last part of an address that feed readers
ask for, and is kept nowhere: what the store knows is the session that it stands for.

A key is random and not signed. Nobody guesses 160 bits, and a new secret must not end the feeds of every reader.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode
from collections.abc import Callable

#: 32 letters of base32 (RFC 4648, 6), small.
BYTES = 20
_KEY = re.compile(rb"[a-z2-7]{32}")
SESSION_BYTES = 16


def new(random: Callable[[int], bytes]) -> str:
    """A new key. `random` must be a source that nobody can predict."""
    return b32encode(random(BYTES)).decode().lower()


def session_of(key: bytes, base: str) -> bytes | None:
    """The session that a key stands for, in the feed of the list at `base` ("" for the whole site); None for what is no
    key. A session names no key, and a key of another list is another session."""
    if not _KEY.fullmatch(key):
        return None
    return hashlib.sha256(b"foldline feed key\0" + key + b"\0" + base.encode()).digest()[:SESSION_BYTES]
