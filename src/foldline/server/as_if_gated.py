"""An audit of a site that still stands in shadow: what would be sent is sent, to whoever carries a token of staff's.

It is safe because it only closes: a gated site never gives more than the same site in shadow, which gives everything.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

from foldline.errors import InvalidToken
from foldline.gate.asgi import Send
from foldline.gate.request import Request
from foldline.gate.response import NO_STORE, HeaderList, Response
from foldline.gate.state import GateState
from foldline.signed import as_if_gated

_ABOUT_CACHES = frozenset(
    (b"cache-control", b"cdn-cache-control", b"surrogate-control", b"x-accel-expires", b"expires", b"pragma", b"vary")
)


def is_asked_as_if_gated(request: Request, state: GateState) -> bool:
    """Whether a request carries a token that holds. With any other it is answered as shadow answers."""
    token = request.header(as_if_gated.FIELD)
    if not token:
        return False
    try:
        as_if_gated.verify(state.keyring, token, state.now())
    except InvalidToken:
        return False
    return True


def uncached(answer: Response) -> Response:
    """The answer with fields that keep it out of every cache: readers of this site are shown something else."""
    return replace(answer, headers=_uncached(answer.headers), lines=None)


def kept_by_nobody(send: Send) -> Send:
    """The same for an answer that is sent on in pieces."""

    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": _uncached(tuple(message["headers"]))}
        await send(message)

    return sent


def _uncached(headers: HeaderList) -> HeaderList:
    return (*(pair for pair in headers if pair[0].lower() not in _ABOUT_CACHES), *NO_STORE)
