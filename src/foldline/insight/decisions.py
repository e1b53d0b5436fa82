"""The last decisions, read back from the event lines. No line knows anything of a person."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

#: How much of a segment is read at once, from its end, in bytes.
BLOCK = 64 << 10


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision. `at` is epoch seconds; `findings` are (reason, whether it passed), none in lines of the first form;
    `rule` is the name of the one that decided, or ""; `institution` the number of the library or company that provided
    the article or whose network was refused, or ""."""

    at: int
    article: int
    outcome: str
    reason: str
    rules: str
    findings: tuple[tuple[str, bool], ...] = ()
    rule: str = ""
    institution: str = ""


def last_decisions(folder: Path, most: int) -> list[DecisionLine]:
    """The newest decisions of all workers, the newest first. Reads the ends of the segments and no more."""
    workers: dict[str, list[Path]] = {}
    for path in folder.glob("*-*.tsv"):
        workers.setdefault(path.stem.rpartition("-")[0], []).append(path)
    newest = [islice(_backwards(sorted(paths, reverse=True)), most) for paths in workers.values()]
    return list(islice(heapq.merge(*newest, key=lambda line: line.at, reverse=True), most))


def _backwards(segments: list[Path]) -> Iterator[DecisionLine]:
    for path in segments:
        for line in _lines_backwards(path):
            decision = parsed(line)
            if decision is not None:
                yield decision


def _lines_backwards(path: Path) -> Iterator[str]:
    """The whole lines of a file, the last first. A line that is being written just now has no end yet and is left."""
    try:
        with path.open("rb") as file:
            place = file.seek(0, 2)
            held, at_end = b"", True
            while place > 0:
                size = min(BLOCK, place)
                place -= size
                file.seek(place)
                parts = (file.read(size) + held).split(b"\n")
                if at_end and len(parts) == 1:
                    held = parts[0]
                    continue
                if at_end:
                    parts.pop()
                    at_end = False
                held = parts.pop(0) if place > 0 else b""
                for part in reversed(parts):
                    yield part.decode("utf-8", "replace")
    except FileNotFoundError:
        return


def parsed(line: str) -> DecisionLine | None:
    """A line of five columns, of seven (with findings as `+signed-in,-subscription-needed` and the rule's name), or of
    more: then the eighth is an institution's number, and what follows is read by others. None for anything else."""
    columns = line.split("\t")
    if len(columns) < 5 or not (columns[0].isdecimal() and columns[1].isdecimal()):
        return None
    said = columns[5] if len(columns) > 5 else ""
    findings = tuple((one[1:], one[0] == "+") for one in said.split(",") if one[:1] in ("+", "-"))
    rule = columns[6] if len(columns) > 6 else ""
    institution = columns[7] if len(columns) > 7 and columns[7].isdecimal() else ""
    at, article, outcome, reason, rules = int(columns[0]), int(columns[1]), *columns[2:5]
    return DecisionLine(at, article, outcome, reason, rules, findings, rule, institution)
