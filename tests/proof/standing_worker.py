"""A worker whose clock stands: twins that sign something new for a reader sign the same.

`python -m tests.proof.standing_worker` with what every worker finds in its environment.
"""

from __future__ import annotations

from foldline.clock import SystemClock
from foldline.server.threaded_stores import ThreadedPasses
from foldline.server.worker import main

STANDS_AT = 1_775_100_000


#: Seconds. On a busy machine a store may take longer than a visit waits, and then an outage's clock counts.
PATIENCE = (10.0,)


if __name__ == "__main__":
    SystemClock.now = lambda clock: float(STANDS_AT)  # type: ignore[method-assign]
    ThreadedPasses.__init__.__defaults__ = PATIENCE
    main()
