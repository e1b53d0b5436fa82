"""Why a site should not be gated yet: its origin answers the world, or can't be asked; its rules can't decide."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from foldline.config import Settings
from foldline.errors import Problem, StoreUnavailable
from foldline.sources.origin.client import Address
from foldline.sources.origin.headers import Asker
from foldline.sources.origin.lock import Lock, doors_of, try_lock
from foldline.stores.database import is_made
from foldline.stores.records import PublicStore

#: The lock is tried with so many articles, the newest that the gate knows.
TRIED = 3
#: What may be gated over with a reason that is written down: what the world is given is then known to whoever does it.
MAY_BE_KNOWN = frozenset(("FL220",))
_RULES = frozenset(("FL071", "FL072", "FL242"))


def lock_problems(settings: Settings, doors: Sequence[Address] | None = None) -> tuple[Problem, ...]:
    """What the world gets from the origin around the gate. `doors` are where it may answer; without it, all that
    `doors_of` knows. An application that the gate is mounted in has none.

    Raises:
        ValueError: the settings name no origin.
    """
    if settings.origin is None:
        raise ValueError("these settings name no origin")
    address = Address.of(settings.origin.url)
    url = urlsplit(settings.publication.url)
    asker = Asker(settings.host.encode(), url.scheme.encode(), "", settings.origin.secret.encode())
    every = doors_of(address, url.hostname or "") if doors is None else tuple(doors)
    return asyncio.run(_tried(address, asker, paths_to_try(settings), every))


async def _tried(
    address: Address, asker: Asker, paths: Sequence[bytes], doors: Sequence[Address]
) -> tuple[Problem, ...]:
    found = list(await asyncio.gather(*(try_lock(address, asker, (path,), doors) for path in paths)))
    if any(not _is_unheard(lock) for lock in found):
        # An article that has gone since says nothing where others were answered.
        found = [lock for lock in found if not _is_unheard(lock)]
    problems: dict[tuple[str, str], Problem] = {}
    for problem in (problem for lock in found for problem in lock.problems):
        problems.setdefault((problem.id, problem.where), problem)
    return tuple(problems.values())


def _is_unheard(lock: Lock) -> bool:
    """Whether the gate itself got no page, so that nothing was tried."""
    return any(problem.id in ("FL221", "FL222") for problem in lock.problems)


def paths_to_try(settings: Settings) -> tuple[bytes, ...]:
    """The newest articles that the gate knows; the front page where it knows none."""
    try:
        articles = PublicStore(settings.home).articles() if is_made(settings.home.public_db) else []
    except StoreUnavailable:
        articles = []
    newest = sorted(articles, key=lambda article: article.published, reverse=True)
    return tuple(article.path.encode() for article in newest[:TRIED]) or (b"/",)


def reasons_to_stay(
    lock: Iterable[Problem], rules: Iterable[Problem], *, known: bool
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """(what refuses, what somebody knows and goes on over). `known` says that they gave a reason for it."""
    lock = tuple(lock)
    over = tuple(problem for problem in lock if known and problem.id in MAY_BE_KNOWN)
    refusing = (
        *(problem for problem in lock if problem not in over),
        *(problem for problem in rules if problem.id in _RULES),
    )
    return refusing, over
