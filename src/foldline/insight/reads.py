"""Reads, counted from the event lines in batches: one per reader, article and day. docs/reads.md says what a read is.

A segment is counted from where it was counted up to, and both stand in one transaction: whoever is killed in the middle
goes on where they were. A line that is being written just now is left for the next time.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from foldline.signed.keys import Keyring
from foldline.signed.reading import LENGTH, READER, mark
from foldline.stores.reads import Piece, Place, Read, ReadStore

log = logging.getLogger(__name__)

#: How many days marks are kept beside the day that runs.
FORGET_AFTER = 2
#: Fewer reads than these are no figure.
FLOOR = 10
#: Bytes of a segment that are counted in one transaction.
PIECE = 1 << 20
#: How long event lines are kept, in days: three months of reports.
LINES_KEPT = 92
_MARK = re.compile(rb"[A-Za-z0-9_-]{12}")
#: What stands where a mark stood. It is as long as one, and none.
WIPED = b"." * LENGTH
_DAY = 86_400


class Rolled(NamedTuple):
    """What a roll-up did: bytes of lines that were looked at, new reads, garbled lines; and whether some are left."""

    looked: int = 0
    new: int = 0
    garbled: int = 0
    more: bool = False


def figure(reads: int) -> int:
    """What is shown of a count: nothing (0) under the floor; then two figures of it, so that a card changes seldom."""
    if reads < FLOOR:
        return 0
    step = int(10 ** (len(str(reads)) - 2))
    return reads // step * step


class RollUp:
    """Counts the lines of a folder. `staff` gives the keys of those who are not counted."""

    def __init__(
        self, folder: Path, store: ReadStore, keyring: Keyring, zone: ZoneInfo, staff: Callable[[], Collection[bytes]]
    ) -> None:
        self._folder = folder
        self._store = store
        self._keyring = keyring
        self._zone = zone
        self._staff = staff

    def run(self, now: int, most: int = 32 << 20) -> Rolled:
        """Count what was written since the last time, up to so many bytes.

        Raises:
            StoreUnavailable: it can't be written down. Nothing is lost: the next run begins where this one ended.
        """
        places = self._store.places()
        by_staff = lru_cache(maxsize=None)(self._marks_of(tuple(self._staff())))
        done = Rolled()
        for path in sorted(self._folder.glob("*-*.tsv")):
            begun = self._begin_of(path, places.get(path.name, Place()).taken)
            for piece in self._pieces(path, begun, now, by_staff):
                done = Rolled(
                    done.looked + piece.until - piece.since,
                    done.new + self._store.take(piece),
                    done.garbled + piece.garbled,
                )
                if done.looked >= most:
                    return done._replace(more=True)
        if done.garbled:
            log.warning("reads: %d event lines are none and were not counted", done.garbled)
        return done

    def forget(self, now: int) -> int:
        """Forget whose reads were counted before the last days, here and in the lines: how many marks were overwritten.
        Belongs behind a run that left nothing: the lines of a forgotten day count no more.

        Raises:
            StoreUnavailable: it can't be written down. What was overwritten is looked at once more the next time.
        """
        until = self.day_of(now) - FORGET_AFTER - 1
        self._store.forget_days(until)
        wiped = 0
        for name, place in self._store.places().items():
            if place.wiped < place.taken:
                try:
                    count, end = wipe(self._folder / name, place, lambda at: self.day_of(at) <= until)
                except FileNotFoundError:
                    continue
                if end > place.wiped:
                    self._store.wiped(name, end)
                wiped += count
        return wiped

    def drop_lines(self, now: int) -> list[str]:
        """Delete segments that are counted and whose last line is too old, but for each worker's newest: the files."""
        places = self._store.places()
        workers: dict[str, list[Path]] = {}
        for path in sorted(self._folder.glob("*-*.tsv")):
            workers.setdefault(path.stem.rpartition("-")[0], []).append(path)
        gone = []
        for paths in workers.values():
            for path in paths[:-1]:
                if (
                    places.get(path.name, Place()).taken >= path.stat().st_size
                    and _last(path) < now - LINES_KEPT * _DAY
                ):
                    path.unlink()
                    gone.append(path.name)
        self._store.forget_segments(gone)
        return gone

    def _begin_of(self, path: Path, taken: int) -> int:
        """Where to go on. A file that is shorter than what was counted of it is another one."""
        try:
            if path.stat().st_size >= taken:
                return taken
        except FileNotFoundError:
            return taken
        log.warning("reads: %s was replaced by a shorter file, and is counted from its beginning", path.name)
        self._store.forget_segments([path.name])
        return 0

    def _pieces(
        self, path: Path, begun: int, now: int, by_staff: Callable[[int, int], frozenset[str]]
    ) -> Iterator[Piece]:
        try:
            with path.open("rb") as file:
                file.seek(begun)
                while True:
                    held = file.read(PIECE)
                    whole = held.rfind(b"\n") + 1
                    if not whole:
                        if len(held) < PIECE:
                            return
                        # No line is that long: what stands here is none, up to where the next one begins.
                        yield Piece(path.name, begun, begun + len(held), (), 1)
                        begun += len(held)
                        continue
                    yield self._piece(path.name, begun, held[:whole], now, by_staff)
                    begun += whole
                    file.seek(begun)
        except FileNotFoundError:
            return

    def _piece(
        self, name: str, begun: int, text: bytes, now: int, by_staff: Callable[[int, int], frozenset[str]]
    ) -> Piece:
        reads: list[Read] = []
        garbled = 0
        for line in text.split(b"\n")[:-1]:
            read = self._read(line, now)
            if read is None:
                garbled += 1
            elif read.who and read.who not in by_staff(read.day, read.article):
                reads.append(read)
        return Piece(name, begun, begun + len(text), tuple(reads), garbled)

    def _read(self, line: bytes, now: int) -> Read | None:
        """The read that a line tells of, with an empty mark where it counts for nobody; None for what is no line."""
        columns = line.split(b"\t")
        if len(columns) < 5 or not (columns[0].isdigit() and columns[1].isdigit()):
            return None
        who = columns[8] if len(columns) > 8 else b""
        if not who or who == WIPED:
            return _NOBODY
        at = int(columns[0])
        if not (_MARK.fullmatch(who) and len(columns[1]) < 19 and 0 < at < now + _DAY):
            return None
        if columns[2] != b"opens" or columns[7]:
            return _NOBODY
        return Read(who.decode(), self.day_of(at), int(columns[1]))

    def day_of(self, at: int) -> int:
        """The day of an epoch second in the publication's zone, as an ordinal."""
        return datetime.fromtimestamp(at, self._zone).toordinal()

    def _marks_of(self, staff: tuple[bytes, ...]) -> Callable[[int, int], frozenset[str]]:
        """The marks that the staff's reads of an article have on a day, under each secret."""
        return lambda day, article: frozenset(
            mark(key, READER + reader, article) for key in self._keyring.reads_keys(day) for reader in staff
        )


