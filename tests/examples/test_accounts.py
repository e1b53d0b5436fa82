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
            mails = [path.read_text("utf-8", "replace") for path in (paper.folder / "home" / "mail").iterdir()]
        assert "Accounts of The Example are ready for the gate in your application." in told
        assert "is served on" not in told
        assert asked.status in (302, 303)
        assert any("reader@paper.example" in mail for mail in mails), "a code was mailed through the mounted gate"


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
