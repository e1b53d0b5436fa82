"""What a folder of Markdown gives to a newsroom, file by file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from foldline.errors import Problem
from foldline.pages.public import Note

#: What an import can have against a file. An error keeps that file out; a warning says what became of something.
ERRORS: dict[str, str] = {
    "FL420": "A file is not UTF-8",
    "FL421": "A file has no front matter",
    "FL422": "The front matter of a file is broken",
    "FL423": "A file has no title",
    "FL424": "The date of a file is none",
    "FL425": "The access level of a file is unknown",
    "FL426": "Two files want the same address",
    "FL427": "An update or a correction of a file is incomplete",
    "FL428": "A file can't be read",
}
WARNINGS: dict[str, str] = {
    "FL430": "A template tag was resolved",
    "FL431": "A template tag was removed",
    "FL432": "An attribute list was removed",
    "FL433": "A picture is not there: its description stands in its place",
    "FL434": "A picture on another site became a link",
    "FL435": "A picture has no description",
    "FL436": "Embedded media became a link",
    "FL437": "An element that articles may not hold was removed",
    "FL438": "A fold marker was moved or ignored",
    "FL439": "An author is unknown",
    "FL440": "A character that pages may not hold was replaced",
    "FL441": "Broken HTML was mended",
}


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
        """The same with its hash. Where a picture lies is no part of it, what is in it is."""
        facts = asdict(replace(self, content_hash=""))
        for picture in (*facts["pictures"], facts["picture"] or {}):
            picture.pop("file", None)
        canonical = json.dumps(facts, ensure_ascii=False, sort_keys=True, default=str)
        return replace(self, content_hash=hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest())


@dataclass(frozen=True, slots=True)
class FileResult:
    """`path` is below the folder. With an error there is no article, and nothing of the file may be stored."""

    path: str
    article: ImportedArticle | None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
