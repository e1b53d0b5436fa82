"""Signed openings: that a Decision opened these articles on this device until an end. What a reload shows.

Body, big-endian (may never change within version 1):

    device 16 | session 16 | (article hash 8 | ends 4 | reason 1) each

`session` is all zero for a device that nobody is signed in on.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass, replace

from foldline.errors import InvalidToken
from foldline.signed.keys import Keyring, Purpose

MOST_OPENINGS = 24
NO_SESSION = bytes(16)
_FIXED = struct.Struct(">16s16s")
_ENTRY = struct.Struct(">8sIB")


@dataclass(frozen=True, slots=True)
class OpeningEntry:
    """One article of the list; `ends` in epoch seconds; `why` is the number of a reason, which the gate gives."""

    article: bytes
    ends: int
    why: int


@dataclass(frozen=True, slots=True)
class DeviceOpenings:
    """What was opened on a device, latest first."""

    device: bytes
    session: bytes = NO_SESSION
    entries: tuple[OpeningEntry, ...] = ()

    @property
    def articles(self) -> frozenset[bytes]:
        """The articles of all entries."""
        return frozenset(entry.article for entry in self.entries)

    def entry(self, article: bytes, now: int) -> OpeningEntry | None:
        """The opening of an article; None where there is none that runs."""
        return next((entry for entry in self.entries if entry.article == article and entry.ends > now), None)

    def with_entry(self, entry: OpeningEntry, now: int) -> DeviceOpenings:
        """The list with one more opening; what has ended, and the oldest beyond the bound, goes."""
        kept = [old for old in self.entries if old.article != entry.article and old.ends > now]
        return replace(self, entries=(entry, *kept)[:MOST_OPENINGS])


def article_hash(keyring: Keyring, device: bytes, article: int, among: Collection[bytes] = ()) -> bytes:
    """What stands for an article in this device's openings: as it is called `among` them already, under whichever
    secret, or by its new name."""
    hashes = keyring.name_hashes(device, article.to_bytes(8, "big"))
    return next((known for known in hashes if known in among), hashes[0])


def issue(keyring: Keyring, openings: DeviceOpenings) -> str:
    """The openings as a cookie value."""
    entries = b"".join(_ENTRY.pack(entry.article, entry.ends, entry.why) for entry in openings.entries)
    return keyring.sign(Purpose.OPENING, _FIXED.pack(openings.device, openings.session) + entries)


def read(keyring: Keyring, token: bytes) -> DeviceOpenings:
    """The openings in a cookie value.

    Raises:
        InvalidToken: for anything that this publication did not sign as openings.
    """
    body = keyring.verify(Purpose.OPENING, token)
    size = len(body) - _FIXED.size
    if size < 0 or size % _ENTRY.size or size > MOST_OPENINGS * _ENTRY.size:
        raise InvalidToken("not openings")
    device, session = _FIXED.unpack_from(body)
    entries = tuple(OpeningEntry(*entry) for entry in _ENTRY.iter_unpack(body[_FIXED.size :]))
    return DeviceOpenings(device, session, entries)
