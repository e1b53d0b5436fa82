"""Draws docs/security/leaks.md from docs/security/leaks.toml: `python -m scripts.leaks`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping

from scripts.ledger import DANGERS, SECURITY, VERDICTS, Row, problems, read, shown_by, table

DATA, PAGE = SECURITY / "leaks.toml", SECURITY / "leaks.md"
#: The groups of the catalogue, and how many ways each has. They are numbered from 01.
GROUPS: dict[str, tuple[str, int]] = {
    "A": ("Inside the answer of an article", 29),
    "B": ("Other forms of it, and its neighbours", 37),
    "C": ("Who somebody says they are", 20),
    "D": ("Caches and the semantics of HTTP", 28),
    "E": ("Paths, methods and protocols that two programs read differently", 20),
    "F": ("Oracles: nothing is shown, something is learned", 15),
    "G": ("Meters, gifts, sharing and limits", 21),
    "H": ("Signing in, sessions and accounts", 24),
    "I": ("Money, notices and administration", 12),
    "J": ("After the answer: devices, third parties, operations", 13),
}
IDS: tuple[str, ...] = tuple(f"{group}{n:02d}" for group, (_, many) in GROUPS.items() for n in range(1, many + 1))
#: What is covered in these groups was also broken on purpose.
SEEDED = "ABCDEF"

HEAD = """# The ledger of leaks

Every way that we know in which the text of a closed article, or something about it, gets to somebody who may not have
it. The ways are those of a catalogue of 219, numbered A01 to J13, that was gathered from public advisories, threads of
maintainers, standards and experiments; the wording is ours. Each has one verdict:

- **covered**: the tests that are named go red if it is there. In groups A to F at least one fault of the kind was
  seeded, and is found ([the proof](../proof.md));
- **not here**: there is nothing in Foldline that it could come by, and why;
- **open**: it is not shown that it can't happen, and what would have to be done. What is tested of it is named as well.

This page is drawn from [leaks.toml](leaks.toml) by `python -m scripts.leaks`; a test holds it so, and fails where an id
has no verdict or a test is named that there is none of.
"""


def drawn(rows: Mapping[str, Row]) -> str:
    """The whole page."""
    parts = [HEAD, _counts(rows), "\n## What is open, the most dangerous first\n\n", _open(rows)]
    for group, (title, _) in GROUPS.items():
        mine = [row for row in rows.values() if row.id.startswith(group)]
        cells = [(f'<a id="{row.id.lower()}"></a>{row.id}', row.way, _verdict(row), shown_by(row)) for row in mine]
        parts.append(f"\n## {group}: {title}\n\n{table(('id', 'way', 'verdict', 'shown by, or why'), cells)}")
    return "".join(parts)


def _counts(rows: Mapping[str, Row]) -> str:
    found = Counter((row.id[0], row.verdict) for row in rows.values())
    cells = [
        [f"{group}: {title}", *(found[group, verdict] for verdict in VERDICTS), many]
        for group, (title, many) in GROUPS.items()
    ]
    totals = [sum(found[group, verdict] for group in GROUPS) for verdict in VERDICTS]
    cells.append(["**all**", *(f"**{total}**" for total in totals), f"**{len(IDS)}**"])
    return "\n" + table(["group", *(verdict.replace("-", " ") for verdict in VERDICTS), "ways"], cells)


def _open(rows: Mapping[str, Row]) -> str:
    mine = sorted((row for row in rows.values() if row.verdict == "open"), key=lambda row: DANGERS.index(row.danger))
    return table(("danger", "id", "way", "what would have to be done"), [(r.danger, r.id, r.way, r.why) for r in mine])


def _verdict(row: Row) -> str:
    return f"open ({row.danger})" if row.verdict == "open" else row.verdict.replace("-", " ")


def write() -> list[str]:
    """What is wrong with the data; the page is written when it is nothing."""
    rows = read(DATA)
    found = problems(rows, IDS, SEEDED)
    if not found:
        PAGE.write_text(drawn(rows), encoding="utf-8")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(write()) or None)
