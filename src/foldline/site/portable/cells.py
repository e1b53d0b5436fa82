"""One cell of an export, from the database into a file and back: the same value after a round trip."""

from __future__ import annotations

from datetime import UTC, datetime

from foldline.site.portable.files import Column, Kind, Stored

Value = str | int | bool | None

#: A spreadsheet takes what begins so for a formula, and runs it (OWASP, CSV Injection). A cell of CSV that does gets a
#: quote before it; so does one that begins with a quote, so that reading takes away exactly what writing added.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")
_YES, _NO = "yes", "no"


class WrongCell(ValueError):
    """A cell does not hold what its column is for."""


def from_database(column: Column, stored: str | int | None) -> Value:
    """A value as JSONL has it: a text, a whole number, true or false, or none."""
    if stored is None:
        return None
    if column.kind is Kind.FLAG:
        return bool(stored)
    if column.kind is not Kind.MOMENT:
        return stored
    if column.stored is Stored.EPOCH:
        return told(datetime.fromtimestamp(int(stored), UTC))
    return told(datetime.fromisoformat(str(stored)).replace(tzinfo=UTC))


def told(at: datetime) -> str:
    """A moment as it is written: UTC, to the second, with six digits of a fraction where there is one."""
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def to_csv(value: Value) -> str:
    """The text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _YES if value else _NO
    text = str(value)
    return f"'{text}" if text.startswith(DANGEROUS) else text


def from_csv(column: Column, cell: str) -> Value:
    """What a cell holds, as JSONL has it.

    Raises:
        WrongCell: it is no number, or neither yes nor no.
    """
    text = cell[1:] if cell.startswith("'") else cell
    if column.kind is Kind.TEXT:
        return text
    if not text:
        return None
    if column.kind is Kind.FLAG:
        if text not in (_YES, _NO):
            raise WrongCell(f"{column.name} is {text!r}, and has to be yes or no")
        return text == _YES
    if column.kind is Kind.NUMBER:
        if not (text.isascii() and text.isdigit()):
            raise WrongCell(f"{column.name} is {text[:40]!r}, and has to be a whole number")
        return int(text)
    return text


def checked(column: Column, value: object) -> str | int | bool | datetime | None:
    """A value as the site works with it: a moment has become a `datetime`.

    Raises:
        WrongCell: it has the wrong type, is no moment, or is none where it may not be.
    """
    if value is None:
        if column.optional:
            return None
        raise WrongCell(f"{column.name} is empty")
    if column.kind is Kind.FLAG and isinstance(value, bool):
        return value
    if column.kind is Kind.NUMBER and isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value < 1 << 63:
            raise WrongCell(f"{column.name} is {value}, and out of bounds")
        return value
    if column.kind is Kind.TEXT and isinstance(value, str):
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise WrongCell(f"{column.name} holds half a letter (a surrogate)")
        return value
    if column.kind is Kind.MOMENT and isinstance(value, str):
        return _moment(column.name, value)
    raise WrongCell(f"{column.name} is {str(value)[:40]!r}, and has to be a {column.kind.value}")


def _moment(name: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError("no zone")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongCell(f"{name} is {text[:40]!r}, and has to be a moment as in 2026-11-26T05:02:33Z") from None
