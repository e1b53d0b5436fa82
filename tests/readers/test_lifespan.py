from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from foldline.server.asgi_site import with_lifespan


async def _django(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise ValueError("Django can only handle ASGI/HTTP connections")
    await send({"type": "http.response.start"})


def test_lifespan_is_answered_and_everything_else_passed_on() -> None:
    sent: list[MutableMapping[str, Any]] = []
    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> MutableMapping[str, Any]:
        return next(asked)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def run() -> None:
        application = with_lifespan(_django)
        await application({"type": "lifespan"}, receive, send)
        await application({"type": "http"}, receive, send)

    asyncio.run(run())
    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete", "lifespan.shutdown.complete", "http.response.start"
    ]  # fmt: skip
