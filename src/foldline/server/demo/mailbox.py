"""The mails that the demonstration has written into files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

MOST = 50

#: What Django's file backend writes between messages.
_END = f"\n{'-' * 79}\n"
_CODE = re.compile(r"^\s{4}(\d{6,8})$", re.MULTILINE)
_LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. `code` and `link` are "" where its text has none of ours."""

    to: str
    subject: str
    at: datetime | None
    text: str
    code: str
    link: str


def read_mails(folder: Path, url: str) -> list[Mail]:
    """The newest mails in `folder`, newest first. Links count only where they lead to `url`."""
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    mails: list[Mail] = []
    for file in files:
        texts = [text for text in file.read_text(encoding="utf-8").split(_END) if text.strip()]
        mails += [_mail(text, url) for text in reversed(texts)]
        if len(mails) >= MOST:
            break
    return mails[:MOST]


def _mail(raw: str, url: str) -> Mail:
    # As bytes: a text in eight bits comes out of a string with its letters escaped.
    message = message_from_bytes(raw.encode(), _class=EmailMessage, policy=default)
    body = message.get_body(("plain",))
    text = str(body.get_content()) if body is not None else ""
    code = _CODE.search(text)
    links = [link for link in _LINK.findall(text) if link.startswith(f"{url}/")]
    return Mail(
        str(message["To"]),
        str(message["Subject"]),
        _date(message["Date"]),
        text,
        code[1] if code else "",
        links[0] if links else "",
    )


def _date(header: str | None) -> datetime | None:
    if not header:
        return None
    at = parsedate_to_datetime(header)
    # `-0000` is UTC from a sender that does not tell its zone (RFC 5322, 3.3); Python gives it without any.
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
