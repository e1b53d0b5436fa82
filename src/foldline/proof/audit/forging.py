"""A subscriber's cookie made into nobody's: the names are kept, and what stands behind them is not theirs any more."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator

from foldline.proof.audit.states import State

_NONE = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
#: Letters at the end of a value that are changed: more than any spare bits of base64.
_END = 6


def forged(cookie: str) -> Iterator[State]:
    """What a stranger could send who knows the names of a subscriber's cookies, or has seen one of theirs.

    Those that are made of the value itself are told without it: `told` stands in their place.
    """
    pairs = [pair.partition("=")[::2] for pair in cookie.split("; ")]
    for value in ("1", "true", "x" * 32):
        made = "; ".join(f"{name}={value}" for name, _ in pairs)
        yield State("forged cookie", f"with the names of a subscriber's cookies and {value[:4]}", "H14", _field(made))
    for how, change in _CHANGES:
        made = "; ".join(f"{name}={change(value)}" for name, value in pairs)
        if made != cookie:
            named = "; ".join(f"{name}=…" for name, _ in pairs)
            yield State("forged cookie", f"with a subscriber's cookies, {how}", "H13", _field(made), told=_field(named))


def _field(cookie: str) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"cookie", cookie.encode("latin-1", "replace")),)


def _end_changed(value: str) -> str:
    kept, end = value[:-_END], value[-_END:]
    return kept + "".join(_other(letter) for letter in end)


def _middle_changed(value: str) -> str:
    at = len(value) // 2
    return value[:at] + "".join(map(_other, value[at : at + 1])) + value[at + 1 :]


def _other(letter: str) -> str:
    """Another letter of the same kind."""
    if letter.isdigit():
        return str((int(letter) + 5) % 10)
    if letter.isascii() and letter.isalpha():
        return chr((ord(letter.lower()) - 97 + 11) % 26 + (97 if letter.islower() else 65))
    return letter


def _unsigned_token(value: str) -> str:
    parts = value.split(".")
    return f"{_NONE}.{parts[1]}." if len(parts) == 3 and value.startswith("ey") else value


_CHANGES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("their ends changed", _end_changed),
    ("one letter in the middle changed", _middle_changed),
    ("cut in half", lambda value: value[: len(value) // 2]),
    ("in other letters", str.swapcase),
    ("with a token that says alg none", _unsigned_token),
)
