"""Django's two ASGI applications, each answering `lifespan`, which Django's own handler does not know."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def with_lifespan(application: Application) -> Application:
    """`application` with the lifespan protocol of ASGI answered: nothing has to be started or ended."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await application(scope, receive, send)
            return
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    return answer


def site() -> Application:
    """The pages under the prefix (`uvicorn --factory foldline.server.asgi_site:site`)."""
    return _application("foldline.server.settings")


def desk() -> Application:
    """The desk. One process serves one of the two, because Django's settings are the process's own."""
    return _application("foldline.server.desk_settings")


def _application(settings: str) -> Application:
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    from django.core.asgi import get_asgi_application

    application: Any = get_asgi_application()
    return with_lifespan(application)
