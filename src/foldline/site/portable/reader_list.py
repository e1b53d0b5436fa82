"""Bringing in a list of readers from elsewhere: one CSV file, one row for each, and what it gives them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction

from foldline.site.portable.reading import NotReadable, lines_of_csv
from foldline.site.portable.restoring import BATCH
from foldline.site.portable.verdicts import Outcome, Verdict
from foldline.site.readers import moment, passes
from foldline.site.readers.addresses import canonical_email
from foldline.site.readers.models import WHOLE_PUBLICATION, Entitlement, Product, Reader

#: What the columns may be called, in small letters. Others are not read.
COLUMNS = {
    "email": ("email", "e-mail", "email address", "mail"),
    "name": ("name", "full name"),
    "product": ("product",),
    "kind": ("kind",),
    "from": ("from", "since", "start"),
    "until": ("until", "end", "expires", "paid until"),
    "note": ("note",),
}
#: What is given where the row and the command name no kind.
USUAL = Entitlement.Kind.COMPLIMENTARY
NOTE = "imported"
#: What a list can give. *Staff* has no end and is given at the desk; *paid* and *trial* belong to subscriptions.
GIVEN = tuple(
    kind for kind in Entitlement.Kind.values if kind not in (Entitlement.OF_SUBSCRIPTIONS | {Entitlement.Kind.STAFF})
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What rows are given that do not say it themselves. With `until` None, a row without an end is given nothing."""

    kind: str = USUAL
    product: int = WHOLE_PUBLICATION
    until: datetime | None = None


class _Refused(ValueError):
    """Why a row can't be imported."""


