"""What the till answers to one request."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """`kept`: a browser may keep it for ever (files named by their content)."""

    status: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    kept: bool = False

    @classmethod
    def json(cls, status: int, value: dict[str, Any]) -> Answer:
        return cls(status, json.dumps(value).encode(), "application/json")

    @classmethod
    def to(cls, address: str) -> Answer:
        """303: ask there, with GET."""
        return cls(303, headers={"Location": address})
