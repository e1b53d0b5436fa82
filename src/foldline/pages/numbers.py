"""Whole numbers as a language writes them."""

from __future__ import annotations

_NARROW = "\N{NARROW NO-BREAK SPACE}"


def grouped(number: int, language: str) -> str:
    """`1,200`; in French `1 200`, with a space that does not break."""
    return f"{number:,}".replace(",", _NARROW if language.partition("-")[0] == "fr" else ",")
