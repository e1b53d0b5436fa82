"""A process that was started by the supervisor ends with it, even where the supervisor was killed."""

from __future__ import annotations

import os
import signal
import threading
import time


def end_with_parent(interval: float = 1.0) -> None:
    """Watch the parent from a thread; once it is gone, ask this process to stop."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(interval)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
