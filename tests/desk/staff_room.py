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


def enter(desk: DeskBrowser, role: str = "admin") -> str:
    email = make_staff(role)
    with_password(desk, email)
    enrol(desk)
    return email
