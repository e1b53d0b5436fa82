"""Draws docs/security/asvs.md from docs/security/asvs.toml: `python -m scripts.asvs`."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Mapping

from scripts.ledger import DANGERS, SECURITY, VERDICTS, Row, problems, read, shown_by, table

DATA, PAGE = SECURITY / "asvs.toml", SECURITY / "asvs.md"
#: The chapters of ASVS 5.0.0.
CHAPTERS = {
    1: "Encoding and sanitization",
    2: "Validation and business logic",
    3: "Web frontend security",
    4: "API and web service",
    5: "File handling",
    6: "Authentication",
    7: "Session management",
    8: "Authorization",
    9: "Self-contained tokens",
    10: "OAuth and OIDC",
    11: "Cryptography",
    12: "Secure communication",
    13: "Configuration",
    14: "Data protection",
    15: "Secure coding and architecture",
    16: "Security logging and error handling",
}
#: One requirement, some in a row (`V3.5.1–3`), some of one subject (`V6.1.1, V6.1.3`) or a section (`V6.2`).
_LINE = r"V\d+\.\d+(\.\d+(–\d+)?)?"
LINE = re.compile(rf"{_LINE}(, {_LINE})*")

HEAD = """# OWASP ASVS 5.0

The lines of the Application Security Verification Standard 5.0.0 that apply to Foldline: levels 1 and 2, and those of
level 3 that are its promise. The numbers are the standard's; what stands beside them is our own short wording, and one
row may stand for several lines of one subject. Nobody but us has verified it. Not applicable as a whole: WebRTC (V17),
most of what is about being a provider of OAuth (V10.4, V10.6, V10.7), memory management (V1.4).

- **covered**: the tests or files that are named show it;
- **not here**: what it is about is not there;
- **open**: it is not met, or not shown, and what would have to be done.

This page is drawn from [asvs.toml](asvs.toml) by `python -m scripts.asvs`; a test holds it so. Ways in which a text
could leak are in [the ledger of leaks](leaks.md), knowing deviations in
[SECURITY.md](../../SECURITY.md#known-deviations).
"""


def chapter(line: str) -> int:
    return int(line[1 : line.index(".")])


def misnumbered(rows: Mapping[str, Row]) -> list[str]:
    """Rows whose number is none of the standard's form, that have no level, or that stand out of order."""
    found = [f"{id_}: is no number of a line" for id_ in rows if not LINE.fullmatch(id_)]
    found += [f"{row.id}: level {row.level} is none" for row in rows.values() if row.level not in (1, 2, 3)]
    chapters = [chapter(id_) for id_ in rows if LINE.fullmatch(id_)]
    found += [f"V{number}: there is no such chapter" for number in set(chapters) - set(CHAPTERS)]
    return found if chapters == sorted(chapters) else [*found, "chapters are out of order"]


def drawn(rows: Mapping[str, Row]) -> str:
    """The whole page."""
    counts = Counter(row.verdict for row in rows.values())
    cells = [[verdict.replace("-", " "), counts[verdict]] for verdict in VERDICTS]
    parts = [HEAD, "\n", table(("verdict", "rows"), cells), "\n## What is open\n\n", _open(rows)]
    for number, title in CHAPTERS.items():
        mine = [row for row in rows.values() if chapter(row.id) == number]
        lines = [(row.id, row.level, row.way, row.verdict.replace("-", " "), shown_by(row)) for row in mine]
        parts.append(
            f"\n## V{number}: {title}\n\n{table(('line', 'level', 'what', 'verdict', 'shown by, or why'), lines)}"
        )
    return "".join(parts)


def _open(rows: Mapping[str, Row]) -> str:
    mine = sorted((row for row in rows.values() if row.verdict == "open"), key=lambda row: DANGERS.index(row.danger))
    return table(
        ("danger", "line", "what", "what would have to be done"), [(r.danger, r.id, r.way, r.why) for r in mine]
    )


def write() -> list[str]:
    """What is wrong with the data; the page is written when it is nothing."""
    rows = read(DATA)
    found = [*problems(rows, list(rows)), *misnumbered(rows)]
    if not found:
        PAGE.write_text(drawn(rows), encoding="utf-8")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(write()) or None)
