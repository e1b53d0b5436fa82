from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from .browser import Browser, last_code, mails

pytestmark = pytest.mark.usefixtures("site")


class Sink:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.kept: list[tuple[list[str], EmailMessage]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.kept.append((envelope.rcpt_tos, message))
        return "250 kept"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    handler = Sink()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


def smtp(port: int) -> Any:
    from django.test import override_settings

    return override_settings(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, EMAIL_USE_TLS=False, EMAIL_USE_SSL=False, EMAIL_TIMEOUT=2,
    )  # fmt: skip


def test_a_reader_signs_in_with_the_code_of_a_mail_that_went_over_smtp(sink: tuple[Sink, int]) -> None:
    from foldline.site.readers.mail import POSTMAN

    handler, port = sink
    browser = Browser()
    with smtp(port):
        browser.ask("nora@example.test", "/an-article")
        POSTMAN.wait(10)
    to, message = handler.kept[0]
    assert to == ["nora@example.test"]
    assert message["From"] == "The Valley Post <no-reply@127.0.0.1>"
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    code = re.search(r"^    (\d{6})\r?$", plain.get_content(), re.MULTILINE)
    assert code is not None
    assert message["Subject"] == f"{code[1]} is your code for The Valley Post"
    assert code[1] in html.get_content()
    assert "/-/sign-in/link/" in html.get_content()
    assert browser.type_code(code[1])["Location"] == "/an-article#continue"


def test_the_test_message_arrives(sink: tuple[Sink, int]) -> None:
    from foldline.site.readers.mail import send_test

    handler, port = sink
    with smtp(port):
        send_test("operator@example.test")
    to, message = handler.kept[0]
    assert to == ["operator@example.test"]
    assert message["Subject"] == "Test message from The Valley Post"


def test_the_test_message_tells_the_operator_what_is_wrong() -> None:
    from foldline.site.readers.mail import send_test

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with smtp(port), pytest.raises(OSError, match="refused"):
        send_test("operator@example.test")


def test_a_mail_server_that_is_down_shows_a_visitor_nothing_and_is_tried_again(
    sink: tuple[Sink, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.site.readers import mail

    handler, port = sink
    monkeypatch.setattr(mail, "TRIES", (0, 0))
    failures = iter([True])
    deliver = mail.EmailMultiAlternatives.send

    def flaky(message: mail.EmailMultiAlternatives, fail_silently: bool = False) -> int:
        if next(failures, False):
            raise ConnectionRefusedError
        return deliver(message, fail_silently)

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", flaky)
    with smtp(port):
        assert Browser().ask("nora@example.test").status_code == 303
        mail.POSTMAN.wait(10)
    assert len(handler.kept) == 1


def test_a_mail_has_no_address_of_another_server_and_nothing_to_load() -> None:
    Browser().ask("nora@example.test")
    message = mails()[-1]
    html = message.alternatives[0][0]
    hosts = set(re.findall(r"https?://([^/\s\"<]+)", message.body + html))
    assert hosts == {"127.0.0.1:8080"}
    assert "<img" not in html
    assert last_code() in html
