"""Reads: one per reader, article and day, from event lines, whatever happens between two runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gate.newspaper import SECRET, START

from foldline.insight import reads
from foldline.insight.events import segment
from foldline.insight.reads import RollUp, figure
from foldline.signed.keys import Keyring
from foldline.signed.reading import READER as OF_READER
from foldline.signed.reading import mark
from foldline.stores.home import Home
from foldline.stores.reads import ReadStore
from foldline.stores.schema import READS, connect

ZONE = ZoneInfo("America/New_York")
KEYRING = Keyring((SECRET.encode(),), "127.0.0.1:8080")
DAY = 86_400


class Counting:
    """A home's event lines and their count."""

    def __init__(self, home: Home, staff: tuple[bytes, ...] = ()) -> None:
        self.home = home
        self.store = ReadStore(home)
        self.roll_up = RollUp(home.events, self.store, KEYRING, ZONE, lambda: staff)

    def write(self, *lines: str, worker: str = "worker-0") -> Path:
        path = segment(self.home.events, worker)
        with path.open("a") as file:
            file.writelines(lines)
        return path

    def counted(self, now: int = START) -> dict[int, int]:
        self.roll_up.run(now)
        return self.store.reads()


def open_home(folder: Path) -> Home:
    home = Home(folder)
    home.make()
    with closing(connect(home.reads_db)) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.executescript(READS)
    return home


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Counting]:
    home = open_home(tmp_path)
    made = Counting(home)
    with closing(made.store):
        yield made


def line(who: str = "", article: int = 7, at: int = START, outcome: str = "opens", institution: str = "") -> str:
    told = (str(at), str(article), outcome, "subscription-covers", "r-abc", "+subscription-covers", "a rule")
    return "\t".join((*told, institution, who)) + "\n"


def who(number: int, article: int = 7, at: int = START) -> str:
    key = KEYRING.reads_keys(datetime.fromtimestamp(at, ZONE).toordinal())[0]
    return mark(key, OF_READER + number.to_bytes(16, "big"), article)


def test_a_reader_an_article_and_a_day_are_one_read(counting: Counting) -> None:
    counting.write(line(who(1)), line(who(1)), line(who(2)), line(who(1, 8), 8))
    counting.write(line(who(1)), worker="worker-1")
    tomorrow = START + DAY
    counting.write(line(who(1, at=tomorrow), at=tomorrow))
    assert counting.counted(tomorrow) == {7: 3, 8: 1}
    assert counting.counted(tomorrow) == {7: 3, 8: 1}


def test_what_opens_nothing_marks_nobody_or_is_an_institutions_counts_for_nobody(counting: Counting) -> None:
    counting.write(line(), line(who(1), outcome="refuses"), line(who(2), institution="3"), "1\t2\topens\twhy\trules\n")
    assert counting.counted() == {}
    assert counting.store.left_out() == (0, 0)


def test_staff_are_not_counted_under_any_secret(counting: Counting) -> None:
    counting.roll_up = RollUp(counting.home.events, counting.store, KEYRING, ZONE, lambda: ((1).to_bytes(16, "big"),))
    counting.write(line(who(1)), line(who(2)))
    assert counting.counted() == {7: 1}


def test_a_line_that_is_being_written_is_counted_when_it_is_there(counting: Counting) -> None:
    path = counting.write(line(who(1)), line(who(2))[:-9])
    assert counting.counted() == {7: 1}
    with path.open("a") as file:
        file.write(line(who(2))[-9:])
    assert counting.counted() == {7: 2}


@pytest.mark.parametrize(
    "garbled",
    [
        "no line\n",
        line("short"),
        line("............!"),
        line(who(1), at=START + 3 * DAY),
        line(who(1)).replace(str(START), "-1"),
        line(who(1))[:40] + line(who(2)),
        "\x00" * 70 + "\n",
        "x" * (reads.PIECE + 5) + "\n",
    ],
    ids=["words", "short", "long", "tomorrow", "before", "cut", "nul", "endless"],
)
def test_a_garbled_line_is_counted_as_one_and_costs_no_other(counting: Counting, garbled: str) -> None:
    counting.write(line(who(5)), garbled, line(who(6)))
    assert counting.counted() == {7: 2}
    assert counting.store.left_out()[0] >= 1


def test_a_file_that_was_replaced_by_a_shorter_one_is_counted_anew_and_nobody_twice(counting: Counting) -> None:
    path = counting.write(line(who(1)), line(who(2)))
    assert counting.counted() == {7: 2}
    path.write_text(line(who(3)))
    assert counting.counted() == {7: 3}


