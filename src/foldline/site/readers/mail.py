"""Mails to readers: the code for signing in, and a test message for the operator."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from email.utils import formataddr, make_msgid
from pathlib import Path
from threading import BoundedSemaphore

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from foldline.insight.counts import count
from foldline.site.readers import codes
from foldline.site.readers.rendering import Texts, publication
from foldline.site.readers.wording import words

log = logging.getLogger(__name__)

#: Seconds before each try. A reader who waits for a code has asked again after a minute.
TRIES: Sequence[float] = (0, 2, 10)
MOST_WAITING = 1000


class Postman:
    """Sends mails one after another, off the path of the request: how long that takes tells a visitor nothing."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "mail")
        self._room = BoundedSemaphore(MOST_WAITING)
        self._last: Future[None] | None = None
        #: How many are not sent yet, that which is being sent among them.
        self.waiting = 0

    def post(self, message: EmailMultiAlternatives) -> None:
        """Send a message soon. One that can't be sent, or finds no room, is logged without its address."""
        if not self._room.acquire(blocking=False):
            count("mails", "dropped")
            log.error("a mail was dropped: %d are waiting", MOST_WAITING)
            return
        self.waiting += 1
        self._last = self._thread.submit(self._deliver, message)

    def wait(self, timeout: float | None = None) -> None:
        """Until everything posted so far is sent or given up."""
        if self._last is not None:
            self._last.result(timeout)

    def _deliver(self, message: EmailMultiAlternatives) -> None:
        try:
            for pause in TRIES:
                time.sleep(pause)
                try:
                    message.send()
                    count("mails", "sent")
                    return
                except (OSError, ValueError) as error:
                    log.warning("a mail could not be sent: %s", type(error).__name__)
            count("mails", "given up")
            log.error("a mail was given up after %d tries; `foldline check --mail` says more", len(TRIES))
        finally:
            self.waiting -= 1
            self._room.release()


POSTMAN = Postman()


def send_code(email: str, mailed: codes.Mailed) -> None:
    """Mail a code, with the link that shows it. The link's host is the publication's own, whatever was asked for."""
    minutes = codes.LIFE // timedelta(minutes=1)
    link = f"{publication().url}{publication().prefix}sign-in/link/{mailed.opaque}"
    lasts = words().format("mail.code-lasts", minutes=minutes)
    context = {"w": Texts(), "code": mailed.code, "link": link, "lasts": lasts}
    subject = words().format("mail.code-subject", code=mailed.code, name=publication().name)
    POSTMAN.post(_message(email, subject, "code", context))
    if settings.FOLDLINE.demo:
        # Its mail page is often open before the next page is.
        with suppress(TimeoutError):
            POSTMAN.wait(2)


def send_code_again(email: str, code: str) -> None:
    """Mail another code for the browser that waits for one. There is no link: only that browser knows its question."""
    lasts = words().format("mail.address-lasts", minutes=codes.LIFE // timedelta(minutes=1))
    subject = words().format("mail.code-subject", code=code, name=publication().name)
    POSTMAN.post(_message(email, subject, "code", {"w": Texts(), "code": code, "link": "", "lasts": lasts}))


def send_address_code(email: str, mailed: codes.Mailed) -> None:
    """Mail a code that confirms a new address. It signs nobody in, and there is no link."""
    lasts = words().format("mail.address-lasts", minutes=codes.LIFE // timedelta(minutes=1))
    subject = words().format("mail.address-subject", code=mailed.code, name=publication().name)
    POSTMAN.post(_message(email, subject, "address", {"w": Texts(), "code": mailed.code, "lasts": lasts}))


def send_notice(to: str, what: str, foot: Sequence[str] = (), **values: object) -> None:
    """Tell a reader what happened to their account: the words `mail.<what>-subject`, `-lead` and `-more`. `foot` are
    lines below the signature."""
    link = f"{publication().url}{publication().prefix}account"
    told = {"name": publication().name, "contact": settings.DEFAULT_FROM_EMAIL, "link": link, **values}
    more = f"mail.{what}-more"
    context = {
        "w": Texts(),
        "lead": words().format(f"mail.{what}-lead", **told),
        "more": words().format(more, **told) if more in words() else "",
        "foot": foot,
    }
    POSTMAN.post(_message(to, words().format(f"mail.{what}-subject", **told), "notice", context))


def send_test(to: str) -> None:
    """Send the message of `foldline check --mail` now.

    Raises:
        OSError: as smtplib and the network raise it, for the operator to read.
    """
    subject = words().format("mail.test-subject", name=publication().name)
    _message(to, subject, "test", {"w": Texts()}).send()


def forget(addresses: Iterable[str]) -> None:
    """Delete the mails to these addresses that were written into the home folder, where no mail host was set."""
    wanted = [address.encode() for address in addresses]
    for file in Path(settings.EMAIL_FILE_PATH).glob("*"):
        with suppress(FileNotFoundError):
            written = file.read_bytes().lower()
            if any(address in written for address in wanted):
                file.unlink()


def _message(to: str, subject: str, template: str, context: Mapping[str, object]) -> EmailMultiAlternatives:
    values = {**context, "name": publication().name, "language": words().language}
    name = " ".join(publication().name.split())
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string(f"readers/mail/{template}.txt", values),
        from_email=formataddr((name, settings.DEFAULT_FROM_EMAIL)),
        to=[to],
        headers={
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "Message-ID": make_msgid(domain=settings.ALLOWED_HOSTS[0]),
        },
    )
    message.attach_alternative(render_to_string(f"readers/mail/{template}.html", values), "text/html")
    return message
