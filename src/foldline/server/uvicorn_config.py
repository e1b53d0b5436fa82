"""How uvicorn runs in every process of ours: what it is told is the same, whoever is served."""

from __future__ import annotations

from typing import Any

import uvicorn


def uvicorn_config(application: Any, **more: Any) -> uvicorn.Config:
    """uvicorn over HTTP/1.1 alone, which logs no request, says nothing of itself, and believes no header about whom it
    serves. `more` are settings of uvicorn's that only this process has."""
    its_own: dict[str, Any] = {"http": "httptools", "timeout_graceful_shutdown": 5} | more
    return uvicorn.Config(
        application,
        **its_own,
        loop="uvloop",
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_level="warning",
        log_config=None,
    )