def test_a_run_that_was_killed_before_its_commit_changes_nothing_and_the_next_one_counts_once(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting.write(*(line(who(number)) for number in range(50)))
    honest = ReadStore._run

    def killed(store: ReadStore, query: str, *values: object) -> int:
        if "read_segments" in query:
            raise KeyboardInterrupt
        return honest(store, query, *values)

    monkeypatch.setattr(ReadStore, "_run", killed)
    with pytest.raises(KeyboardInterrupt):
        counting.roll_up.run(START)
    monkeypatch.undo()
    assert counting.store.reads() == {}
    assert counting.counted() == {7: 50}


def test_two_processes_that_count_the_same_piece_count_it_once(counting: Counting) -> None:
    counting.write(line(who(1)), line(who(2)))
    other = Counting(counting.home)
    with closing(other.store):
        (piece,) = other.roll_up._pieces(
            segment(counting.home.events, "worker-0"), 0, START, lambda day, article: frozenset()
        )
        assert counting.counted() == {7: 2}
        assert other.store.take(piece) == 0
        assert other.store.reads() == {7: 2}


def test_after_two_days_nobody_can_say_whose_reads_they_were(counting: Counting) -> None:
    later = START + 3 * DAY
    path = counting.write(line(who(1)), line(), line(who(2, at=later), at=later))
    length = path.stat().st_size
    assert counting.counted(later) == {7: 2}
    assert counting.roll_up.forget(START + 2 * DAY) == 0
    assert counting.roll_up.forget(later) == 1
    text = path.read_text()
    assert (who(1) in text, who(2, at=later) in text, len(text)) == (False, True, length)
    assert counting.store.marks_up_to(10**7) == 1
    assert counting.counted(later) == {7: 2}
    # A line of that day that comes late could be a second one of the same reader.
    counting.write(line(who(1)))
    assert counting.counted(later) == {7: 2}
    assert counting.store.left_out() == (0, 1)


def test_wiped_lines_that_are_read_once_more_count_for_nobody(counting: Counting) -> None:
    counting.write(line("." * 12))
    assert counting.counted() == {}
    assert counting.store.left_out() == (0, 0)


def test_old_segments_go_and_each_workers_newest_stays(counting: Counting) -> None:
    for number, at in enumerate((START - 200 * DAY, START - 100 * DAY, START - 99 * DAY)):
        (counting.home.events / f"worker-0-{number:06d}.tsv").write_text(line(who(number, at=at), at=at))
    (counting.home.events / "worker-1-000000.tsv").write_text(line(at=START - 300 * DAY))
    assert counting.roll_up.drop_lines(START) == []  # Nothing is counted yet.
    assert counting.counted() == {7: 3}
    assert counting.roll_up.drop_lines(START) == ["worker-0-000000.tsv", "worker-0-000001.tsv"]
    assert segment(counting.home.events, "worker-0").name == "worker-0-000002.tsv"
    assert sorted(counting.store.places()) == ["worker-0-000002.tsv", "worker-1-000000.tsv"]


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, 0), (9, 0), (10, 10), (24, 24), (99, 99), (100, 100), (109, 100), (1234, 1200), (99_999, 99_000)],
)
def test_a_figure_is_absent_under_ten_and_changes_seldom_above(count: int, shown: int) -> None:
    assert figure(count) == shown


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(0, 3), st.integers(7, 9), st.integers(0, 2), st.integers(0, 1)),
        st.tuples(st.sampled_from(("count", "restart", "cut")), st.just(0), st.just(7), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=settings().max_examples // 3)
@given(STEPS, st.integers(1, 400))
def test_any_history_of_reads_runs_and_restarts_counts_each_reader_article_and_day_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int, int, int]], most: int
) -> None:
    home = open_home(tmp_path_factory.mktemp("reads"))
    wanted: dict[int, set[tuple[int, int]]] = defaultdict(set)
    made = Counting(home)
    for step, reader, article, day, worker in steps:
        at = START + day * DAY
        if step == "read":
            made.write(line(who(reader, article, at), article, at), worker=f"worker-{worker}")
            wanted[article].add((reader, day))
        elif step == "count":
            made.roll_up.run(START + 2 * DAY, most)
        elif step == "restart":
            made.store.close()
            made = Counting(home)
        else:
            # What a worker that is killed leaves of a line is no line, and takes the next one's beginning with it.
            made.write("179\n")
    while made.roll_up.run(START + 2 * DAY, most).more:
        pass
    assert made.store.reads() == {article: len(whose) for article, whose in wanted.items()}
    made.store.close()