class ReaderList:
    """One import of one file. `unread` are the columns that nobody reads. With `dry` nothing is written."""

    def __init__(self, path: Path, grant: Grant, zone: ZoneInfo, *, dry: bool) -> None:
        self._path, self._grant, self._zone, self._dry = path, grant, zone, dry
        self._delimiter, self._names = _heading(path)
        self.unread = [name for name in self._names if name not in set(COLUMNS)]
        self._products = {str(one.number): one for one in Product.objects.all()}
        self._products |= {one.name.casefold(): one for one in Product.objects.all()}
        # What a dry run would have given, on disk (see `restoring`).
        self._given = sqlite3.connect("", isolation_level=None)
        self._given.execute("CREATE TABLE given (what TEXT PRIMARY KEY) WITHOUT ROWID")

    def run(self, step: Callable[[int, int], None]) -> Iterator[Verdict]:
        """Judge and write every row below the first. A row that is wrong keeps no other from being written.

        Raises:
            NotReadable: the rest of the file is not UTF-8.
        """
        size = self._path.stat().st_size
        done = 0
        lines = lines_of_csv(self._path, self._delimiter)
        with closing(self._given):
            try:
                next(lines)
                while batch := list(islice(lines, BATCH)):
                    if self._dry:
                        verdicts = [self._judged(*row) for row in batch]
                    else:
                        with transaction.atomic():
                            verdicts = [self._judged(*row) for row in batch]
                    yield from verdicts
                    done += sum(sum(map(len, cells or ())) for _, cells in batch)
                    step(min(done, size), size)
                step(size, size)
            except UnicodeDecodeError:
                raise NotReadable(f"{self._path}: this is not UTF-8. The rows before that place were read.") from None

    def _judged(self, line: int, cells: list[str] | None) -> Verdict:
        name = self._path.name
        if cells is None or len(cells) != len(self._names):
            return Verdict(name, line, "", Outcome.REFUSED, f"the row has to have {len(self._names)} cells")
        row = {column: cell.strip() for column, cell in zip(self._names, cells, strict=True)}
        try:
            outcome, why = self._import(row)
        except _Refused as refused:
            outcome, why = Outcome.REFUSED, str(refused)
        return Verdict(name, line, row["email"], outcome, why)

    def _import(self, row: dict[str, str]) -> tuple[Outcome, str]:
        try:
            email = canonical_email(row["email"])
        except ValidationError:
            raise _Refused("this is no address that mail can be sent to") from None
        name = " ".join(row.get("name", "").split())
        if len(name) > 120 or not name.isprintable():
            raise _Refused("the name is longer than 120 letters, or holds what is none")
        given, why = self._entitlement(row)
        reader = Reader.objects.of_address(email)
        new = reader is None and self._note(email)
        if reader is None and not self._dry:
            reader = Reader.objects.create(email=email, name=name)
            # Whoever imports the list vouches for it; else the address would be forgotten after a day.
            EmailAddress.objects.create(user=reader, email=email, verified=True, primary=True)
        gives = given is not None and self._give(reader, email, given)
        return (Outcome.NEW if new or gives else Outcome.SAME), why

    def _entitlement(self, row: dict[str, str]) -> tuple[Entitlement | None, str]:
        """What a row gives, without its reader, and a word on it."""
        until = self._moment("until", row.get("until", ""), day_ends=True) or self._grant.until
        kind = row.get("kind", "").casefold() or self._grant.kind
        named = row.get("product", "")
        product = self._products.get(named.casefold() or str(self._grant.product))
        starts = self._moment("from", row.get("from", ""), day_ends=False)
        if kind not in GIVEN and kind not in Entitlement.OF_SUBSCRIPTIONS:
            raise _Refused(f"{kind[:40]!r} is no kind that can be given: {', '.join(GIVEN)}")
        if product is None:
            raise _Refused(f"there is no product {named or self._grant.product}")
        note = row.get("note", "") or NOTE
        if len(note) > 300:
            raise _Refused("the note is longer than 300 letters")
        if until is None:
            if named or row.get("kind"):
                raise _Refused("it names what is given, and no end: fill in until, or give --until")
            return None, ""
        why = ""
        if kind in Entitlement.OF_SUBSCRIPTIONS:
            # A row owned by no subscription that says *paid* could never be ended at the desk.
            kind, why = USUAL, f"given as {USUAL}, since no subscription here renews it"
        if starts is None and until <= moment.now():
            return None, "has ended, and when it began is not told: the reader alone"
        if starts is not None and starts >= until:
            raise _Refused("it ends before it begins")
        start = starts or moment.now()
        return Entitlement(product=product, kind=kind, starts_at=start, ends_at=until, note=note), why

    def _give(self, reader: Reader | None, email: str, given: Entitlement) -> bool:
        """Give it unless it was given before, also where somebody ended it since. Whether it was, or would be."""
        if reader is not None:
            same = Entitlement.objects.filter(
                reader=reader, product=given.product, kind=given.kind, ends_at=given.ends_at
            )
            if same.exists():
                return False
        if not self._note(f"{email} {given.product_id} {given.kind} {given.ends_at}"):
            return False
        if reader is not None and not self._dry:
            given.reader = reader
            given.save()
            passes.refresh(reader)
        return True

    def _note(self, what: str) -> bool:
        """Whether no earlier row of the file did the same."""
        return self._given.execute("INSERT OR IGNORE INTO given VALUES (?)", (what,)).rowcount == 1

    def _moment(self, name: str, text: str, *, day_ends: bool) -> datetime | None:
        if not text:
            return None
        found = moment_in(text, self._zone, day_ends=day_ends)
        if found is None:
            raise _Refused(f"{name} is {text[:40]!r}, and has to be a date as in 2026-12-31")
        return found


def moment_in(text: str, zone: ZoneInfo, *, day_ends: bool) -> datetime | None:
    """A date, or a date with a time, in the publication's zone unless it names another. A date alone is the day's
    begin, or with `day_ends` its end: who has paid until the 31st reads on the 31st. None for neither."""
    try:
        if len(text) == len("2026-12-31"):
            day = date.fromisoformat(text) + timedelta(days=day_ends)
            return datetime.combine(day, time(), zone).astimezone(UTC)
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _heading(path: Path) -> tuple[str, list[str]]:
    """The delimiter, and the columns by our names; what we do not read keeps its own."""
    ours = {spelt: name for name, spellings in COLUMNS.items() for spelt in spellings}
    for delimiter in (",", ";", "\t"):
        try:
            _, first = next(lines_of_csv(path, delimiter), (1, None))
        except UnicodeDecodeError:
            raise NotReadable(f"{path}: this is not UTF-8. Save it as “CSV UTF-8”.") from None
        names = [ours.get(cell.strip().casefold(), cell.strip()) for cell in first or ()]
        if "email" in names:
            if twice := [name for name in names if names.count(name) > 1]:
                raise NotReadable(f"{path}:1: two columns are {twice[0]}.")
            return delimiter, names
    raise NotReadable(f"{path}:1: no column is called email. The first line has to name the columns.")
