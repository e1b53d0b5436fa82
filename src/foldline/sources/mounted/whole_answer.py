"""An answer that an application gave in this process, read to its end already."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import TracebackType

from foldline.errors import OriginUnavailable
from foldline.sources.origin.answers import media_type
from foldline.sources.origin.fetch import HTML
from foldline.sources.origin.headers import Field, Fields


def is_read(status: int, headers: Fields) -> bool:
    """Whether the text of an answer is wanted: of a page. Anything else may have no end."""
    return 200 <= status < 300 and media_type(headers) in HTML


class WholeAnswer:
    """`cut_off` says that the application gave up in the middle, `too_large` that there was more than anybody reads."""

    def __init__(
        self, status: int, headers: Fields, body: bytes, *, cut_off: bool = False, too_large: bool = False
    ) -> None:
        self.status = status
        self.headers: tuple[Field, ...] = tuple(headers)
        self._body = body
        self._cut_off = cut_off
        self._too_large = too_large

    async def __aenter__(self) -> WholeAnswer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body, in one piece.

        Raises:
            OriginUnavailable: it is no whole one.
        """
        yield await self.body(len(self._body))

    async def body(self, most: int) -> bytes:
        """The whole body.

        Raises:
            OriginUnavailable: the application failed in the middle, told another length, or there are more than `most`
                bytes.
        """
        if self._too_large or len(self._body) > most:
            raise OriginUnavailable("too large")
        told = [value for name, value in self.headers if name == b"content-length"]
        if self._cut_off or any(value != b"%d" % len(self._body) for value in told):
            raise OriginUnavailable("cut off")
        return self._body

    def close(self) -> None:
        """Nothing is held."""
