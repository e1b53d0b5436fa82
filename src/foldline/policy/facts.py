"""The facts that a rule may ask for, and nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from foldline.policy.reasons import Reason


class Access(StrEnum):
    """The access level of an article. Any other word is unknown, and unknown means closed.

    `BY_RULE` is the level of an article that names none itself: the rules give it one, or it stays closed.
    """

    FREE = "free"
    REGISTERED = "registered"
    METERED = "metered"
    SUBSCRIBERS = "subscribers"
    BY_RULE = "by-rule"


class Article(NamedTuple):
    """`access` is None where the stored word is not an access level; `products` are those that open the article.

    `section` and `tags` are the last words of their paths, `published` is an epoch second, `path` the article's own.
    """

    id: int
    access: Access | None
    section: str = ""
    products: frozenset[int] = frozenset()
    tags: frozenset[str] = frozenset()
    published: int = 0
    path: str = ""


class Reader(NamedTuple):
    """Somebody signed in. `ended_on` is the epoch second at which their last subscription ended, 0 for never had;
    `payment_failed` says that one of theirs awaits a payment that did not go through."""

    products: frozenset[int] = frozenset()
    ended_on: int = 0
    payment_failed: bool = False


class Meter(NamedTuple):
    """What was read in the window that runs now, on the meter that counts this article: by a device, as it carries it;
    of somebody signed in only the store knows, and `used` is 0 until it is asked. `can_count` is False where a spend
    can't be kept."""

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
    article runs; `store_answered` is False where a pass needed the store and the store did not answer;
    `institution` names the library or company whose network the request comes from, "" for none; `gift` is what became
    of a gift that the visit brings: GIFT_OPENS where it may be counted, GIFT_ENDED for any other, None for no gift."""

    article: Article
    now: int
    reader: Reader | None = None
    meter: Meter = EMPTY_METER
    opened: Reason | None = None
    caller: Caller = NOBODY
    store_answered: bool = True
    institution: str = ""
    gift: Reason | None = None
