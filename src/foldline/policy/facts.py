"""The facts that a rule may ask for, and nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from foldline.policy.reasons import Reason


class Access(StrEnum):
    """The access level of an article. Any other word is unknown, and unknown means closed."""

    FREE = "free"
    REGISTERED = "registered"
    METERED = "metered"
    SUBSCRIBERS = "subscribers"


class Article(NamedTuple):
    """`access` is None where the stored word is not an access level; `products` are those that open the article."""

    id: int
    access: Access | None
    section: str = ""
    products: frozenset[int] = frozenset()


class Reader(NamedTuple):
    """Somebody signed in. `ended_on` is the epoch second at which their last subscription ended, 0 for never had."""

    products: frozenset[int] = frozenset()
    ended_on: int = 0


class Meter(NamedTuple):
    """What a device has read in the window that runs now. `can_count` is False where a spend can't be kept."""

    used: int = 0
    read_before: bool = False
    can_count: bool = True


class Caller(NamedTuple):
    """What a request says of itself. A user agent is only a claim; `verified` comes from an address list."""

    claims_crawler: bool = False
    verified: bool = False


NOBODY = Caller()
EMPTY_METER = Meter()


class Visit(NamedTuple):
    """One request for one article, as facts. `now` is epoch seconds; `opened` is why a signed opening of this
    article runs; `store_answered` is False where a pass needed the store and the store did not answer."""

    article: Article
    now: int
    reader: Reader | None = None
    meter: Meter = EMPTY_METER
    opened: Reason | None = None
    caller: Caller = NOBODY
    store_answered: bool = True
