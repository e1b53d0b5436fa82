"""What a gate worker tells of itself, as samples of the families in `server/metrics.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from foldline.gate.health import lack_of
from foldline.gate.tally import KINDS
from foldline.insight.counts import Sample

if TYPE_CHECKING:
    from foldline.server.worker import Worker


def samples(worker: Worker) -> Iterator[Sample]:
    """Everything that a worker has counted, and how it stands."""
    tally, state, library, events = worker.app.tally, worker.state, worker.library, worker.events
    yield Sample("ready", (), int(not lack_of(state)))
    yield Sample("changes_heard_timestamp_seconds", (), state.changes_heard_at)
    yield Sample("records_read_timestamp_seconds", (), state.records_read_at)
    public, sealed = library.held_bytes()
    yield Sample("cache_bytes", ("public",), public)
    yield Sample("cache_bytes", ("sealed",), sealed)
    yield Sample("cache_misses", ("public",), library.public_reads)
    yield Sample("cache_misses", ("sealed",), library.sealed_reads)
    yield Sample("event_lines_lost", (), events.lost)
    yield Sample("event_lines_waiting", (), events.waiting)
    yield Sample("event_write_failures", (), events.failures)
    for (kind, status), count in sorted(tally.by_status().items()):
        yield Sample("answers", (kind, str(status) if status else "passed"), count)
    for kind, buckets in sorted(tally.by_latency().items()):
        yield Sample("answer_seconds", (kind,), tally.seconds[KINDS.index(kind)], tuple(buckets))
    for family, counter in (("needs_unmet", tally.failures), ("spends", tally.spends), ("gifts_opened", tally.gifts)):
        for name, count in sorted(counter.items()):
            yield Sample(family, (name,), count)
    for (outcome, reason), count in sorted(events.written.items()):
        yield Sample("decisions", (outcome, reason), count)
