"""One spelling of an e-mail address, so that one mailbox is one reader."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode

LONGEST = 254


def canonical_email(given: str) -> str:
    """The address as it is stored: case-folded, an international domain in its ASCII form.

    Only ASCII local parts are taken (RFC 5321): Unicode has letters that fold onto others, and no two spellings may
    name two readers of one mailbox, or one reader of two.

    Raises:
        ValidationError: for anything that is not one deliverable address.
    """
    address = given.strip()
    if any(unicodedata.category(letter).startswith("C") for letter in address):
        raise ValidationError("not an e-mail address", code="invalid")
    validate_email(address)
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise ValidationError("not an e-mail address", code="invalid")
    try:
        domain = punycode(domain)
    except UnicodeError:
        raise ValidationError("not an e-mail address", code="invalid") from None
    canonical = f"{local}@{domain}".casefold()
    if not canonical.isascii() or len(canonical) > LONGEST:
        raise ValidationError("not an e-mail address", code="invalid")
    return canonical
