"""The number of an order as it stands in a receipt. Nobody guesses it, and it leads to nobody."""

from __future__ import annotations

import hashlib


def order_number(token: str, agreed_at: int) -> str:
    """The number of the order that a form's token and the moment of it make, as in 0F3A-77B1-C2D4."""
    digits = hashlib.sha256(f"order {token} {agreed_at}".encode()).hexdigest()[:12].upper()
    return "-".join(digits[start : start + 4] for start in (0, 4, 8))
