"""Coming in at the desk, as somebody of a role."""

from __future__ import annotations

import re
from uuid import uuid4

from tests.readers.processes import Answer, DeskBrowser, totp

PASSWORD = "a pass phrase that is long enough"


def make_staff(role: str = "admin") -> str:
    """A member of staff with an address of their own: the desk counts tries for each."""
    from foldline.site.desk import staff

    email = f"{uuid4().hex[:8]}@example.test"
    staff.add(email, staff.Role(role), PASSWORD)
    return email


def with_password(desk: DeskBrowser, email: str, password: str = PASSWORD) -> Answer:
    desk.get("/sign-in")
    return desk.post("/sign-in", {"email": email, "password": password})


def enrol(desk: DeskBrowser) -> str:
    """Set up the second factor; gives its secret."""
    secret = re.search(r"<code>([A-Z2-7]+)</code>", desk.get("/second-factor").text)
    assert secret is not None
    assert desk.post("/second-factor", {"code": totp(secret[1])}).headers["location"] == "/"
    return secret[1]


def come_in(desk: DeskBrowser, role: str = "admin") -> str:
    """Come in by the door, with a password and a second factor; gives the address of who did."""
    email = make_staff(role)
    with_password(desk, email)
    enrol(desk)
    return email


def enter(desk: DeskBrowser, role: str = "admin") -> str:
    """Be at the desk with a session as the door makes one (`come_in`, which takes seconds); gives the address."""
    from django.conf import settings
    from django.contrib.auth import login
    from django.contrib.sessions.backends.db import SessionStore
    from django.http import HttpRequest
    from django.test import override_settings

    from foldline.server.settings import django_key
    from foldline.site.desk import roles
    from foldline.site.desk.access import record_second_factor
    from foldline.site.readers.models import Reader

    member = Reader(email=f"{uuid4().hex[:8]}@example.test")
    member.set_unusable_password()
    member.save()
    roles.give(member, roles.Role(role))
    request = HttpRequest()
    with override_settings(SECRET_KEY=django_key(settings.FOLDLINE.secrets[0], "django desk")):
        request.session = SessionStore()
        login(request, member, settings.AUTHENTICATION_BACKENDS[0])
        record_second_factor(request, member, "totp")
        request.session.save()
    desk.cookies["foldline-desk-session"] = request.session.session_key or ""
    return member.email
