"""Metrics in Prometheus' text form: the families that there are, and what processes of this host counted of them.

Labels come from closed lists in our own source: kinds of answers, reasons, names of jobs and of stores. None is made
from a request, an article or a reader.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from foldline.clock import Clock, SystemClock
from foldline.gate.tally import BUCKETS, TICKS
from foldline.insight.counts import Sample, Snapshot, read_all

#: A process that has told nothing for so many seconds is not up: it has ended, or it hangs.
SILENT = 10.0


class Family(NamedTuple):
    """One metric. `kind` is counter, gauge or histogram; `labels` stand behind the process."""

    kind: str
    says: str
    labels: tuple[str, ...] = ()


FAMILIES: dict[str, Family] = {
    "answers": Family("counter", "Answers of gate workers, by what they were and their status.", ("kind", "status")),
    "answer_seconds": Family("histogram", "Seconds from a request's first byte to its answer.", ("kind",)),
    "decisions": Family("counter", "Decisions that were written down.", ("outcome", "reason")),
    "spends": Family("counter", "Metered articles that were asked for, by how counting ended.", ("ended",)),
    "gifts_opened": Family("counter", "Gifts that were asked for, by how counting ended.", ("ended",)),
    "needs_unmet": Family("counter", "What a visit needed and a store or process did not give.", ("need",)),
    "ready": Family("gauge", "1 where a worker can decide by all that it should know."),
    "changes_heard_timestamp_seconds": Family("gauge", "When a worker last heard changes."),
    "records_read_timestamp_seconds": Family("gauge", "When a worker last read a record past its memory."),
    "cache_bytes": Family("gauge", "What a worker holds in memory, as it is weighed.", ("cache",)),
    "cache_misses": Family("counter", "Records that memory did not hold.", ("cache",)),
    "event_lines_lost": Family("counter", "Lines of decisions that no disk took."),
    "event_lines_waiting": Family("gauge", "Lines of decisions that are not written yet."),
    "event_write_failures": Family("counter", "Times that lines of decisions could not be written."),
    "job_runs": Family("counter", "Runs of a due job.", ("job",)),
    "job_failures": Family("counter", "Runs of a due job that failed.", ("job",)),
    "job_failing": Family("gauge", "Runs of a due job that failed since it last went well.", ("job",)),
    "job_overdue_seconds": Family("gauge", "Seconds since a due job should have begun.", ("job",)),
    "alarms": Family("gauge", "What the newsroom is alarmed about, by the id of the check.", ("check",)),
    "mails": Family("counter", "Mails to readers, by what became of them.", ("ended",)),
    "mails_waiting": Family("gauge", "Mails that wait to be sent."),
    "purges": Family("counter", "Purges of a cache, by how they ended.", ("ended",)),
    "notices": Family("counter", "What a payment provider told, by how it was taken.", ("ended",)),
}

_BOUNDS = (*(str(((1 << bits) - 1) / TICKS if bits else 0.0) for bits in range(BUCKETS - 1)), "+Inf")
#: Every second bound: powers of four are fine enough, and half as many lines.
_SHOWN = tuple(index for index, bound in enumerate(_BOUNDS) if index % 2 == 1 or bound == "+Inf")


class Counted(Collector):
    """Reads what processes of a host counted, each time that it is asked."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()

    def collect(self) -> Iterator[Metric]:
        """Every family that some process has a number of, then the processes themselves."""
        snapshots = read_all(self._folder)
        for name, family in FAMILIES.items():
            found = [(one, sample) for one in snapshots for sample in one.samples if sample.family == name]
            if found:
                yield _metric(name, family, found)
        yield from self._processes(snapshots)

    def _processes(self, snapshots: list[Snapshot]) -> Iterator[Metric]:
        up = GaugeMetricFamily("foldline_up", "1 where a process told of itself lately.", labels=["process"])
        began = GaugeMetricFamily("foldline_start_timestamp_seconds", "When a process began.", labels=["process"])
        memory = GaugeMetricFamily("foldline_memory_bytes", "Memory that a process holds.", labels=["process"])
        burnt = CounterMetricFamily("foldline_cpu_seconds", "Processor time of a process.", labels=["process"])
        now = self._clock.now()
        for one in snapshots:
            is_up = now - one.at < SILENT
            up.add_metric([one.process], int(is_up))
            began.add_metric([one.process], one.began)
            used = _used(one.pid) if is_up else None
            if used is not None:
                memory.add_metric([one.process], used[0])
                burnt.add_metric([one.process], used[1])
        yield from (up, began, memory, burnt)


def registry_of(folder: Path, clock: Clock | None = None) -> CollectorRegistry:
    """What is told of the processes of a home folder."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Counted(folder, clock))
    return registry


def _metric(name: str, family: Family, found: list[tuple[Snapshot, Sample]]) -> Metric:
    labels = ["process", *family.labels]
    known = [(one, sample) for one, sample in found if len(sample.labels) == len(family.labels)]
    if family.kind == "histogram":
        histogram = HistogramMetricFamily(f"foldline_{name}", family.says, labels=labels)
        for one, sample in known:
            histogram.add_metric([one.process, *sample.labels], _cumulative(sample.buckets), sample.value)
        return histogram
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = kind(f"foldline_{name}", family.says, labels=labels)
    for one, sample in known:
        metric.add_metric([one.process, *sample.labels], sample.value)
    return metric


def _cumulative(buckets: tuple[int, ...]) -> list[tuple[str, float]]:
    """(upper bound, how many were not longer), as Prometheus wants them."""
    total, counts = 0, []
    for count in buckets:
        total += count
        counts.append(total)
    return [(_BOUNDS[index], counts[index]) for index in _SHOWN]


def _used(pid: int) -> tuple[int, float] | None:
    """(bytes in memory, seconds of processor time) of a process, by proc(5); None where there is none."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(") ")[2].split()
    except (OSError, ValueError, IndexError):
        return None
    ticks = int(fields[11]) + int(fields[12])
    return pages * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK")
