"""The meter that a device carries: which window it counts in, and keyed hashes of the articles read in it.

Clearing or replaying it is an accepted, documented loss (`docs/decisions/0002-get-has-no-effect.md`).
Body, big-endian (may never change within version 1):

    device 16 | window 4 | article hash 8 each
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from foldline.errors import InvalidToken
from foldline.signed.keys import Keyring, Purpose

MOST_ARTICLES = 128
#: How long a device keeps its meter: a window and some margin, in seconds.
DEVICE_SECONDS = 62 * 86_400
_FIXED = struct.Struct(">16sI")


@dataclass(frozen=True, slots=True)
class DeviceMeter:
    """`window` numbers the months (`policy.window`); `articles` are hashes that mean nothing on another device."""

    device: bytes
    window: int
    articles: tuple[bytes, ...] = ()

    def in_window(self, window: int) -> DeviceMeter:
        """The same device's meter for `window`: empty where another window was counted."""
        return self if self.window == window else replace(self, window=window, articles=())


def article_hash(keyring: Keyring, device: bytes, article: int, among: Collection[bytes] = ()) -> bytes:
    """What stands for an article in this device's meter and openings: as it is called `among` them already, under
    whichever secret, or by its new name."""
    hashes = keyring.name_hashes(device, article.to_bytes(8, "big"))
    return next((known for known in hashes if known in among), hashes[0])


def forget(meter: DeviceMeter, random: Callable[[int], bytes]) -> DeviceMeter:
    """The meter after signing out: how much was read stays, what was read on this device does not."""
    return replace(meter, articles=tuple(random(8) for _ in meter.articles))


def spend(meter: DeviceMeter, hashed: bytes) -> DeviceMeter:
    """The meter after reading one article; the same article never costs twice."""
    if hashed in meter.articles:
        return meter
    return replace(meter, articles=(*meter.articles, hashed)[-MOST_ARTICLES:])


def issue(keyring: Keyring, meter: DeviceMeter) -> str:
    """The meter as a cookie value."""
    return keyring.sign(Purpose.METER, _FIXED.pack(meter.device, meter.window) + b"".join(meter.articles))


def read(keyring: Keyring, token: bytes) -> DeviceMeter:
    """The meter in a cookie value.

    Raises:
        InvalidToken: for anything that this publication did not sign as a meter.
    """
    body = keyring.verify(Purpose.METER, token)
    hashes = len(body) - _FIXED.size
    if hashes < 0 or hashes % 8 or hashes > 8 * MOST_ARTICLES:
        raise InvalidToken("not a meter")
    device, window = _FIXED.unpack_from(body)
    return DeviceMeter(device, window, tuple(body[i : i + 8] for i in range(_FIXED.size, len(body), 8)))
