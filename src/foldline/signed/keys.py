"""Keys per purpose, derived from the publication's secrets, and the frame around everything that is signed.

Layout of a token, before base64url without padding (may never change; a new layout takes a new version byte):

    version 1 byte | purpose 1 byte | key id 1 byte | body | HMAC-SHA256 32 bytes

The HMAC covers the first three bytes, the host and the body, so that a token of another purpose, key or host is none.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from enum import IntEnum

from foldline.errors import InvalidToken

VERSION = 1
MAC_SIZE = 32
MAX_TOKEN = 2048


class Purpose(IntEnum):
    """What a token is for. A number is never given to another purpose."""

    PASS = 1
    METER = 2
    OPENING = 3
    GIFT = 5
    AUDIT = 6


def key_digest(secret: bytes) -> str:
    """What a secret is called where it must not stand: 16 hexadecimal digits."""
    return hashlib.sha256(b"foldline key digest" + secret).hexdigest()[:16]


class Keyring:
    """The keys of one publication on one host. The first secret signs; all of them verify, but for the `revoked`.

    `secrets` are at least 32 bytes each, newest first; `host` is the name that readers type, with a port if any. What
    is stored under a revoked secret is still found (`owner_hashes` and the like).
    """

    def __init__(self, secrets: tuple[bytes, ...], host: str, revoked: Collection[bytes] = ()) -> None:
        usable = [secret for secret in secrets if secret not in revoked]
        if not usable:
            raise ValueError("a keyring needs a secret")
        self._host = host.lower().encode()
        # HKDF-SHA256, extract step of RFC 5869 with the purpose as salt: one key never serves two purposes.
        self._macs = {
            purpose: [(self._key_id(secret), self._mac(purpose, secret)) for secret in usable] for purpose in Purpose
        }
        self._name_keys = tuple(hmac.digest(b"foldline names", secret, "sha256") for secret in secrets)
        self._reads_keys = tuple(hmac.digest(b"foldline reads", secret, "sha256") for secret in secrets)
        self._owner_keys = tuple(hmac.digest(b"foldline owners", secret, "sha256") for secret in secrets)

    @staticmethod
    def _key_id(secret: bytes) -> int:
        return hashlib.sha256(b"foldline key id" + secret).digest()[0]

    def _mac(self, purpose: Purpose, secret: bytes) -> hmac.HMAC:
        return hmac.new(hmac.digest(b"foldline %d" % purpose, secret, "sha256"), digestmod="sha256")

    def sign(self, purpose: Purpose, body: bytes) -> str:
        """The token that carries `body`."""
        key_id, mac = self._macs[purpose][0]
        head = bytes((VERSION, purpose, key_id))
        signed = head + body + self._digest(mac, head, body)
        return urlsafe_b64encode(signed).rstrip(b"=").decode()

    def verify(self, purpose: Purpose, token: bytes) -> bytes:
        """The body of a token of ours.

        Raises:
            InvalidToken: for anything else; it never says which part was wrong.
        """
        if len(token) > MAX_TOKEN:
            raise InvalidToken("not a token of this publication")
        try:
            raw = urlsafe_b64decode(token + b"=" * (-len(token) % 4))
        except ValueError:
            raise InvalidToken("not a token of this publication") from None
        # The canonical spelling only: base64 decoders skip foreign characters and ignore spare bits.
        if len(raw) < 3 + MAC_SIZE or urlsafe_b64encode(raw).rstrip(b"=") != token:
            raise InvalidToken("not a token of this publication")
        head, body, mac = raw[:3], raw[3:-MAC_SIZE], raw[-MAC_SIZE:]
        if head[0] == VERSION and head[1] == purpose:
            # One byte of key id is a hint, not a name: two secrets may share it.
            for key_id, known in self._macs[purpose]:
                if key_id == head[2] and hmac.compare_digest(self._digest(known, head, body), mac):
                    return body
        raise InvalidToken("not a token of this publication")

    def name_hashes(self, salt: bytes, name: bytes) -> tuple[bytes, ...]:
        """Eight bytes that stand for `name` beside one `salt`, and for nothing beside another: under the newest secret
        first, then under those that are still verified."""
        return tuple(hmac.digest(key, salt + name, "sha256")[:8] for key in self._name_keys)

    def owner_hashes(self, kind: bytes, name: bytes) -> tuple[bytes, ...]:
        """Sixteen bytes that stand for a reader or a device where something is kept about them, in the same order."""
        return tuple(hmac.digest(key, kind + b":" + name, "sha256")[:16] for key in self._owner_keys)

    def reads_keys(self, day: int) -> tuple[bytes, ...]:
        """The keys of one day (its ordinal) under which a read is marked (`signed/reading.py`), in the same order."""
        return tuple(hmac.digest(key, day.to_bytes(4, "big"), "sha256") for key in self._reads_keys)

    def _digest(self, mac: hmac.HMAC, head: bytes, body: bytes) -> bytes:
        digest = mac.copy()
        digest.update(head + len(self._host).to_bytes(2, "big") + self._host + body)
        return digest.digest()
