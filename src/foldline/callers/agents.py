"""What a user agent claims. A claim grants nothing: it is only told in a decision's findings."""

from __future__ import annotations

from functools import lru_cache

_NAMES = (b"bot", b"crawler", b"spider", b"slurp", b"facebookexternalhit", b"archiver")


#: A user agent says what it is at its beginning; what is remembered of it is bounded.
_SAYS = 512


def claims_crawler(user_agent: bytes) -> bool:
    """Whether a user agent says that it is a crawler."""
    return _claims(user_agent[:_SAYS])


@lru_cache(maxsize=1024)
def _claims(user_agent: bytes) -> bool:
    lowered = user_agent.lower()
    return any(name in lowered for name in _NAMES)
