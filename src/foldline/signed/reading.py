"""The mark of one reader's read of one article on one day: the same twice, and nothing that leads anywhere else.

Another article, or another day, is another mark, so that no two marks say that they are one person's. Without the
publication's secret a mark says nothing; with it, whoever knows a reader's key can try whether a mark is theirs.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

#: What stands before a reader's key, and before a device's number.
READER, DEVICE = b"r", b"d"
#: 72 bits: among a hundred million marks of one day two are alike with a chance of one in a million.
_BYTES = 9
#: How long a mark is, in characters.
LENGTH = 12


def mark(day_key: bytes, owner: bytes, article: int) -> str:
    """The mark under the key of a day (`Keyring.reads_keys`), for a reader or a device with what stands before it."""
    name = owner + article.to_bytes(8, "big")
    return urlsafe_b64encode(hashlib.blake2b(name, digest_size=_BYTES, key=day_key).digest()).decode()
