"""How often articles were read, and up to where the event lines are counted: both in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from foldline.errors import StoreUnavailable
from foldline.stores.database import FAILURES, connect, forget_thoroughly, transaction
from foldline.stores.home import Home


class Read(NamedTuple):
    """One line that counts: whose read it is, on which day (an ordinal), of which article."""

    who: str
    day: int
    article: int


class Place(NamedTuple):
    """How far a segment is counted, and how far its marks are overwritten, in bytes."""

    taken: int = 0
    wiped: int = 0


class Piece(NamedTuple):
    """What stands in a segment between two places. `garbled` lines are none of ours."""

    segment: str
    since: int
    until: int
    reads: tuple[Read, ...]
    garbled: int = 0


class ReadStore:
    """One file for all that is counted. Every method raises StoreUnavailable where it can't be read or written."""

    def __init__(self, home: Home) -> None:
        #: Segments of two hosts have the same names: each host's begin with its own.
        self._here = f"{home.host}:" if home.host else ""
        try:
            self._connection = connect(home.reads_db, existing=True)
            # A mark that is forgotten must not lie in free pages of the file.
            forget_thoroughly(self._connection)
        except FAILURES as error:
            raise StoreUnavailable(f"reads: {error}") from error

    def close(self) -> None:
        self._connection.close()

    def places(self) -> dict[str, Place]:
        """How far each segment of this host is counted, by its file's name."""
        with self._asking():
            rows = self._connection.execute("SELECT name, taken, wiped FROM foldline_read_segments").fetchall()
        here = len(self._here)
        return {name[here:]: Place(taken, wiped) for name, taken, wiped in rows if name.startswith(self._here)}

    def take(self, piece: Piece) -> int:
        """Count a piece of a segment, once: how many reads were new. A piece that does not begin where the segment was
        counted up to was counted by somebody else, or is of another file, and changes nothing."""
        segment = self._here + piece.segment
        with self._writing():
            row = self._ask("SELECT taken FROM foldline_read_segments WHERE name = ?", segment)
            if (row[0] if row else 0) != piece.since:
                return 0
            forgotten = self._forgotten()
            new = 0
            late = 0
            for read in piece.reads:
                if read.day <= forgotten:
                    late += 1
                elif self._run(
                    "INSERT INTO foldline_read_marks (who, day) VALUES (?, ?) ON CONFLICT DO NOTHING",
                    read.who,
                    read.day,
                ):
                    new += 1
                    self._run(
                        "INSERT INTO foldline_reads (article, reads) VALUES (?, 1)"
                        " ON CONFLICT (article) DO UPDATE SET reads = foldline_reads.reads + 1",
                        read.article,
                    )
            self._run(
                "INSERT INTO foldline_read_segments (name, taken) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET taken = excluded.taken",
                segment,
                piece.until,
            )
            if piece.garbled or late:
                self._day_row()
                self._run("UPDATE foldline_read_days SET garbled = garbled + ?, late = late + ?", piece.garbled, late)
        return new

    def wiped(self, segment: str, until: int) -> None:
        """The marks of a segment are overwritten up to here."""
        with self._writing():
            self._run("UPDATE foldline_read_segments SET wiped = ? WHERE name = ?", until, self._here + segment)

    def forget_segments(self, names: Iterable[str]) -> None:
        """These files are gone."""
        with self._writing():
            for name in names:
                self._run("DELETE FROM foldline_read_segments WHERE name = ?", self._here + name)

    def forget_days(self, until: int) -> None:
        """Forget whose reads were counted up to this day, an ordinal. Their lines count no more."""
        with self._writing():
            self._day_row()
            self._run("UPDATE foldline_read_days SET forgotten = ? WHERE forgotten < ?", until, until)
            self._run("DELETE FROM foldline_read_marks WHERE day <= ?", until)

    def marks_up_to(self, day: int) -> int:
        """How many marks are of this day or an older one."""
        with self._asking():
            return int(self._ask("SELECT COUNT(*) FROM foldline_read_marks WHERE day <= ?", day)[0])

    def left_out(self) -> tuple[int, int]:
        """How many lines were garbled, and how many came after their day was forgotten: somebody's second, for all we
        know."""
        with self._asking():
            row = self._ask("SELECT garbled, late FROM foldline_read_days")
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def reads(self) -> dict[int, int]:
        """How often each article was read."""
        with self._asking():
            return dict(self._connection.execute("SELECT article, reads FROM foldline_reads").fetchall())

    def shown(self, articles: Collection[int]) -> dict[int, int]:
        """The figure on the card of each of these articles that has one."""
        found: dict[int, int] = {}
        numbers = list(articles)
        with self._asking():
            for begun in range(0, len(numbers), 500):
                some = numbers[begun : begun + 500]
                marks = ",".join("?" * len(some))
                query = f"SELECT article, shown FROM foldline_reads WHERE shown > 0 AND article IN ({marks})"  # noqa: S608
                found.update(self._connection.execute(query, some).fetchall())
        return found

    def show(self, figures: Iterable[tuple[int, int]]) -> None:
        """Show these figures, by article, from the next time on that a card is made."""
        with self._writing():
            for article, figure in figures:
                self._run("UPDATE foldline_reads SET shown = ?, listed = 0 WHERE article = ?", figure, article)

    def standing(self) -> list[tuple[int, int, int]]:
        """(article, reads, figure shown) of all."""
        with self._asking():
            return self._connection.execute("SELECT article, reads, shown FROM foldline_reads").fetchall()

    def unlisted(self) -> list[int]:
        """Articles whose lists are still to be written with the figure that is shown."""
        with self._asking():
            return [row[0] for row in self._connection.execute("SELECT article FROM foldline_reads WHERE listed = 0")]

    def listed(self, articles: Iterable[int]) -> None:
        """The lists of these will be written."""
        with self._writing():
            for article in articles:
                self._run("UPDATE foldline_reads SET listed = 1 WHERE article = ?", article)

    def _forgotten(self) -> int:
        row = self._ask("SELECT forgotten FROM foldline_read_days")
        return int(row[0]) if row else 0

    def _day_row(self) -> None:
        self._run("INSERT INTO foldline_read_days (id, forgotten) VALUES (1, 0) ON CONFLICT DO NOTHING")

    def _ask(self, query: str, *values: object) -> tuple[int, ...]:
        row: tuple[int, ...] | None = self._connection.execute(query, values).fetchone()
        return row or ()

    def _run(self, query: str, *values: object) -> int:
        return self._connection.execute(query, values).rowcount

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            raise StoreUnavailable(f"reads: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._asking(), transaction(self._connection):
            yield
