"""A newspaper on http://localhost, which has a name and so passkeys, as `foldline serve` serves it."""

from __future__ import annotations

import email.policy
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page
from tests.readers.provider import RunningProvider, free_port

SETTINGS = """\
[publication]
name = "The Valley Post"
url = "{url}"
tagline = "News from both sides of the river"
zone = "America/New_York"

[listen]
port = {port}

[desk]
port = {desk}

[sign-in.elsewhere]
label = "Elsewhere"
issuer = "{issuer}"
client = "valley-post"
"""
ARTICLE = """\
---
title: How to read the weather map
date: 2026-03-02
access: registered
section: Science
---

{preview}

<!--fold-->

{rest}
"""
PATH = "/how-to-read-the-weather-map"
REST = "Only who has signed in reads how a front is drawn, and where the wind turns."


@dataclass
class Paper:
    """`url` is what readers type."""

    url: str
    home: Path
    provider: RunningProvider
    seen: set[str] = field(default_factory=set)

    def mails(self) -> list[Any]:
        """Every mail that was written, the oldest first."""
        files = sorted((self.home / "mail").glob("*"), key=lambda path: path.stat().st_mtime_ns)
        found = []
        for file in files:
            for text in re.split(rb"\n-{70,}\n", file.read_bytes()):
                if text.strip():
                    found.append(email.message_from_bytes(text, policy=email.policy.default))
        return found

    def code(self, address: str) -> str:
        """The next code that was mailed to an address and not asked for here before."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            for mail in self.mails():
                code = re.match(r"\d{6}", str(mail["Subject"]))
                if code and mail["To"] == address and code[0] not in self.seen:
                    self.seen.add(code[0])
                    return code[0]
            time.sleep(0.05)
        raise AssertionError("no mail came")


@contextmanager
def running_paper(home: Path, provider: RunningProvider) -> Iterator[Paper]:
    """`foldline serve` with one registered article and one provider of sign-ins, until the block ends."""
    port, desk = free_port(), free_port()
    url = f"http://localhost:{port}"
    text = SETTINGS.format(url=url, port=port, desk=desk, issuer=provider.issuer)
    (home / "foldline.toml").write_text(text, encoding="utf-8")
    articles = home / "written"
    articles.mkdir()
    preview = "\n\n".join(
        f"The weather map of day {day} lies on the table, and nobody can read it." for day in range(6)
    )
    rest = "\n\n".join([REST] * 12)
    (articles / f"{PATH[1:]}.md").write_text(ARTICLE.format(preview=preview, rest=rest), encoding="utf-8")
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    environ = {
        **keep,
        "FOLDLINE_HOME": str(home),
        "FOLDLINE_SECRET": secrets.token_hex(32),
        "FOLDLINE_SIGN_IN_ELSEWHERE_SECRET": "a secret of this client",
    }
    verb = [sys.executable, "-m", "foldline.cli.main"]
    subprocess.run([*verb, "migrate"], env=environ, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*verb, "import", "markdown", str(articles)], env=environ, check=True, stdout=subprocess.DEVNULL)
    process = subprocess.Popen([*verb, "serve"], env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise AssertionError(f"it ended with {process.wait()}")
        yield Paper(url, home, provider)
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


def give_authenticator(page: Page) -> tuple[CDPSession, str]:
    """A virtual authenticator in a page's browser: (connection, its number). It keeps keys and knows its owner."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session, made["authenticatorId"]


def keys_of(session: CDPSession, authenticator: str) -> list[Any]:
    found = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    keys: list[Any] = found["credentials"]
    return keys
