"""A site in WSGI of whatever answers a test needs, which remembers what it was asked, when, and by whom."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.sites.site import served

Answer = tuple[str, list[tuple[str, str]], bytes | Iterable[bytes]]
HTML = ("Content-Type", "text/html; charset=utf-8")
XML = ("Content-Type", "application/xml")
TEXT = ("Content-Type", "text/plain")


def html(text: str) -> Answer:
    return "200 OK", [HTML], text.encode()


def moved(to: str) -> Answer:
    return "302 Found", [HTML, ("Location", to)], b""


@dataclass
class OddSite:
    """`answers` by path with its query; what is not there is answered 404."""

    answers: dict[str, Answer | Callable[[], Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else "")
        self.asked.append(path)
        self.times.append(time.monotonic())
        self.seen.append({name: value for name, value in environ.items() if name.startswith("HTTP_")})
        answer = self.answers.get(path, ("404 Not Found", [HTML], b"<p>No"))
        status, headers, body = answer() if callable(answer) else answer
        start(status, headers)
        return [body] if isinstance(body, bytes) else body


@contextlib.contextmanager
def odd_site(answers: dict[str, Answer | Callable[[], Answer]] | None = None) -> Iterator[OddSite]:
    site = OddSite(dict(answers or {}))
    with served(site) as port:
        site.url = f"http://127.0.0.1:{port}"
        yield site


def story(number: int, more: str = "") -> str:
    """A page with the sign of an article and a text of six paragraphs, each with its own words."""
    kinds = ("harbour", "ledger", "orchard", "lantern", "quarry", "signal")
    paragraphs = "".join(
        f"<p>In the {kind} of story {number} somebody kept {kind} notes about the {number} winters and all of what "
        f"the {kind} had cost, line {at} of it in green ink.</p>"
        for at, kind in enumerate(kinds)
    )
    return (
        f'<!doctype html><html lang="en"><head><title>Story {number}</title><meta property="og:type" content="article">'
        f'<link rel="canonical" href="/stories/{number}-x.html"></head><body><article><h1>Story {number}</h1>'
        f'<div class="text">{paragraphs}</div></article>{more}</body></html>'
    )


def front(count: int, more: str = "") -> str:
    links = "".join(f'<a href="/stories/{number}-x.html">Story {number}</a>' for number in range(count))
    return f"<!doctype html><html><head><title>The Odd Paper</title></head><body>{links}{more}</body></html>"


def stories(count: int) -> dict[str, Answer | Callable[[], Answer]]:
    return {"/": html(front(count)), **{f"/stories/{number}-x.html": html(story(number)) for number in range(count)}}
