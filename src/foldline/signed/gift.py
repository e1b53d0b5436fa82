"""The link of a gift: which gift of which article, until when. Who gave it can't be read from it.

Body, big-endian (may never change within version 1):

    gift 8 | article 8 | ends 4

`gift` is a random number; `ends` in epoch seconds. What has become of the gift stands in the store.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from foldline.errors import InvalidToken
from foldline.signed.keys import Keyring, Purpose

#: How a link carries it: `?gift=<token>` behind the article's own path.
FIELD = "gift"
NUMBER = 8
_BODY = struct.Struct(">8sQI")


class GiftLink(NamedTuple):
    """One gift. `number` is what the store and openings call it by."""

    number: bytes
    article: int
    ends: int


class Redemption(NamedTuple):
    """Open a gift on one device. `openers` are hashes of the device that say nothing beside another gift, under the
    newest secret first; with `again` only a device that opened it before does."""

    number: bytes
    article: int
    openers: tuple[bytes, ...]
    now: int
    again: bool = False


class Redeemed(NamedTuple):
    """What a redemption did. `before` tells that the device had been counted already. `giver` is the name that its
    giver had shown, "" for none; `ends` in epoch seconds; `published` says that the publication itself gave it."""

    counted: bool
    before: bool = False
    could_count: bool = True
    giver: str = ""
    ends: int = 0
    published: bool = False


def issue(keyring: Keyring, link: GiftLink) -> str:
    """The token of a gift's link."""
    return keyring.sign(Purpose.GIFT, _BODY.pack(link.number, link.article, link.ends))


def read(keyring: Keyring, token: bytes) -> GiftLink:
    """The gift of a link. Its end is not compared with any clock here.

    Raises:
        InvalidToken: for anything that this publication did not sign as a gift.
    """
    body = keyring.verify(Purpose.GIFT, token)
    if len(body) != _BODY.size:
        raise InvalidToken("not a gift")
    return GiftLink(*_BODY.unpack(body))


def opener(keyring: Keyring, number: bytes, device: bytes) -> tuple[bytes, ...]:
    """What stands for a device where a gift's openers are counted, and for nothing beside another gift."""
    return keyring.owner_hashes(b"gift", number + device)
