"""The process behind the gate: reader pages on a unix socket, or the desk on a port of its own."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from importlib import import_module

import uvloop

from foldline.config import home_from, load
from foldline.server import logs
from foldline.server.graceful import GracefulServer
from foldline.server.parent import end_with_parent
from foldline.server.uvicorn_config import uvicorn_config

SETTINGS = {"site": "foldline.server.settings", "desk": "foldline.server.desk_settings"}


async def _serve(surface: str, on_leave: Callable[[], None]) -> None:
    applications = import_module("foldline.server.asgi_site")
    config = uvicorn_config(
        getattr(applications, surface)(), uds=os.environ["FOLDLINE_SOCKET"] if surface == "site" else None
    )
    sockets = [socket.socket(fileno=int(os.environ["FOLDLINE_LISTEN_FD"]))] if surface == "desk" else None
    await GracefulServer(config, on_leave).serve(sockets=sockets)


def main(surface: str) -> None:
    """Started by the supervisor with `site` or `desk`."""
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS[surface]
    end_with_parent()
    settings = load(home_from(os.environ), os.environ)
    logs.begin(settings.log_format, surface)
    stop = threading.Event()
    if surface == "site":
        # Django must be set up before anything of the site can be imported.
        import_module("django").setup()
        due = import_module("foldline.server.due")
        threading.Thread(target=due.run_forever, args=(stop,), name="due", daemon=True).start()
        # A thread of its own: a cache that hangs holds up no publication.
        purging = import_module("foldline.server.purging")
        threading.Thread(target=purging.run_forever, args=(settings, stop), name="purging", daemon=True).start()
        this_host = import_module("foldline.server.this_host")
        threading.Thread(target=this_host.run_forever, args=(settings, stop), name="host", daemon=True).start()
    if settings.metrics is not None:
        import_module("django").setup()
        telling = import_module("foldline.server.site_counts")
        threading.Thread(target=telling.run_forever, args=(settings, surface, stop), name="counts", daemon=True).start()
    try:
        uvloop.run(_serve(surface, stop.set))
    finally:
        stop.set()


if __name__ == "__main__":
    main(sys.argv[1])
