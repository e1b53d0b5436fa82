"""Fetches what lists articles, as a feed, with the gate's own identity. It goes to the cut, and to nobody else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from foldline.errors import OriginUnavailable
from foldline.sources.origin.answers import REDIRECTS, charset_of, media_type
from foldline.sources.origin.asking import Fetching
from foldline.sources.origin.fetch import MOST_PAGE, leads_to, unpacked
from foldline.sources.origin.headers import Asker, Fields, fetch_fields

#: What is asked for, by what an answer is read as.
ACCEPTS = {
    "feed": b"application/rss+xml,application/atom+xml,application/feed+json,application/xml;q=0.9,*/*;q=0.1",
    "rest": b"application/json",
}
#: Counts of what was asked for, which clients page by.
COUNTS = (b"x-wp-total", b"x-wp-totalpages")


@dataclass(frozen=True, slots=True)
class FetchedList:
    """One answer. `location` is where it leads: a path of the site itself, or a whole URL elsewhere. `body` is empty
    for everything but 200."""

    status: int
    media_type: str = ""
    charset: str = ""
    body: bytes = b""
    location: str = ""
    counts: tuple[tuple[bytes, bytes], ...] = ()


async def fetch_list(client: Fetching, target: bytes, form: str, asker: Asker, agent: bytes) -> FetchedList:
    """What the origin has at a target that is rewritten as `form`.

    Raises:
        OriginUnavailable: it does not answer; `why` is "too large" for an answer of more than 4 MB.
    """
    async with await client.ask("GET", target, fetch_fields(asker, agent, (), ACCEPTS[form])) as answer:
        status, headers = answer.status, answer.headers
        if status in REDIRECTS:
            return FetchedList(status, location=leads_to(headers, target, asker))
        if status >= 500 or status in (401, 403, 407, 408, 421, 425, 429):
            raise OriginUnavailable("failing", f"status {status}")
        if status != 200:
            return FetchedList(status)
        body = unpacked(await answer.body(MOST_PAGE), headers, MOST_PAGE)
        return FetchedList(200, media_type(headers), charset_of(headers), body, counts=_counts(headers))


def _counts(headers: Fields) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name, value) for name, value in headers if name in COUNTS and re.fullmatch(rb"[0-9]{1,9}", value))
