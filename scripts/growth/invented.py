"""Who and what is made up: the same number is always the same reader, and the same article. No Django here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: Of so many readers one subscribes, and one has read metered articles: so many of them.
SUBSCRIBES, READS, READ = 3, 2, 3
SECTIONS, TAGS, AUTHORS = 8, 200, 100
#: When the first article was published, and how many seconds lie between two.
FIRST, APART = datetime(2006, 1, 2, 6, 0, tzinfo=UTC), 600
FILLING = "Nobody wrote this sentence: it stands here so that there is something to read, and to pack. " * 12


@dataclass(frozen=True, slots=True)
class Size:
    """How many readers and articles a publication has."""

    readers: int
    articles: int


def reader_key(number: int) -> bytes:
    """What passes call a reader."""
    return hashlib.blake2b(b"reader %d" % number, digest_size=16).digest()


def session_key(number: int) -> bytes:
    """The one session of a reader."""
    return hashlib.blake2b(b"session %d" % number, digest_size=16).digest()


def address(number: int) -> str:
    """Where nobody reads mail."""
    return f"reader-{number:07}@example.test"


def subscribes(number: int) -> bool:
    """Whether a reader has paid."""
    return number % SUBSCRIBES == 0


def path(number: int) -> str:
    """Where an article lies."""
    return f"/an-invented-article-{number:07}"


def last_words(number: int) -> bytes:
    """How an article's rest ends; they stand nowhere else."""
    return b"The end of article %07d." % number


def headline(number: int) -> str:
    """What stands over an article."""
    return f"An invented article, number {number:07}"


def published(number: int) -> datetime:
    """When an article appeared."""
    return FIRST + timedelta(seconds=APART * number)
