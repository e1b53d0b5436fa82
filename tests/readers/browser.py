"""A browser for tests: it keeps cookies, sends the token of the form it was shown, and follows nothing by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.core import mail
from django.http import HttpResponse
from django.test import Client

HOST = "127.0.0.1:8080"


@dataclass
class Browser:
    """`address` is who asks, as the gate tells it."""

    address: str = "192.0.2.7"
    host: str = HOST
    client: Client = field(init=False)
    token: str = ""

    def __post_init__(self) -> None:
        headers = {"X-Forwarded-For": self.address, "X-Forwarded-Proto": "http"}
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False, headers=headers)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self._shown(self.client.get(path, headers={"Host": self.host, **headers}))

    def head(self, path: str, **headers: str) -> HttpResponse:
        return self.client.head(path, headers={"Host": self.host, **headers})

    def post(self, path: str, data: dict[str, str] | None = None, **headers: str) -> HttpResponse:
        given = {"csrfmiddlewaretoken": self.token, **(data or {})}
        return self._shown(self.client.post(path, given, headers={"Host": self.host, **headers}))

    def cookie(self, name: str) -> str:
        found = self.client.cookies.get(name)
        return found.value if found is not None else ""

    def ask(self, email: str, next_path: str = "/") -> HttpResponse:
        """Type an address, as a reader who came from `next_path`."""
        self.get(f"/-/sign-in?next={next_path}")
        return self.post("/-/sign-in", {"email": email, "next": next_path})

    def type_code(self, code: str) -> HttpResponse:
        self.get("/-/sign-in/code")
        return self.post("/-/sign-in/code", {"code": code})

    def sign_in(self, email: str, next_path: str = "/") -> HttpResponse:
        self.ask(email, next_path)
        return self.type_code(last_code())

    def _shown(self, response: HttpResponse) -> HttpResponse:
        found = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', response.content)
        if found:
            self.token = found[1].decode()
        return response


def mails() -> list[Any]:
    """What was sent, once the postman has come back."""
    from foldline.site.readers.mail import POSTMAN

    POSTMAN.wait(10)
    return mail.outbox


def last_code() -> str:
    found = re.search(r"^\s{4}(\d{6})$", mails()[-1].body, re.MULTILINE)
    assert found is not None
    return found[1]


def last_link() -> str:
    """The path of the link in the last mail."""
    found = re.search(rf"http://{re.escape(HOST)}(/-/sign-in/link/\S+)", mails()[-1].body)
    assert found is not None
    return found[1]


def wrong(code: str) -> str:
    """Another code of the same form."""
    return f"{(int(code) + 1) % 1_000_000:06}"
