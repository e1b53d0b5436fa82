"""What one process counts, where another one can read it: a file in memory, written anew each second or so.

The file is `<process>.counts` in `run/counts/`: four bytes of length, four of CRC-32, and a JSON text. Who reads it
while it is written sees that by the checksum and reads again. Nothing in it is about a reader, an article or a request.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SIZE = 1 << 17
_HEAD = struct.Struct(">II")
#: How often a file that is being written is read again.
_TRIES = 20


class Sample(NamedTuple):
    """One number of a family, with the values of its labels in their order. A histogram has the counts of its buckets
    beside the sum of what it saw."""

    family: str
    labels: tuple[str, ...]
    value: float
    buckets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a process had counted at an epoch second, since it began at another."""

    process: str
    pid: int
    began: float
    at: float
    samples: tuple[Sample, ...]


_lock = threading.Lock()
_counter: Counter[tuple[str, str]] = Counter()


def count(family: str, ended: str) -> None:
    """Count something that ended so in this process. Both are words of our own source."""
    with _lock:
        _counter[family, ended] += 1


def counted() -> dict[tuple[str, str], int]:
    """What this process counted, by family and how it ended."""
    with _lock:
        return dict(_counter)


class CountFile:
    """Written by one process. One that begins puts a new file in the place of an older one of its name."""

    def __init__(self, folder: Path, process: str, began: float) -> None:
        self._process, self._began = process, began
        folder.mkdir(exist_ok=True, mode=0o700)
        path = self._path = folder / f"{process.replace(' ', '-')}.counts"
        new = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, SIZE)
            self._number = os.fstat(descriptor).st_ino
            self._memory = mmap.mmap(descriptor, SIZE)
        finally:
            os.close(descriptor)
        new.rename(path)

    def write(self, at: float, samples: Iterable[Sample]) -> None:
        """Put these numbers in the place of those of before. What finds no room is left out, the last ones first."""
        told = [list(sample) for sample in samples]
        while True:
            head = {"process": self._process, "pid": os.getpid(), "began": self._began, "at": at}
            text = json.dumps({**head, "samples": told}, separators=(",", ":")).encode()
            if len(text) <= SIZE - _HEAD.size:
                break
            del told[len(told) // 2 :]
        self._memory[: _HEAD.size + len(text)] = _HEAD.pack(len(text), zlib.crc32(text)) + text

    def close(self) -> None:
        """A process that ends as it should leaves no file: one that stays is of a process that was killed, or hangs.
        What another one put in its place stays."""
        self._memory.close()
        with suppress(OSError):
            if self._path.stat().st_ino == self._number:
                self._path.unlink()


def read(path: Path) -> Snapshot | None:
    """What stands in a file; None where nothing was written yet, or what stands there is no such thing."""
    for _ in range(_TRIES):
        try:
            whole = path.read_bytes()
            length, checksum = _HEAD.unpack_from(whole)
        except (OSError, struct.error):
            return None
        text = whole[_HEAD.size : _HEAD.size + length]
        if length and zlib.crc32(text) == checksum:
            return _snapshot(json.loads(text))
    return None


def read_all(folder: Path) -> list[Snapshot]:
    """What every process of this host told last, by their names."""
    found = (read(path) for path in sorted(folder.glob("*.counts")))
    return [snapshot for snapshot in found if snapshot is not None]


def _snapshot(told: Mapping[str, object]) -> Snapshot | None:
    try:
        rows = told["samples"]
        assert isinstance(rows, list)
        samples = tuple(Sample(row[0], tuple(row[1]), row[2], tuple(row[3])) for row in rows)
        pid, began, at = (told[name] for name in ("pid", "began", "at"))
        assert isinstance(pid, int)
        assert isinstance(began, int | float)
        assert isinstance(at, int | float)
        return Snapshot(str(told["process"]), pid, began, at, samples)
    except (KeyError, TypeError, IndexError, AssertionError):
        return None
