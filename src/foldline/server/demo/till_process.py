"""The till's process beside the demonstration's others."""

from __future__ import annotations

import os
import signal
import socket
import threading
from types import FrameType

from foldline import config
from foldline.clock import SystemClock
from foldline.server import logs
from foldline.server.parent import end_with_parent
from foldline.site.billing.providers import refuse_real_keys, till_secrets
from foldline.site.billing.till.book import Book
from foldline.site.billing.till.service import TillService
from foldline.site.billing.till.telling import Messenger


def main() -> None:
    """Serve on the socket that the supervisor gave, until told to stop."""
    end_with_parent()
    refuse_real_keys(os.environ)
    settings = config.load(config.home_from(os.environ), os.environ)
    logs.begin(settings.log_format, "till")
    publication = settings.publication
    secrets = till_secrets(settings.secrets[0])
    book = Book(settings.home.till_db, SystemClock())
    listening = socket.socket(fileno=int(os.environ["FOLDLINE_LISTEN_FD"]))
    service = TillService(listening, book, secrets.key, publication.url, publication.name)
    messenger = Messenger(book, f"{publication.url}{publication.prefix}billing/notice", secrets.notices)

    def stop(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=service.shutdown).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    messenger.start()
    try:
        service.serve_forever(poll_interval=0.1)
    finally:
        messenger.stop()
        book.objects.close()


if __name__ == "__main__":
    main()
