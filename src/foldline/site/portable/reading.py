"""Reading the files of an export, row by row, with the number of the line that each row begins on."""

from __future__ import annotations

import csv
import json
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from foldline.errors import FoldlineError
from foldline.site.portable import cells
from foldline.site.portable.exporting import digest_of
from foldline.site.portable.files import FILES, FORMAT, MANIFEST, File

#: A row by its columns, each cell of the type that its column says.
Checked = dict[str, Any]

#: The longest cell, in characters. What was agreed to is the longest text of an export.
LONGEST_CELL = 1 << 20


class NotReadable(FoldlineError):
    """A folder or a file is none that can be imported. Nothing was written."""


class Row(NamedTuple):
    """A row and where it stands. `wrong` says what is wrong with it; `values` is empty then."""

    line: int
    values: Checked
    wrong: str = ""


def files_of(folder: Path) -> dict[str, tuple[Path, int]]:
    """The files of an export by name, each with its number of rows, after comparing them with what was written.

    Raises:
        NotReadable: it is no export, one of another format, or a file is missing or has changed.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        format_, named = manifest["format"], manifest["files"]
        rows = {name: (int(told["rows"]), told.get("sha256")) for name, told in named.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise NotReadable(f"{folder / MANIFEST}: this is no folder that `foldline export` wrote.") from None
    if format_ != FORMAT:
        raise NotReadable(f"{folder / MANIFEST}: the format is {format_}, and this version reads {FORMAT}.")
    found = {}
    for file in FILES:
        if not file.comes_back:
            continue
        name = next((f"{file.name}.{form}" for form in ("csv", "jsonl") if f"{file.name}.{form}" in rows), "")
        path = folder / name
        if not name or not path.is_file():
            raise NotReadable(f"{folder}: {name or file.name} is missing. Copy the whole folder again.")
        count, digest = rows[name]
        if digest is not None and digest_of(path) != digest:
            hint = f"Copy it again; if you changed it on purpose, take its sha256 out of {MANIFEST}."
            raise NotReadable(f"{path}: this is not what was written. {hint}")
        found[file.name] = (path, count)
    return found


def rows_of(path: Path, file: File) -> Iterator[Row]:
    """Every row of a file.

    Raises:
        NotReadable: the file has other columns, or is not UTF-8.
    """
    rows = _from_csv(path, file) if path.suffix == ".csv" else _from_jsonl(path, file)
    try:
        yield from rows
    except UnicodeDecodeError:
        raise NotReadable(f"{path}: this is not UTF-8. The rows before that place were read.") from None


def lines_of_csv(path: Path, delimiter: str = ",") -> Iterator[tuple[int, list[str] | None]]:
    """The rows of a CSV file with the line that each begins on; None for one that can't be read. Empty lines are left
    out."""
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter=delimiter)
        while True:
            begins = reader.line_num + 1
            try:
                row = next(reader, None)
            except csv.Error:
                yield begins, None
                continue
            if row is None:
                return
            if row:
                yield begins, row


def _from_csv(path: Path, file: File) -> Iterator[Row]:
    lines = lines_of_csv(path)
    _, names = next(lines, (1, None))
    _require_columns(path, file, names or ())
    assert names is not None
    by_name = {column.name: column for column in file.columns}
    for line, cells_ in lines:
        if cells_ is None or len(cells_) != len(names):
            yield Row(line, {}, f"the row has to have {len(names)} cells")
            continue
        try:
            given = {
                name: cells.from_csv(by_name[name], cell)
                for name, cell in zip(names, cells_, strict=True)
                if name in by_name
            }
        except cells.WrongCell as wrong:
            yield Row(line, {}, str(wrong))
            continue
        yield _checked(file, line, given)


def _from_jsonl(path: Path, file: File) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="\n") as text:
        for line, written in enumerate(text, 1):
            try:
                given = json.loads(written)
            except (ValueError, RecursionError):
                given = None
            if not isinstance(given, dict):
                yield Row(line, {}, "the line is no JSON object")
            elif missing := _missing(file, given):
                yield Row(line, {}, f"{missing[0]} is missing")
            else:
                yield _checked(file, line, given)


def _checked(file: File, line: int, given: Mapping[str, object]) -> Row:
    try:
        return Row(
            line, {column.name: cells.checked(column, given.get(column.name, column.absent)) for column in file.columns}
        )
    except cells.WrongCell as wrong:
        return Row(line, {}, str(wrong))


def _require_columns(path: Path, file: File, names: Sequence[str]) -> None:
    missing = _missing(file, names)
    if missing or len(set(names)) != len(names):
        raise NotReadable(f"{path}: the first line has to name each column once; missing: {', '.join(missing) or '-'}.")


def _missing(file: File, names: Container[str]) -> list[str]:
    return [column.name for column in file.columns if column.name not in names and not column.later]
