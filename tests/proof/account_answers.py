"""Run in a process of its own, once for each of two worlds: what the pages about an account answer, as JSON lines.

`python -m tests.proof.account_answers FAULT` with FOLDLINE_HOME set; FAULT is the name of a seeded one, or "-". Chance
and time are the same in every run, so that two runs may differ by what lies in their homes alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from foldline.stores.schema import connect

NOON = 1_773_835_200
ADDRESS, OTHER_ADDRESS = "reader@twin.example", "nobody@twin.example"
#: The number of an address that signs in to the account beside its own.
FURTHER = 900


class SameChance:
    """The same bytes in every run, call by call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, count: int) -> bytes:
        self.calls += 1
        return hashlib.shake_256(b"account %d" % self.calls).digest(count)


def prepare() -> None:
    chance = SameChance()
    os.urandom = chance
    random._urandom = chance  # type: ignore[attr-defined]
    time.time = lambda: float(NOON)
    os.environ["DJANGO_SETTINGS_MODULE"] = "foldline.server.settings"
    import django
    from django.core.management import call_command
    from django.utils import timezone

    timezone.now = lambda: datetime.fromtimestamp(NOON, UTC)
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


def addresses(pk: int) -> list[str]:
    """Every address of the readers' side, also those that want a value."""
    from django.urls import reverse

    from foldline.site.circulation import pages as circulation
    from foldline.site.feeds import pages as feeds
    from foldline.site.gifts import pages as gifts
    from foldline.site.readers.urls import urlpatterns

    values: dict[str, dict[str, Any]] = {
        "mailed_link": {"opaque": "made-up"},
        "identity": {"name": "elsewhere"},
        "identity_back": {"name": "elsewhere"},
        "change_passkey": {"number": pk},
        "unlink": {"number": pk},
        "end_feed": {"number": 1},
        "take_gift_back": {"number": "00ff"},
        "remove_address": {"number": FURTHER},
    }
    every = (*urlpatterns, *circulation.ADDRESSES, *feeds.ADDRESSES, *gifts.ADDRESSES)
    return [reverse(str(pattern.name), kwargs=values.get(str(pattern.name), {})) for pattern in every]


def answers() -> list[dict[str, Any]]:
    from django.test import Client

    from foldline.site.readers.models import Reader

    reader = join()
    asked: list[dict[str, Any]] = []
    for who in ("stranger", "signed in"):
        for address in addresses(reader.pk):
            # A browser anew for each address: signing out, or an erasure, must not decide about the others.
            client = Client(headers=HEADERS)
            reader = Reader.objects.filter(email=ADDRESS).first() or join()
            if who == "signed in":
                sign_in(client, reader)
            for query in ("", "?next=/the-lamp", "?next=/the-tide&article=3"):
                asked.append(answer_of(client, "get", address + query, who))
            typed = {"email": OTHER_ADDRESS, "code": "000000", "number": "A1001", "postcode": "1234"}
            for form in ({}, {**typed, "next": "/the-lamp", "article": "3"}):
                asked.append(answer_of(client, "post", address, who, form))
    return asked


def join(address: str = ADDRESS) -> Any:
    from allauth.account.models import EmailAddress

    from foldline.site.readers.models import Reader

    reader = Reader.objects.create_user(address)
    EmailAddress.objects.create(user=reader, email=address, verified=True, primary=True)
    if address == ADDRESS:
        further = {"email": f"further-{address}", "verified": True, "primary": False}
        EmailAddress.objects.update_or_create(pk=FURTHER, defaults={"user": reader, **further})
    return reader


HEADERS = {"host": "twin.example", "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.7"}


def sign_in(client: Any, reader: Any) -> None:
    from foldline.site.readers import passes

    client.force_login(reader, backend="allauth.account.auth_backends.AuthenticationBackend")
    request = type("Request", (), {"session": client.session, "headers": {}, "META": {}})()
    passes.start(request, reader)


def answer_of(client: Any, method: str, target: str, who: str, form: dict[str, str] | None = None) -> dict[str, Any]:
    kept = deepcopy(client.cookies)
    answer = getattr(client, method)(target, form, secure=True) if form is not None else client.get(target, secure=True)
    # An answer must not change who asks the next question.
    client.cookies = kept
    return {
        "asked": f"{who}: {method} {target}",
        "status": answer.status_code,
        "headers": sorted(answer.headers.items()),
        "cookies": sorted(morsel.OutputString() for morsel in answer.cookies.values()),
        "body": answer.content.decode(),
    }


def _tell_how_long() -> None:
    """A page that leads back to an article says how much of it there is to read."""
    from django.conf import settings

    from foldline.site.readers import rendering

    honest = rendering.framed

    def framed(title: str, main: str, status: int = 200) -> Any:
        connection = connect(settings.FOLDLINE.home.sealed_db)
        size = connection.execute("SELECT SUM(LENGTH(plain)) FROM rests").fetchone()[0]
        connection.close()
        return honest(title, f"{main}<!-- {size} -->", status)

    rendering.framed = framed


def _quote() -> None:
    """An answer carries the first words of the rest in a header."""
    from django.conf import settings
    from django.core.handlers.base import BaseHandler

    honest = BaseHandler.get_response

    def get_response(self: Any, request: Any) -> Any:
        answer = honest(self, request)
        connection = connect(settings.FOLDLINE.home.sealed_db)
        text = bytes(connection.execute("SELECT plain FROM rests WHERE article = 3").fetchone()[0]).decode()
        connection.close()
        answer["x-lead"] = "".join(letter for letter in text[:300] if letter.isascii() and letter.isprintable())
        return answer

    BaseHandler.get_response = get_response  # type: ignore[method-assign]


FAULTS: dict[str, Callable[[], None]] = {"account-tells-length": _tell_how_long, "account-quotes-the-rest": _quote}


def main(fault: str) -> None:
    prepare()
    if fault in FAULTS:
        FAULTS[fault]()
    for answer in answers():
        print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
