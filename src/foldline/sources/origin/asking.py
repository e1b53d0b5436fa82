"""What a source must be able to do, wherever the site is: at the other end of a connection, or in this process."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Protocol

from foldline.sources.origin.headers import Field, Fields


class Answering(Protocol):
    """An answer whose head is here. Its body is read once; `close` must be called in the end, and `async with` does."""

    status: int
    headers: tuple[Field, ...]

    async def __aenter__(self) -> Answering: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes; raises OriginUnavailable where it breaks off."""

    async def body(self, most: int) -> bytes:
        """The whole body; raises OriginUnavailable where it breaks off or is longer than `most` bytes."""

    def close(self) -> None:
        """Let go of it."""


class Fetching(Protocol):
    """Asks for articles. Raises OriginUnavailable."""

    async def ask(self, method: str, target: bytes, fields: Fields) -> Answering: ...

    def close(self) -> None: ...
