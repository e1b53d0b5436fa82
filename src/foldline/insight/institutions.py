"""What an institution's readers used in a month, and what they were refused, counted from the event lines.

The columns are called as in COUNTER 5.1, which libraries know; it is no COUNTER report (docs/libraries.md). The lines
know nobody, so nobody's two readings are one.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from foldline.insight.decisions import DecisionLine, parsed

COLUMNS = (
    "Institution",
    "Number",
    "Month",
    "Total_Item_Requests",
    "Different_Items_Requested",
    "No_License",
    "Contract_Not_Running",
)
#: A cell that begins so is a formula to a spreadsheet (OWASP, CSV Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(slots=True)
class Use:
    """One institution's month: `requests` are whole articles that its network opened, by article; `refused` how often
    its network was told no, `ended` how many of these while its contract did not run."""

    requests: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    ended: int = 0


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in the publication's zone."""

    year: int
    month: int
    zone: ZoneInfo

    @classmethod
    def of(cls, text: str, zone: ZoneInfo) -> Month:
        """`2026-11`.

        Raises:
            ValueError: it is no month.
        """
        at = datetime.strptime(text.strip(), "%Y-%m")
        return cls(at.year, at.month, zone)

    @property
    def bounds(self) -> tuple[int, int]:
        """From the first second on, until before the second: epoch seconds."""
        begins = datetime(self.year, self.month, 1, tzinfo=self.zone)
        ends = datetime(self.year + self.month // 12, self.month % 12 + 1, 1, tzinfo=self.zone)
        return int(begins.timestamp()), int(ends.timestamp())

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def lines_between(folder: Path, begins: int, ends: int) -> Iterator[DecisionLine]:
    """The event lines of all workers from one moment until before another, in no order. A segment that was written to
    the last time before that is not read; a line that is being written just now is left."""
    for path in sorted(folder.glob("*-*.tsv")):
        try:
            if path.stat().st_mtime < begins:
                continue
            with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                for text in file:
                    line = parsed(text[:-1]) if text.endswith("\n") else None
                    if line is not None and begins <= line.at < ends:
                        yield line
        except FileNotFoundError:
            continue


def used(lines: Iterable[DecisionLine], contracts: Mapping[str, tuple[int, int]]) -> dict[str, Use]:
    """What each institution used, by its number. `contracts` say from when until before when each runs."""
    found: dict[str, Use] = {}
    for line in lines:
        if not line.institution:
            continue
        use = found.setdefault(line.institution, Use())
        if line.outcome == "opens":
            use.requests[line.article] += 1
        elif line.outcome == "refuses":
            use.refused += 1
            starts, ends = contracts.get(line.institution, (0, 0))
            use.ended += not starts <= line.at < ends
    return found


def as_csv(month: Month, names: Mapping[str, str], uses: Mapping[str, Use]) -> str:
    """A row for each institution, also for those that used nothing. `names` are by number, in the order of the rows;
    what the lines name and nobody knows any more comes last."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for number in [*names, *sorted(set(uses) - set(names))]:
        use = uses.get(number, Use())
        name = names.get(number, "")
        told = f"'{name}" if name.startswith(_FORMULA) else name
        rows.writerow((told, number, month, use.requests.total(), len(use.requests), use.refused, use.ended))
    return out.getvalue()
