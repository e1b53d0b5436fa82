"""`/-/live` and `/-/ready`: what a supervisor or a balancer asks. One word each, and the same for everybody.

They answer on any host: who looks after a container knows it by its address alone. Nothing of the request but its path
chooses the answer, so that it can't be a way around anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from foldline.gate import tally
from foldline.gate.request import Request
from foldline.gate.response import NO_STORE, HeaderList, Response
from foldline.gate.state import GateState

#: What was read longer ago than this many seconds is not read lately.
LATELY = 30

_READS = ("GET", "HEAD")
_SAID = {(b"live", True): b"live\n", (b"ready", True): b"ready\n", (b"ready", False): b"not ready\n"}


@dataclass(frozen=True, slots=True)
class Lack:
    """What a worker lacks to decide, as its log and its metrics say it. Never said to who asks."""

    rules: bool
    records: bool
    changes: bool

    def __bool__(self) -> bool:
        return self.rules or self.records or self.changes

    def __str__(self) -> str:
        named = (("rules", self.rules), ("records", self.records), ("changes", self.changes))
        return ", ".join(name for name, lacks in named if lacks)


def lack_of(gate: GateState) -> Lack:
    """What this worker lacks now: rules in force, records that were read lately, changes that were heard lately."""
    since = gate.now() - LATELY
    return Lack(gate.rules is None, gate.records_read_at < since, gate.changes_heard_at < since)


def get_health(request: Request, gate: GateState) -> Response:
    """200, or 503 where this worker can't decide by all that it should know. Never kept, and never with a cookie."""
    more: HeaderList
    if request.method not in _READS:
        status, said, more = 405, b"Method not allowed.\n", ((b"allow", b"GET, HEAD"),)
    else:
        name = request.path[len(gate.prefix) :]
        good = name == b"live" or not lack_of(gate)
        status, said, more = (200 if good else 503), _SAID[name, good], ()
    headers = (
        (b"content-type", b"text/plain; charset=utf-8"),
        *NO_STORE,
        *gate.security,
        (b"x-robots-tag", b"noindex"),
        *more,
        (b"content-length", b"%d" % len(said)),
    )
    return Response(status, headers, said, kind=tally.HEALTH)
