"""What a ledger of security is made of: rows with a verdict, and the tests and faults that they name.

Two pages are drawn from two files: `scripts.leaks` and `scripts.asvs` say which.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SECURITY = ROOT / "docs" / "security"
VERDICTS = ("covered", "not-here", "open")
DANGERS = ("high", "middle", "low")
#: Pages whose tables of faults are held equal to the faults by tests of their own.
PAGES_OF_FAULTS = ("proof.md", "mounted.md", "proxies.md")
_TEST = re.compile(r"tests/[\w/]+\.py::test_\w+")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a ledger.

    `tests` and `faults` are written `tests/room/test_file.py::test_name`; a fault also as the name that it has in a
    table of faults of the docs, or as `tests/room/test_file.py::its name`. `files` are configuration or pages, relative
    to the repository. `absent` are patterns of files that must not exist for *not-here* to be true.
    """

    id: str
    way: str
    verdict: str
    why: str = ""
    danger: str = ""
    tests: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    level: int = 0


_LISTS = {"tests", "faults", "files", "absent"}
_KEYS = {field.name for field in fields(Row)} - {"id"}


def read(path: Path) -> dict[str, Row]:
    """The rows of a file by their ids, in its order. An id that stands twice is no TOML; an unknown key is refused."""
    rows = {}
    for id_, said in tomllib.loads(path.read_text(encoding="utf-8")).items():
        unknown = sorted(set(said) - _KEYS)
        if unknown:
            raise ValueError(f"{path.name}: {id_} has {', '.join(unknown)}; a row has {', '.join(sorted(_KEYS))}")
        rows[id_] = Row(id_, **{key: tuple(value) if key in _LISTS else value for key, value in said.items()})
    return rows


def problems(rows: Mapping[str, Row], ids: Sequence[str], must_name_faults: str = "") -> list[str]:
    """All that is wrong: ids without a row, rows without an id, and rows that say less or more than there is.

    `must_name_faults` are the groups, by their letters, whose covered ids have to name a fault that was seeded.
    """
    found = [f"{id_}: has no row" for id_ in ids if id_ not in rows]
    found += [f"{id_}: is not in the list of ids" for id_ in rows if id_ not in ids]
    for row in rows.values():
        found += [f"{row.id}: {what}" for what in _wrong(row, row.id[0] in must_name_faults)]
    return found


def _wrong(row: Row, must_name_a_fault: bool) -> list[str]:
    found = []
    if row.verdict not in VERDICTS:
        found.append(f"{row.verdict!r} is no verdict; write {', '.join(VERDICTS)}")
    if not row.way.strip():
        found.append("does not say what it is")
    if row.verdict == "covered" and not (row.tests or (row.level and row.files)):
        found.append("is covered by no test")
    if row.verdict == "covered" and must_name_a_fault and not row.faults:
        found.append("is covered and names no seeded fault")
    if row.verdict != "covered" and not row.why.strip():
        found.append("does not say why")
    if (row.verdict == "open") != (row.danger in DANGERS):
        found.append(f"an open row has a danger ({', '.join(DANGERS)}), and no other has one")
    found += [f"there is no {test}" for test in row.tests if not is_test(test)]
    found += [f"there is no fault {fault!r}" for fault in row.faults if not is_fault(fault)]
    found += [f"there is no file {file}" for file in row.files if not (ROOT / file).is_file()]
    found += [f"{pattern} is there, so it applies" for pattern in row.absent if any(ROOT.glob(pattern))]
    return found


def is_test(name: str) -> bool:
    path, _, function = name.partition("::")
    return _TEST.fullmatch(name) is not None and function in _written_in(path)[0]


def is_fault(name: str) -> bool:
    """Whether a fault of this name is seeded: by a test of its own, in a table of a test, or in one of the docs."""
    path, _, own = name.partition("::")
    if own:
        functions, words = _written_in(path)
        return own in functions or own in words
    return name in _named_in_the_docs()


@cache
def _written_in(path: str) -> tuple[frozenset[str], frozenset[str]]:
    """(functions, texts) that stand in a file of Python: what is defined there, and every string."""
    file = ROOT / path
    if not file.is_file():
        return frozenset(), frozenset()
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return frozenset(functions), frozenset(texts)


@cache
def _named_in_the_docs() -> frozenset[str]:
    found: set[str] = set()
    for page in PAGES_OF_FAULTS:
        found |= set(re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE))
    return frozenset(found)


def shown_by(row: Row) -> str:
    """The cell that says what shows a verdict: links to tests and files, the names of faults, and the reason."""
    parts = [f"[{test_name(test)}]({_link(test)})" for test in row.tests]
    parts += [f"[{file}](../../{file})" for file in row.files]
    if row.faults:
        parts.append(f"seeded: {', '.join(_fault(fault) for fault in row.faults)}")
    if row.why:
        parts.append(row.why)
    return "<br>".join(parts)


def test_name(test: str) -> str:
    """A test by its sentence."""
    return test.partition("::")[2].removeprefix("test_").replace("_", " ")


def _link(test: str) -> str:
    return f"../../{test.partition('::')[0]}"


def _fault(fault: str) -> str:
    path, _, own = fault.partition("::")
    if not own:
        return f"`{fault}`"
    return f"[{own.removeprefix('test_').strip('_').replace('_', ' ')}](../../{path})"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"