_NOBODY = Read("", 0, 0)


def wipe(path: Path, place: Place, old: Callable[[int], bool]) -> tuple[int, int]:
    """Overwrite the marks in a segment's lines, from where they are overwritten up to the first line that is not `old`
    or not counted. (how many, up to which byte). The file keeps its length: its writer goes on at its end meanwhile.

    Raises:
        FileNotFoundError: there is no such segment.
    """
    count, at = 0, place.wiped
    with path.open("r+b") as file:
        file.seek(at)
        while at < place.taken:
            line = file.readline(PIECE)
            if not line:
                break
            columns = line.rstrip(b"\n").split(b"\t")
            second = int(columns[0]) if columns[0].isdigit() and len(columns[0]) < 12 else 0
            if not old(second):
                break
            if len(columns) > 8 and _MARK.fullmatch(columns[8]):
                file.seek(at + len(b"\t".join(columns[:8])) + 1)
                file.write(WIPED)
                count += 1
            at += len(line)
            file.seek(at)
    return count, at


def _last(path: Path) -> int:
    """The second of a segment's last whole line; 0 where there is none."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (64 << 10)))
        lines = file.read().split(b"\n")[:-1]
    first = lines[-1].split(b"\t")[0] if lines else b""
    return int(first) if first.isdigit() else 0
