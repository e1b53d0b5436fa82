"""What a process counts is read by another one whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

from foldline.insight.counts import SIZE, CountFile, Sample, read, read_all

NOW = 1_795_000_000.0


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = CountFile(tmp_path, "worker 0", NOW)
    assert read_all(tmp_path) == [], "nothing was told yet"
    samples = (Sample("answers", ("whole", "200"), 3), Sample("answer_seconds", ("whole",), 0.5, (1, 2, 0)))
    file.write(NOW + 1, samples)
    (found,) = read_all(tmp_path)
    assert (found.process, found.began, found.at, found.samples) == ("worker 0", NOW, NOW + 1, samples)
    file.close()


def test_nobody_reads_half_of_what_is_written(tmp_path: Path) -> None:
    file = CountFile(tmp_path, "worker 0", NOW)
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            file.write(NOW, [Sample("answers", (str(index),), number) for index in range(number % 300 + 1)])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = [found for found in (read(tmp_path / "worker-0.counts") for _ in range(300)) if found is not None]
    finally:
        over.set()
        writer.join()
    assert len(seen) > 10
    assert all(len({sample.value for sample in found.samples}) == 1 for found in seen)
    file.close()


def test_more_than_finds_room_is_cut_off_and_still_read(tmp_path: Path) -> None:
    file = CountFile(tmp_path, "worker 0", NOW)
    file.write(NOW, [Sample("answers", ("x" * 50,), index) for index in range(10_000)])
    found = read(tmp_path / "worker-0.counts")
    assert found is not None
    assert 100 < len(found.samples) < 10_000
    assert (tmp_path / "worker-0.counts").stat().st_size == SIZE
    file.close()


def test_a_process_that_ends_takes_its_file_with_it_and_leaves_that_of_its_successor(tmp_path: Path) -> None:
    first = CountFile(tmp_path, "worker 0", NOW)
    second = CountFile(tmp_path, "worker 0", NOW + 5)
    second.write(NOW + 6, ())
    first.write(NOW + 6, ())
    first.close()
    (found,) = read_all(tmp_path)
    assert found.began == NOW + 5
    second.close()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_none_of_ours_is_passed_over(tmp_path: Path) -> None:
    for name, data in (("a", b""), ("b", b"\xff" * 100), ("c", b"\0\0\0\2\0\0\0\0{}")):
        (tmp_path / f"{name}.counts").write_bytes(data)
    assert read_all(tmp_path) == []
