"""A passkey in software: it makes and signs what a browser and its authenticator would."""

from __future__ import annotations

import json
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Passkey:
    """`origin` is what the browser says of the page; `host` what the key was made for; `verified` whether the owner
    was recognised."""

    origin: str
    host: str
    verified: bool = True
    number: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    owner: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any]) -> str:
        """The answer to a question for a new passkey, as the form carries it."""
        asked = options["publicKey"]
        self.owner = decode(asked["user"]["id"])
        public = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        made = bytes(16) + struct.pack(">H", len(self.number)) + self.number + public
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED) + made}
        response = {
            "clientDataJSON": encode(self._client_data("webauthn.create", asked["challenge"])),
            "attestationObject": encode(cbor.encode(attestation)),
        }
        return self._credential(response)

    def get(self, options: dict[str, Any]) -> str:
        """The answer to a question for a passkey that is known."""
        told = self._client_data("webauthn.get", options["publicKey"]["challenge"])
        data = self._data(0)
        response = {
            "clientDataJSON": encode(told),
            "authenticatorData": encode(data),
            "signature": encode(self.key.sign(data + sha256(told).digest(), ec.ECDSA(SHA256()))),
            "userHandle": encode(self.owner),
        }
        return self._credential(response)

    def _credential(self, response: dict[str, str]) -> str:
        number = encode(self.number)
        return json.dumps({"id": number, "rawId": number, "type": "public-key", "response": response})

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verified else 0)
        return sha256(self.host.encode()).digest() + bytes([flags]) + struct.pack(">I", 0)
