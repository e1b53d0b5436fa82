"""The nightly circulation file: a verdict for each row, nothing twice, and nothing ended because a row is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction

from foldline.site.circulation import hashes
from foldline.site.circulation.activating import follow
from foldline.site.circulation.models import PrintActivation, PrintSubscription
from foldline.site.portable.reader_list import moment_in
from foldline.site.portable.reading import NotReadable, lines_of_csv
from foldline.site.portable.verdicts import Outcome, Verdict
from foldline.site.readers import moment
from foldline.site.readers.addresses import canonical_email

#: What the columns may be called, in small letters. Others, such as names, are not read.
COLUMNS = {
    "number": ("number", "subscriber number", "customer number", "subscription number", "no"),
    "postcode": ("postcode", "post code", "zip", "zip code", "postal code"),
    "email": ("email", "e-mail", "email address", "mail"),
    "starts": ("starts", "start", "from", "since"),
    "ends": ("ends", "end", "until", "paid until", "expires"),
    "stop": ("stop", "stopped", "cancelled on"),
}
_NEEDED = ("number", "postcode")
#: A file that lacks more of what runs than this is refused: something went wrong where it was made.
MOST_MISSING = 0.20
_BATCH = 500
_LONGEST = 40


class Shrunk(NotReadable):
    """So many subscriptions that run are not in the file that it is refused whole. Nothing was written."""


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    number: str
    pair: str = ""
    address: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    wrong: str = ""


class CirculationFile:
    """One import of one file. `unread` are the columns that nobody reads. With `dry` nothing is written; `anyway` takes
    a file that shrank.

    Raises:
        NotReadable: it is not UTF-8, or a column is missing.
        Shrunk: too much is missing.
    """

    def __init__(self, path: Path, zone: ZoneInfo, *, dry: bool, anyway: bool) -> None:
        self._path, self._zone, self._dry = path, zone, dry
        self._now = moment.now()
        delimiter, self._names = _heading(path)
        self.unread = [name for name in self._names if name not in COLUMNS]
        try:
            lines = list(islice(lines_of_csv(path, delimiter), 1, None))
        except UnicodeDecodeError:
            raise NotReadable(f"{path}: this is not UTF-8. Save it as “CSV UTF-8”.") from None
        self._rows = self._judged(lines)
        named = {row.number for row in self._rows}
        every = list(PrintSubscription.objects.filter(starts_at__lte=self._now))
        running = [one for one in every if one.runs(self._now)]
        self.missing = [one for one in running if one.number not in named]
        if len(self.missing) > MOST_MISSING * len(running) and not anyway:
            raise Shrunk(
                f"{path}: {len(self.missing)} of {len(running)} subscriptions that run are not in this file. Nothing"
                " was written. Look at the file; if it is right, take it with --anyway."
            )

    def run(self) -> Iterator[Verdict]:
        """Write every row, then tell what is missing. A row that is wrong keeps no other from being written."""
        rows = iter(self._rows)
        while batch := list(islice(rows, _BATCH)):
            if self._dry:
                yield from [self._verdict(row) for row in batch]
                continue
            with transaction.atomic():
                verdicts = [self._verdict(row) for row in batch]
            yield from verdicts
        for one in self.missing:
            until = f"{(one.end - timedelta(seconds=1)).astimezone(self._zone):%Y-%m-%d}"
            why = f"it is not in the file, and runs until {until} all the same"
            yield Verdict(self._path.name, 0, one.number, Outcome.MISSING, why)

    def _verdict(self, row: _Row) -> Verdict:
        if row.wrong or row.starts_at is None:
            return Verdict(self._path.name, row.line, row.number, Outcome.REFUSED, row.wrong)
        stored = PrintSubscription.objects.filter(number=row.number).first()
        said = (row.pair, row.address, row.starts_at, row.ends_at)
        outcome = Outcome.NEW
        if stored is not None:
            same = said == (stored.pair, stored.address, stored.starts_at, stored.ends_at)
            outcome = Outcome.SAME if same else Outcome.CHANGED
        if not self._dry:
            fields = dict(zip(("pair", "address", "starts_at", "ends_at"), said, strict=True))
            PrintSubscription.objects.update_or_create(number=row.number, defaults={**fields, "seen_at": self._now})
            held = PrintActivation.objects.filter(subscription__number=row.number)
            for activation in held.select_related("subscription", "entitlement", "reader"):
                follow(activation)
        return Verdict(self._path.name, row.line, row.number, outcome)

    def _judged(self, lines: list[tuple[int, list[str] | None]]) -> list[_Row]:
        seen: set[str] = set()
        rows = []
        for line, cells in lines:
            row = self._read(line, cells)
            if row.number and row.number in seen:
                row = _Row(line, row.number, wrong="this number stands in the file twice")
            seen.add(row.number)
            rows.append(row)
        return rows

    def _read(self, line: int, cells: list[str] | None) -> _Row:
        if cells is None or len(cells) != len(self._names):
            return _Row(line, "", wrong=f"the row has to have {len(self._names)} cells")
        told = {name: cell.strip() for name, cell in zip(self._names, cells, strict=True)}
        number = hashes.plain_number(told["number"])
        try:
            return self._read_row(line, number, told)
        except ValueError as error:
            return _Row(line, number[:_LONGEST], wrong=str(error))

    def _read_row(self, line: int, number: str, told: dict[str, str]) -> _Row:
        if not number or len(number) > _LONGEST or not number.isprintable():
            raise ValueError(f"the number is empty, or longer than {_LONGEST} letters")
        if not hashes.plain_number(told["postcode"]):
            raise ValueError("there is no postcode")
        starts = self._day("starts", told, day_ends=False)
        ends = [day for name in ("ends", "stop") if (day := self._day(name, told, day_ends=True)) is not None]
        if starts is not None and ends and min(ends) <= starts:
            raise ValueError("it ends before it starts")
        address = ""
        if told.get("email"):
            try:
                address = hashes.addresses(canonical_email(told["email"]))[0]
            except ValidationError:
                raise ValueError("the e-mail address is none") from None
        pair = hashes.pairs(number, told["postcode"])[0]
        # What names no start has begun.
        began = datetime.fromtimestamp(0, self._zone) if starts is None else starts
        return _Row(line, number, pair, address, began, min(ends, default=None))

    def _day(self, name: str, told: dict[str, str], *, day_ends: bool) -> datetime | None:
        text = told.get(name, "")
        if not text:
            return None
        day = moment_in(text, self._zone, day_ends=day_ends)
        if day is None:
            raise ValueError(f"{name} is {text[:40]!r}, and has to be a date as in 2026-12-31")
        return day


def _heading(path: Path) -> tuple[str, list[str]]:
    """The delimiter, and the columns by our names; what we do not read keeps its own."""
    ours = {spelt: name for name, spellings in COLUMNS.items() for spelt in spellings}
    missing = list(_NEEDED)
    for delimiter in (",", ";", "\t"):
        try:
            _, first = next(lines_of_csv(path, delimiter), (1, None))
        except UnicodeDecodeError:
            raise NotReadable(f"{path}: this is not UTF-8. Save it as “CSV UTF-8”.") from None
        names = [ours.get(cell.strip().casefold(), cell.strip()) for cell in first or ()]
        if twice := [name for name in names if name in COLUMNS and names.count(name) > 1]:
            raise NotReadable(f"{path}:1: two columns are {twice[0]}.")
        missing = min(missing, [name for name in _NEEDED if name not in names], key=len)
        if not missing:
            return delimiter, names
    raise NotReadable(f"{path}:1: no column is called {missing[0]}. The first line has to name the columns.")
