"""A signed wish to be answered as if a site that stands in shadow were gated. It opens nothing: it can only close.

Body, big-endian (may never change within version 1):

    ends 4
"""

from __future__ import annotations

import struct

from foldline.errors import InvalidToken
from foldline.signed.keys import Keyring, Purpose

#: The field of a request that carries it.
FIELD = b"x-foldline-as-if-gated"
#: Seconds for which it holds at most.
LONGEST = 86_400
_BODY = struct.Struct(">I")


def sign(keyring: Keyring, ends: int) -> str:
    """The token that holds until `ends`, in epoch seconds."""
    return keyring.sign(Purpose.AUDIT, _BODY.pack(ends))


def verify(keyring: Keyring, token: bytes, now: int) -> int:
    """Until when a token of ours holds.

    Raises:
        InvalidToken: it is none, has ended, or holds longer than any that is given.
    """
    body = keyring.verify(Purpose.AUDIT, token)
    if len(body) != _BODY.size:
        raise InvalidToken("not a token of this publication")
    (ends,) = _BODY.unpack(body)
    if not now < ends <= now + LONGEST:
        raise InvalidToken("this token does not hold now")
    return int(ends)
