"""The till's messenger: signs each notice that is due and brings it to the site, a bounded number of times."""

from __future__ import annotations

import http.client
import json
import logging
import threading
from urllib.parse import urlsplit

from foldline.site.billing.signature import sign
from foldline.site.billing.till.book import Book
from foldline.site.billing.till.loopback import require_loopback
from foldline.site.billing.till.objects import Object

log = logging.getLogger(__name__)

PAUSE, TIMEOUT = 0.2, 5.0
HEADER = "Till-Signature"


def notice_body(notice: Object) -> bytes:
    """What is signed and sent."""
    named = {name: notice[name] for name in ("id", "kind", "subscription", "created")}
    return json.dumps({"object": "till.notice", **named, "live": False}).encode()


class Messenger(threading.Thread):
    """A thread that tells `address` (the site's `/-/billing/notice`, on loopback) what happened."""

    def __init__(self, book: Book, address: str, secret: str) -> None:
        require_loopback(address)
        super().__init__(name="till messenger", daemon=True)
        self._book, self._secret = book, secret
        self._to = urlsplit(address)
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(PAUSE):
            try:
                self._book.keep_up()
                self.tell_all()
            except Exception:
                log.exception("the till's messenger goes on")

    def stop(self) -> None:
        self._over.set()
        self.join(2 * TIMEOUT)

    def tell_all(self) -> None:
        """Everything that is due now, once."""
        for notice in self._book.objects.due_notices(self._book.now()):
            if self._over.is_set():
                return
            self._book.objects.notice_sent(notice, self._tell(notice), self._book.now())

    def _tell(self, notice: Object) -> bool:
        body = notice_body(notice)
        signature = sign(body, self._secret, self._book.now())
        line = http.client.HTTPConnection(self._to.hostname or "", self._to.port, timeout=TIMEOUT)
        try:
            line.request("POST", self._to.path, body, {"Content-Type": "application/json", HEADER: signature})
            return 200 <= line.getresponse().status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()
