"""The pages about accounts of a mounted gate: another process, which `foldline serve` runs without workers."""

from __future__ import annotations

import re
import time
from pathlib import Path
from urllib.parse import urlencode

from foldline.testing.answers import Answer

from .room import START, Example, accounts_of, running


def test_the_account_pages_come_from_the_process_that_serve_runs_and_no_worker_does(tmp_path: Path) -> None:
    with running("flask", tmp_path) as (paper, _):
        assert paper.get("/-/sign-in").status == 502
        with accounts_of(paper) as said:
            end = time.monotonic() + START
            while (answer := paper.get("/-/sign-in")).status != 200 or "Accounts of" not in said.read_text("utf-8"):
                assert time.monotonic() < end, said.read_text(encoding="utf-8")
                time.sleep(0.1)
            told = said.read_text(encoding="utf-8")
            asked = _code_for("reader@paper.example", paper, answer)
            # Mails leave after the answer does, so that how long one takes tells a visitor nothing.
            mailed = _soon_mailed(paper.folder / "home" / "mail", "reader@paper.example")
        assert "Accounts of The Example are ready for the gate in your application." in told
        assert "is served on" not in told
        assert asked.status in (302, 303)
        assert mailed, "a code was mailed through the mounted gate"


def _code_for(address: str, paper: Example, form: Answer) -> Answer:
    """What a browser sends from the page."""
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form.text))
    jar = "; ".join(f"{name}={value}" for name, value in form.cookies.items()).encode()
    headers = (
        (b"Content-Type", b"application/x-www-form-urlencoded"),
        (b"Cookie", jar),
        (b"Origin", paper.settings.publication.url.encode()),
        (b"Sec-Fetch-Site", b"same-origin"),
    )
    body = urlencode({**fields, "email": address}).encode()
    return paper.client.ask("POST", b"/-/sign-in", headers, body)


def _soon_mailed(folder: Path, address: str) -> bool:
    """Whether a mail to an address is written within the time that a start may take."""
    end = time.monotonic() + START
    while time.monotonic() < end:
        if any(f"To: {address}" in mail.read_text("utf-8", "replace") for mail in folder.glob("*")):
            return True
        time.sleep(0.05)
    return False
