"""Institutions as a CSV file, in and out: the same after a round trip."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from foldline.site.institutions import provided
from foldline.site.portable.cells import to_csv
from foldline.site.portable.reader_list import moment_in
from foldline.site.portable.reading import NotReadable, lines_of_csv
from foldline.site.portable.verdicts import Outcome, Verdict
from foldline.site.readers import moment
from foldline.site.readers.models import Product
from foldline.stores.home import Home
from foldline.stores.institutions import Doubted, InstitutionStore, Kind, StoredInstitution, checked, doubts_of

#: `ranges` and `domains` hold several, with a space between; `last_day` is the last day of the contract.
COLUMNS = ("kind", "name", "ranges", "domains", "product", "starts", "last_day")
_NEEDED = ("name", "starts", "last_day")


def as_csv(every: Iterable[StoredInstitution], zone: ZoneInfo) -> str:
    """All of them, days in the publication's zone."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for one in every:
        ranges, domains = (" ".join(text.replace(" ", "") for text in texts) for texts in (one.ranges, one.domains))
        told = (one.kind.value, one.name, ranges, domains, one.product, first_day(one, zone), last_day(one, zone))
        rows.writerow([to_csv(str(cell)) for cell in told])
    return out.getvalue()


def first_day(one: StoredInstitution, zone: ZoneInfo) -> str:
    """The day on which a contract begins, as in 2026-12-31."""
    return datetime.fromtimestamp(one.starts, UTC).astimezone(zone).date().isoformat()


def last_day(one: StoredInstitution, zone: ZoneInfo) -> str:
    """The last day on which a contract runs."""
    return (datetime.fromtimestamp(one.ends, UTC) - timedelta(seconds=1)).astimezone(zone).date().isoformat()


class InstitutionList:
    """One import of one file. An institution is known by its name: what the file says of it takes the place of what
    stands here. What the file does not name stays. `anyway` confirms what is dangerous, and may be confirmed."""

    def __init__(self, path: Path, home: Home, zone: ZoneInfo, by: str, *, dry: bool, anyway: bool) -> None:
        self._path, self._home, self._zone, self._by = path, home, zone, by
        self._dry, self._anyway = dry, anyway

    def run(self) -> Iterator[Verdict]:
        """Judge and store every row. A row that is wrong keeps no other from being stored.

        Raises:
            NotReadable: it is not UTF-8, or a column is missing.
            StoreUnavailable: institutions can't be read or written.
        """
        try:
            rows = list(lines_of_csv(self._path, ","))
        except UnicodeDecodeError:
            raise NotReadable(f"{self._path}: this is not UTF-8. Save it as “CSV UTF-8”.") from None
        names = [cell.strip().casefold() for cell in (rows[0][1] or ())] if rows else []
        if missing := [name for name in _NEEDED if name not in names]:
            raise NotReadable(
                f"{self._path}:1: no column is called {missing[0]}. The columns are {', '.join(COLUMNS)}."
            )
        with InstitutionStore(self._home, read_only=self._dry) as store:
            known = store.every()
            for line, cells in rows[1:]:
                if cells is None or len(cells) != len(names):
                    why = f"the row has to have {len(names)} cells"
                    yield Verdict(self._path.name, line, "", Outcome.REFUSED, why)
                    continue
                row = dict(zip(names, (cell.strip().removeprefix("'") for cell in cells), strict=True))
                yield self._judged(line, row, store, known)
        if not self._dry:
            provided.settle_all()

    def _judged(
        self, line: int, row: dict[str, str], store: InstitutionStore, known: list[StoredInstitution]
    ) -> Verdict:
        name = row["name"]
        try:
            given = self._read(row)
            before = next((one for one in known if one.name.casefold() == given.name.casefold()), None)
            outcome = Outcome.NEW if before is None else Outcome.CHANGED
            if before is not None:
                given = replace(given, id=before.id)
                if given == before:
                    return Verdict(self._path.name, line, name, Outcome.SAME)
            if self._dry:
                doubts = doubts_of(given, [one for one in known if one is not before])
                if doubts and (not self._anyway or any(doubt.never for doubt in doubts)):
                    raise Doubted(doubts)
                stored = given
            else:
                stored = store.save(given, self._by, moment.epoch(), confirmed=self._anyway)
        except Doubted as doubted:
            hint = "" if doubted.final else " (--anyway confirms it)"
            return Verdict(self._path.name, line, name, Outcome.REFUSED, f"{doubted}{hint}")
        except ValueError as error:
            return Verdict(self._path.name, line, name, Outcome.REFUSED, str(error))
        known[:] = [*(one for one in known if one is not before), stored]
        return Verdict(self._path.name, line, name, outcome)

    def _read(self, row: dict[str, str]) -> StoredInstitution:
        kind = row.get("kind", "").casefold() or Kind.LIBRARY.value
        if kind not in set(Kind):
            raise ValueError(f"{kind!r} is no kind: {', '.join(Kind)}")
        product = row.get("product", "") or "1"
        if not (product.isascii() and product.isdecimal() and Product.objects.filter(number=int(product)).exists()):
            raise ValueError(f"there is no product {product}")
        starts = moment_in(row["starts"], self._zone, day_ends=False)
        ends = moment_in(row["last_day"], self._zone, day_ends=True)
        if starts is None or ends is None:
            raise ValueError("starts and last_day are days, as in 2026-12-31")
        ranges, domains = (tuple(row.get(name, "").replace(";", " ").split()) for name in ("ranges", "domains"))
        name = " ".join(row["name"].split())
        days = int(starts.timestamp()), int(ends.timestamp())
        return checked(StoredInstitution(Kind(kind), name, *days, ranges, domains, int(product)))
