"""What is kept of a postcode and of an address from the circulation file: keyed hashes, one for each secret in use."""

from __future__ import annotations

import hmac
import unicodedata

from django.conf import settings


def plain_number(text: str) -> str:
    """A number in one spelling: small letters, spaces, dots and hyphens make no difference."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(letter for letter in folded if letter not in " .-\u00a0\t")


def pairs(number: str, postcode: str) -> list[str]:
    """The hashes of a number and a postcode, that of the newest secret first."""
    return _hashes("pair", f"{plain_number(number)}\n{plain_number(postcode)}")


def addresses(email: str) -> list[str]:
    """The hashes of an e-mail address in its one spelling."""
    return _hashes("address", email)


def of_number(number: str) -> str:
    """What tries are counted under: no number stands in memory or in a log."""
    return _hashes("tries", plain_number(number))[0]


def _hashes(purpose: str, text: str) -> list[str]:
    name = f"foldline print {purpose}".encode()
    return [
        hmac.digest(hmac.digest(name, secret, "sha256"), text.encode(), "sha256").hex()
        for secret in settings.FOLDLINE.secrets
    ]
