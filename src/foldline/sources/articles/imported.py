"""What a folder of Markdown gives to a newsroom, file by file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from foldline.errors import Problem
from foldline.pages.public import Note


@dataclass(frozen=True, slots=True)
class ImportedAuthor:
    """`key` is what the file says; `name` is how readers see it."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class ImportedPicture:
    """A file to be stored. `address` is what the body calls it (`picture:<name>`); `digest` is the file's SHA-256."""

    address: str
    file: Path
    digest: str
    alt: str = ""
    caption: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True)
class ImportedArticle:
    """`key` is the file's path below the folder: a second import of it is the same article.

    `body` is Markdown without template tags. `old_paths` led to the article before, as the file names them.
    `byline` is "" where the file has none. `content_hash` changes when anything does that would be stored.
    """

    key: str
    slug: str
    headline: str
    standfirst: str
    byline: str
    published_at: datetime
    access: str
    section: str | None
    tags: tuple[str, ...]
    authors: tuple[ImportedAuthor, ...]
    body: str
    notes: tuple[Note, ...] = ()
    picture: ImportedPicture | None = None
    pictures: tuple[ImportedPicture, ...] = ()
    old_paths: tuple[str, ...] = ()
    content_hash: str = ""

    def hashed(self) -> ImportedArticle:
        """The same with its hash. Where a picture lies is no part of it, what is in it is.

        Raises UnicodeEncodeError for text that can't be written.
        """
        facts = asdict(replace(self, content_hash=""))
        for picture in (*facts["pictures"], facts["picture"] or {}):
            picture.pop("file", None)
        canonical = json.dumps(facts, ensure_ascii=False, sort_keys=True, default=str)
        return replace(self, content_hash=hashlib.sha256(canonical.encode("utf-8")).hexdigest())


@dataclass(frozen=True, slots=True)
class FileResult:
    """`path` is below the folder. With an error there is no article, and nothing of the file may be stored."""

    path: str
    article: ImportedArticle | None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
