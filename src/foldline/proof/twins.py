"""Two worlds that differ in nothing but what stands below the fold, asked the same: every answer must be the same."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from foldline.proof.asks import Ask, Client
from foldline.proof.shingles import Witness
from foldline.proof.variants import ECHO
from foldline.testing.answers import Answer, HeaderPairs

#: What may differ between two answers, and nothing else. Printed in every report.
ALLOWED = (b"date", b"age")


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a witness saw: `witness` is twin, shingle or echo."""

    witness: str
    what: str
    ask: Ask

    def __str__(self) -> str:
        return f"[{self.witness}] {self.what}\n    {self.ask.label}\n    {self.ask.curl()}"


@dataclass
class Report:
    """What a run asked and found. `statuses` and `gzip_bodies` tell what it has seen of the gate."""

    asked: int = 0
    found: list[Found] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    gzip_bodies: set[bytes] = field(default_factory=set)

    @property
    def witnesses(self) -> frozenset[str]:
        return frozenset(found.witness for found in self.found)

    def __str__(self) -> str:
        allowed = ", ".join(name.decode() for name in ALLOWED)
        head = f"{self.asked} requests, {len(self.found)} findings; allowed to differ: {allowed}"
        return "\n".join((head, *map(str, self.found[:10])))


def compare(one: Answer, other: Answer) -> str:
    """The first difference of two answers, "" where there is none."""
    if one.status != other.status:
        return f"status {one.status} and {other.status}"
    ours, theirs = _compared(one.headers), _compared(other.headers)
    if ours != theirs:
        return _headers_differ(ours, theirs)
    if one.body != other.body:
        return _bodies_differ("body as sent", one.body, other.body)
    if one.closed != other.closed:
        return f"connection closed: {one.closed} and {other.closed}"
    return _decoded_differ(one, other)


def _compared(headers: HeaderPairs) -> HeaderPairs:
    return tuple(pair for pair in headers if pair[0] not in ALLOWED)


def _headers_differ(ours: HeaderPairs, theirs: HeaderPairs) -> str:
    for at, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        if one != other:
            return f"header {at}: {one!r} and {other!r}"
    return f"{len(ours)} headers and {len(theirs)}: {(ours + theirs)[min(len(ours), len(theirs))]!r}"


def _bodies_differ(what: str, one: bytes, other: bytes) -> str:
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    around = slice(max(0, at - 30), at + 30)
    return f"{what} ({len(one)} and {len(other)} bytes) from byte {at}: {one[around]!r} and {other[around]!r}"


def _decoded_differ(one: Answer, other: Answer) -> str:
    try:
        ours, theirs = one.decoded, other.decoded
    except zlib.error as error:
        return f"body is not what its encoding says: {error}"
    return "" if ours == theirs else _bodies_differ("decoded body", ours, theirs)


class Twins:
    """Asks two clients the same history of requests. `witness` looks for the rest of the first world by itself."""

    def __init__(self, one: Client, other: Client, witness: Witness | None = None) -> None:
        self._clients = (one, other)
        self._witness = witness

    def ask(self, ask: Ask) -> tuple[Answer, Answer]:
        """The two answers, after the history before them."""
        one, other = self._clients
        for earlier in ask.before:
            for client in self._clients:
                client(earlier.method, earlier.target, earlier.headers, earlier.body)
        return (
            one(ask.method, ask.target, ask.headers, ask.body),
            other(ask.method, ask.target, ask.headers, ask.body),
        )

    def run(
        self, asks: Iterable[Ask], enough: Callable[[Report], bool] = lambda report: len(report.found) > 40
    ) -> Report:
        """Ask all of it, until `enough` was found."""
        report = Report()
        for ask in asks:
            one, other = self.ask(ask)
            report.asked += 1
            report.statuses[one.status] = report.statuses.get(one.status, 0) + 1
            if one.header(b"content-encoding") == b"gzip" and one.body:
                report.gzip_bodies.add(one.body)
            report.found += self._look(ask, one, other)
            if report.found and enough(report):
                break
        return report

    def _look(self, ask: Ask, one: Answer, other: Answer) -> list[Found]:
        found = []
        difference = compare(one, other)
        if difference:
            found.append(Found("twin", difference, ask))
        seen = self._witness.sees(one) if self._witness else 0
        if seen:
            found.append(Found("shingle", f"{seen} shingles of the rest stand in the answer", ask))
        if echoes(one):
            found.append(Found("echo", "the answer repeats a word of the request", ask))
        return found


def echoes(answer: Answer) -> bool:
    """Whether an answer says the word that only requests say."""
    headers = b"\n".join(value for _, value in answer.headers)
    try:
        body = answer.decoded
    except zlib.error:
        body = answer.body
    return ECHO in body.lower() or ECHO in headers.lower()
