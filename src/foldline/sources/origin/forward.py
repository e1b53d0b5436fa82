"""Forwards requests that are no article, and sends of the answer what its surface allows."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from types import TracebackType

from foldline.sources.origin.answers import Verdict, verdict_on
from foldline.sources.origin.client import Answer, OriginClient, Upload
from foldline.sources.origin.headers import Asker, Field, Fields, answer_fields, request_fields
from foldline.sources.origin.surfaces import METHODS, Kind, Surface

#: All that is sent of an answer without its body. A 304 names validators, which depend on a text that may be gated.
_BARE_FIELDS = frozenset((b"location", b"cache-control", b"expires", b"vary", b"strict-transport-security"))
#: What nobody mapped is asked for as a whole: a condition or a range would be answered without saying what lies there.
ABOUT_A_PART = frozenset(
    (b"if-none-match", b"if-modified-since", b"if-match", b"if-unmodified-since", b"if-range", b"range")
)


@dataclass(slots=True)
class Forwarded:
    """An answer on its way. Where it is `closed`, nothing of it may be sent, and `status` is what the gate says in its
    place. It must be closed in the end; `async with` does."""

    status: int
    headers: tuple[Field, ...]
    closed: bool
    _answer: Answer | None = None

    async def __aenter__(self) -> Forwarded:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body, in pieces.

        Raises:
            OriginUnavailable: it was cut off, is broken, or too slow.
        """
        if self._answer is not None:
            async with contextlib.aclosing(self._answer.chunks()) as chunks:
                async for chunk in chunks:
                    yield chunk

    def close(self) -> None:
        """Let go of the connection."""
        if self._answer is not None:
            self._answer.close()


class Forwarder:
    """`asker` says how the origin knows us; `hosts` are the names of the site itself."""

    def __init__(self, client: OriginClient, asker: Asker, hosts: frozenset[bytes]) -> None:
        self._client = client
        self._asker = asker
        self._hosts = hosts

    async def forward(
        self, surface: Surface, method: str, headers: Fields, client: str, upload: Upload | None = None
    ) -> Forwarded:
        """Ask the origin for a surface that is passed or files. `client` is the address of who asks.

        Raises:
            ValueError: the surface is none that is forwarded.
            OriginUnavailable: there is no answer.
            UploadRefused: the request's body is too large, or did not come.
        """
        if surface.kind not in (Kind.PASSED, Kind.FILES):
            raise ValueError(f"{surface.kind} is not forwarded")
        told = Asker(self._asker.host, self._asker.scheme, client, self._asker.secret)
        overrides = surface.allow >= frozenset(METHODS)
        fields = request_fields(headers, told, overrides=overrides)
        if surface.unmapped:
            fields = [field for field in fields if field[0] not in ABOUT_A_PART]
        answer = await self._client.ask(method, surface.target, fields, upload)
        try:
            return self._judged(answer, surface)
        except BaseException:
            answer.close()
            raise

    def _judged(self, answer: Answer, surface: Surface) -> Forwarded:
        verdict, status, fields = judged(surface, answer.status, answer.headers, self._hosts)
        if verdict is Verdict.SENT:
            return Forwarded(status, fields, False, answer)
        answer.close()
        return Forwarded(status, fields, closed=verdict is Verdict.CLOSED)


def judged(
    surface: Surface, status: int, headers: Fields, hosts: frozenset[bytes]
) -> tuple[Verdict, int, tuple[Field, ...]]:
    """What is sent of an answer whose head is here, with which status and fields. A closed one has none: the gate
    answers itself with that status."""
    verdict = verdict_on(surface, status, headers, hosts)
    if verdict is Verdict.CLOSED:
        return verdict, _said_instead(status), ()
    fields = answer_fields(headers)
    if verdict is Verdict.SENT:
        return verdict, status, fields
    length = () if status in (204, 304) else ((b"content-length", b"0"),)
    return verdict, status, (*(field for field in fields if field[0] in _BARE_FIELDS), *length)


def upload_of(method: str, headers: Fields, chunks: AsyncGenerator[bytes, None]) -> Upload | None:
    """The body that a request announces; None where it has none (RFC 9112, 6.3)."""
    lengths = {value for name, value in headers if name == b"content-length"}
    if any(name == b"transfer-encoding" for name, _ in headers):
        return Upload(chunks)
    if not lengths:
        return None
    length = lengths.pop()
    if lengths or not re.fullmatch(rb"[0-9]{1,15}", length):
        raise ValueError("a body has one length")
    if length == b"0" and method in ("GET", "HEAD", "OPTIONS"):
        return None
    return Upload(chunks, int(length))


def _said_instead(status: int) -> int:
    """What the gate answers itself: what is not there stays so, and a fault of the origin is one."""
    if status == 410:
        return 410
    return 502 if status >= 500 else 404
