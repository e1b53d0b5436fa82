"""Two worlds for every test that only asks them."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from foldline.proof.pairs import SENTENCE
from foldline.testing.worlds import rests

from .room import RICH, Pair, twin_worlds


@pytest.fixture(autouse=True, scope="module")
def _last_resort_is_quiet() -> Iterator[None]:
    """The gate logs what it could not answer; one path of every world fails on purpose, thousands of times."""
    loggers = [logging.getLogger(name) for name in ("foldline.gate.asgi", "asyncio")]
    for logger in loggers:
        logger.disabled = True
    yield
    for logger in loggers:
        logger.disabled = False


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A sentence below every fold in one world; in the other a text with everything that a text can have."""
    made = twin_worlds(tmp_path_factory.mktemp("twins"), rests(SENTENCE), rests(f"{SENTENCE[::-1]}\n\n{RICH}"))
    yield made
    made.one.close()
    made.other.close()
