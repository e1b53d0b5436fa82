"""What a user agent claims. A claim grants nothing: it is only told in a decision's findings."""

from __future__ import annotations

from functools import lru_cache

_NAMES = (b"bot", b"crawler", b"spider", b"slurp", b"facebookexternalhit", b"archiver")


@lru_cache(maxsize=1024)
def claims_crawler(user_agent: bytes) -> bool:
    """Whether a user agent says that it is a crawler."""
    lowered = user_agent[:512].lower()
    return any(name in lowered for name in _NAMES)
