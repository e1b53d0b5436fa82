"""What strangers wrote, as it may be shown on a terminal: no letter that moves a cursor or changes a colour."""

from __future__ import annotations

from collections.abc import Sequence


def plain(text: str) -> str:
    """The text in one line, without letters that are not shown."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def some(listed: Sequence[str], most: int) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(map(plain, listed[:most])) + more + "."
