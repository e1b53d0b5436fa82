"""Signed openings: that a Decision opened these articles on this device until an end. What a reload shows.

Body, big-endian (may never change within version 1):

    device 16 | session 16 | (article hash 8 | ends 4 | reason 1) each

`session` is all zero for a device that nobody is signed in on. What a gift opened takes two places: in the second stand
the gift's number, 1 for a gift of the publication's own or 0, and 255 for the reason, which is no opening's.
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
#: In the place of a reason: the gift by which the entry before it opened.
_BY_GIFT = 255


@dataclass(frozen=True, slots=True)
class OpeningEntry:
    """One article of the list; `ends` in epoch seconds; `why` is the number of a reason, which the gate gives. `gift`
    is the number of the gift that opened it, b"" for none, and `published` says that the publication gave it."""

    article: bytes
    ends: int
    why: int
    gift: bytes = b""
    published: bool = False

    @property
    def places(self) -> int:
        """How much of the list it takes."""
        return 2 if self.gift else 1


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
        entries = [entry, *kept]
        while sum(one.places for one in entries) > MOST_OPENINGS:
            entries.pop()
        return replace(self, entries=tuple(entries))


def article_hash(keyring: Keyring, device: bytes, article: int, among: Collection[bytes] = ()) -> bytes:
    """What stands for an article in this device's openings: as it is called `among` them already, under whichever
    secret, or by its new name."""
    hashes = keyring.name_hashes(device, article.to_bytes(8, "big"))
    return next((known for known in hashes if known in among), hashes[0])


def issue(keyring: Keyring, openings: DeviceOpenings) -> str:
    """The openings as a cookie value."""
    entries = b"".join(_packed(entry) for entry in openings.entries)
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
    entries: list[OpeningEntry] = []
    for name, ends, why in _ENTRY.iter_unpack(body[_FIXED.size :]):
        if why != _BY_GIFT:
            entries.append(OpeningEntry(name, ends, why))
            continue
        if not entries or entries[-1].gift:
            raise InvalidToken("not openings")
        entries[-1] = replace(entries[-1], gift=name, published=bool(ends))
    return DeviceOpenings(device, session, tuple(entries))


def _packed(entry: OpeningEntry) -> bytes:
    plain = _ENTRY.pack(entry.article, entry.ends, entry.why)
    return plain + _ENTRY.pack(entry.gift, entry.published, _BY_GIFT) if entry.gift else plain
