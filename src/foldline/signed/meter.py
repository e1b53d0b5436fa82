"""The meters that a device carries: what `GET` needs to know of them. What is counted stands in the store.

Clearing or replaying the cookie is an accepted, documented loss (`docs/decisions/0002-get-has-no-effect.md`).
Body, big-endian (may never change within version 1):

    device 16 | (meter 4 | window 4 | hidden 2 | articles 1 | article hash 8 each) per meter

`meter` is the beginning of a hash of the meter's name, `window` the window's number. `hidden` counts articles that were
read and of which the cookie holds no hash: those of before the last signing out, and the oldest beyond the bound.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from foldline.errors import InvalidToken
from foldline.signed.keys import Keyring, Purpose

MOST_ARTICLES = 128
MOST_METERS = 8
#: How long a device keeps its meters: a window and some margin, in seconds.
DEVICE_SECONDS = 62 * 86_400
_DEVICE = 16
_MOST_HIDDEN = 0xFFFF
_HEAD = struct.Struct(">4sIHB")


@dataclass(frozen=True, slots=True)
class Count:
    """What was read on one meter in one window; `articles` are hashes that mean nothing on another device."""

    meter: bytes
    window: int
    hidden: int = 0
    articles: tuple[bytes, ...] = ()

    @property
    def used(self) -> int:
        return self.hidden + len(self.articles)


@dataclass(frozen=True, slots=True)
class DeviceMeters:
    """A device by its random number, and its counts, the one that was changed last in front."""

    device: bytes
    counts: tuple[Count, ...] = ()

    def count(self, meter: str, window: int) -> Count:
        """The count of a meter in a window: empty where another window was counted."""
        wanted = meter_id(meter)
        found = (count for count in self.counts if count.meter == wanted and count.window == window)
        return next(found, Count(wanted, window))

    def with_count(self, changed: Count) -> DeviceMeters:
        """The same device with another count of one meter."""
        others = (count for count in self.counts if count.meter != changed.meter)
        return replace(self, counts=(changed, *others))


@lru_cache(maxsize=64)
def meter_id(name: str) -> bytes:
    """What stands for a meter in the cookie."""
    return hashlib.sha256(name.encode()).digest()[:4]


def forget(meters: DeviceMeters) -> DeviceMeters:
    """The meters after signing out: how much was read stays, what was read does not."""
    return replace(meters, counts=tuple(replace(count, hidden=count.used, articles=()) for count in meters.counts))


def issue(keyring: Keyring, meters: DeviceMeters, windows: Mapping[bytes, int] | None = None) -> str:
    """The meters as a cookie value. `windows` gives the number of the window that runs now for each meter that there
    is: counts of any other are dropped."""
    body, room = meters.device, MOST_ARTICLES
    running = [count for count in meters.counts if windows is None or windows.get(count.meter) == count.window]
    for count in running[:MOST_METERS]:
        kept = count.articles[-room:] if room else ()
        room -= len(kept)
        hidden = min(count.used - len(kept), _MOST_HIDDEN)
        body += _HEAD.pack(count.meter, count.window, hidden, len(kept)) + b"".join(kept)
    return keyring.sign(Purpose.METER, body)


def read(keyring: Keyring, token: bytes) -> DeviceMeters:
    """The meters in a cookie value.

    Raises:
        InvalidToken: for anything that this publication did not sign as meters.
    """
    body = keyring.verify(Purpose.METER, token)
    counts: list[Count] = []
    at = _DEVICE
    while len(body) - at >= _HEAD.size:
        meter, window, hidden, articles = _HEAD.unpack_from(body, at)
        at += _HEAD.size
        hashes = tuple(body[i : i + 8] for i in range(at, at + 8 * articles, 8))
        counts.append(Count(meter, window, hidden, hashes))
        at += 8 * articles
    if at != len(body) or len(counts) > MOST_METERS or sum(len(count.articles) for count in counts) > MOST_ARTICLES:
        raise InvalidToken("not meters")
    return DeviceMeters(body[:_DEVICE], tuple(counts))
