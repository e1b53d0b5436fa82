"""What is no leak that was seen, and worth a look: what may keep wholes where no audit can ask."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foldline.proof.audit.asking import Reply

_WORKER = re.compile(
    r"serviceWorker\s*\.\s*register|importScripts|workbox|self\.addEventListener\(\s*[\"'](?:fetch|install)"
)
_HOSTED = re.compile(r"\b(algolia(?:net)?|typesense|meilisearch|swiftype|elastic-cloud)", re.IGNORECASE)


def of_whole(path: str, whole: Reply) -> Iterator[str]:
    """What a subscriber's answer says to caches (D02)."""
    told = whole.header(b"cache-control")
    if "no-store" in told.lower():
        return
    said = f"Cache-Control: {told}" if told else "no Cache-Control at all"
    shared = "" if "private" in told.lower() else " A cache that many share may keep it, too."
    yield (
        f"D02, D23: {path} is sent to a subscriber with {said}: without no-store a browser shows it again after signing"
        f" out, by its Back button.{shared}"
    )


def of_answer(target: str, reply: Reply) -> Iterator[str]:
    """What a page or a script names that keeps or searches texts elsewhere (D25, B13)."""
    if reply.status != 200 or not (reply.is_html or "javascript" in reply.kind):
        return
    text = reply.text
    if _WORKER.search(text):
        yield f"D25: {target} has to do with a service worker. What it keeps in browsers was not looked at."
    if hosted := _HOSTED.search(text):
        name = hosted[1].lower()
        yield f"B13: {target} names {name}. If its index holds whole texts, the key in the page opens them to all."
