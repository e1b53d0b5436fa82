"""A folder of Markdown files with front matter, read without writing anything: the first half of `import markdown`."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path, PurePosixPath
from typing import Literal
from zoneinfo import ZoneInfo

import yaml

from foldline.errors import ConfigurationError, Problem
from foldline.fold import templates
from foldline.fold.cut import FoldRule, cut
from foldline.fold.markdown import Rendered, readable
from foldline.pages.public import Note
from foldline.policy.facts import Access
from foldline.sources.articles.body_pictures import Place, Shelf, body_of
from foldline.sources.articles.compose import access_level
from foldline.sources.articles.front_matter import BrokenFrontMatter, Field, front_matter
from foldline.sources.articles.imported import (
    FileResult,
    ImportedArticle,
    ImportedAuthor,
    ImportedPicture,
)
from foldline.sources.articles.values import moment_of, plain_text, slug_of

SUFFIXES = (".md", ".markdown")
_FILE_NAME = re.compile(r"(?:(\d{4})-(\d{1,2})-(\d{1,2})-)?(.+)")
_KEY = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
_RULE = FoldRule()
_HOW_IT_BEGINS = "A file begins with `---`, then `title: …` and the other keys, then `---`, then its text."


@dataclass(frozen=True, slots=True)
class Options:
    """What the files themselves do not say. `access` and `section` stand for files that name none."""

    access: str
    section: str | None = None
    known_authors: Mapping[str, str] | None = None
    zone: tzinfo = field(default_factory=lambda: ZoneInfo("UTC"))
    picture_folders: tuple[Path, ...] = ()
    rule: FoldRule = _RULE


_DRAFT_FIELDS = ("draft", "published", "status")

#: No article is longer, in bytes.
MOST_BYTES = 2 << 20


def markdown_files(folder: Path) -> tuple[Path, ...]:
    """Every Markdown file below the folder, in the order in which `read_folder` reads them; hidden ones are left out.

    Raises ConfigurationError where the folder is none.
    """
    if not folder.is_dir():
        problem = Problem(
            "FL428", "this is not a folder.", str(folder), "Name the folder that holds the Markdown files."
        )
        raise ConfigurationError((problem,))
    found = (
        Path(base) / name
        for base, folders, names in os.walk(folder)
        for name in names
        if not name.startswith(".") and name.lower().endswith(SUFFIXES) and _visible(folders)
    )
    return tuple(sorted(found))


def _visible(folders: list[str]) -> bool:
    folders[:] = sorted(name for name in folders if not name.startswith("."))
    return True


def read_authors(file: Path) -> dict[str, str]:
    """Names by key, from YAML: `key: Name`, or `key: {full_name: Name}`, or a list of `{name: key, full_name: Name}`.

    Raises ConfigurationError.
    """
    try:
        loaded = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError((Problem("FL428", f"the authors can't be read: {error}", str(file)),)) from error
    listed = loaded if isinstance(loaded, list) else list(loaded.items()) if isinstance(loaded, dict) else []
    names: dict[str, str] = {}
    for entry in listed:
        key, about = (entry.get("name"), entry) if isinstance(entry, dict) else entry if len(entry) == 2 else ("", "")
        name = (about.get("full_name") or about.get("name")) if isinstance(about, dict) else about
        if key and isinstance(name, str) and name.strip():
            names[str(key)] = name.strip()
    return names


def read_folder(
    folder: Path,
    *,
    access: str,
    section: str | None = None,
    known_authors: Mapping[str, str] | None = None,
    zone: tzinfo | str = "UTC",
    picture_folders: Sequence[Path] = (),
    rule: FoldRule = _RULE,
) -> Iterator[FileResult]:
    """Reads every file, one after the other; a file with an error is named, and the others go on.

    `zone` is for dates that name none. Pictures are looked for beside the file, below `folder` and below
    `picture_folders`, never elsewhere. `rule` tells what is published as free. Raises ConfigurationError for an
    unknown `access` and for a folder that is none.
    """
    if access_level(access) is None:
        problem = Problem("FL425", f"{access!r} is no access level.", "access", f"One of: {', '.join(Access)}.")
        raise ConfigurationError((problem,))
    there = ZoneInfo(zone) if isinstance(zone, str) else zone
    options = Options(access, section, known_authors, there, tuple(picture_folders), rule)
    return _read(folder, markdown_files(folder), options)


def _read(folder: Path, files: Sequence[Path], options: Options) -> Iterator[FileResult]:
    taken: dict[str, str] = {}
    shelf = Shelf(folder, options.picture_folders)
    for file in files:
        path = os.fsencode(file.relative_to(folder)).decode("utf-8", "backslashreplace")
        result = _File(file, path, options, shelf).read()
        if result.article is not None:
            first = taken.setdefault(result.article.slug, path)
            if first != path:
                what = f"its address /{result.article.slug} is taken by {first}."
                error = Problem("FL426", what, f"{path}:1", "Give one of the two a `slug` of its own.")
                result = FileResult(path, None, (error,), result.warnings)
        yield result


class _File:
    """One file on its way in. Errors are collected, so that a file is corrected once and not line by line."""

    def __init__(self, file: Path, path: str, options: Options, shelf: Shelf) -> None:
        self.file = file
        self.path = path
        self.options = options
        self.shelf = shelf
        self.fields: Mapping[str, Field] = {}
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []

    def read(self) -> FileResult:
        try:
            article = self._article()
        except (UnicodeError, RecursionError) as error:
            # Half of a surrogate pair can be escaped in front matter, and written nowhere: the other files go on.
            article = None
            self._error("FL428", f"the file can't be read: {type(error).__name__}.", 1)
        return FileResult(self.path, None if self.errors else article, tuple(self.errors), tuple(self.warnings))

    def _error(self, id_: str, what: str, line: int, hint: str = "") -> None:
        self.errors.append(Problem(id_, what, f"{self.path}:{line}", hint))

    def _source(self) -> str | None:
        if not self.file.is_file() or not self.file.resolve().is_relative_to(self.shelf.folder.resolve()):
            self._error("FL428", "this is no file of this folder.", 1, "Put the file itself there, not a link to it.")
            return None
        try:
            if self.file.stat().st_size > MOST_BYTES:
                self._error("FL428", f"the file is larger than {MOST_BYTES >> 20} MB.", 1)
                return None
            raw = self.file.read_bytes()
            return raw.decode("utf-8-sig")
        except OSError as error:
            self._error("FL428", f"the file can't be read: {error.strerror}.", 1)
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self._error("FL420", f"byte {raw[error.start]:#04x} is not UTF-8.", line, "Save the file as UTF-8.")
        return None

    def _article(self) -> ImportedArticle | None:
        source = self._source()
        if source is None:
            return None
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        try:
            self.fields, text, line = front_matter(source)
        except BrokenFrontMatter as broken:
            self._error("FL421" if broken.missing else "FL422", f"{broken}.", broken.line, _HOW_IT_BEGINS)
            return None
        if self._is_draft():
            what = "it is a draft, and was left out."
            self.warnings.append(Problem("FL444", what, f"{self.path}:1", "Take the mark away once it is finished."))
            return None
        headline = self._headline()
        published_at = self._published_at()
        access = self._access()
        notes = self._notes()
        if self.errors or published_at is None:
            return None
        self._forbidden(text, line)
        body = body_of(text, self._context(), self._place(line))
        self.warnings.extend(body.warnings)
        self._free_after_all(access, body.rendered, line)
        article = ImportedArticle(
            key=self.path,
            slug=self._slug(),
            headline=headline,
            standfirst=self._plain("standfirst", "excerpt", "description"),
            byline=self._plain("byline"),
            published_at=published_at,
            access=access,
            section=self._plain("section") or self.options.section,
            tags=self._list("tags"),
            authors=self._authors(),
            body=body.text,
            notes=notes,
            picture=self._lead(),
            pictures=body.pictures,
            old_paths=self._old_paths(),
        )
        return article.hashed()

    def _free_after_all(self, access: str, rendered: Rendered, line: int) -> None:
        if access == Access.FREE or cut(rendered.html, self.options.rule, uncut=rendered.uncut).how != "nothing-below":
            return
        what = f"access is {access}, but nothing stands below the fold: it is published as free."
        hint = "Put a line `<!-- fold -->` where the rest begins, or set its access to free."
        self.warnings.append(Problem("FL442", what, f"{self.path}:{line}", hint))

    def _forbidden(self, text: str, line: int) -> None:
        for number, one in enumerate(text.split("\n"), line):
            if readable(one) != one:
                where = f"{self.path}:{number}"
                self.warnings.append(Problem("FL440", "a control character was replaced.", where))

    def _line(self, name: str) -> int:
        found = self.fields.get(name)
        return found.line if found else 1

    def _plain(self, *names: str) -> str:
        """The first of these fields that has a text, without markup: all of them stand where HTML is not read."""
        for name in names:
            found = self.fields.get(name)
            text = plain_text(found.text) if found else ""
            if text:
                return text
        return ""

    def _list(self, name: str) -> tuple[str, ...]:
        found = self.fields.get(name)
        if found is None:
            return ()
        items = found.value if isinstance(found.value, list) else [found]
        texts = [plain_text(item.text) for item in items]
        return tuple({text.casefold(): text for text in reversed(texts) if text}.values())[::-1]

    def _headline(self) -> str:
        headline = self._plain("title", "headline")
        if not headline:
            given = self.fields.get("title")
            what = "there is no title." if given is None or given.value in (None, "") else "the title is not a text."
            self._error("FL423", what, self._line("title"), 'Write `title: "…"` in the front matter.')
        return headline

    def _published_at(self) -> datetime | None:
        given = self.fields.get("date")
        if given is not None and given.value is not None:
            moment = moment_of(given.text, self.options.zone)
            if moment is None:
                what = f"{given.text!r} is no date." if given.text else "the date is not a date."
                self._error("FL424", what, given.line, "Write it as 2014-03-12 or 2014-03-12T10:11:00-04:00.")
            return moment
        name = _FILE_NAME.fullmatch(self._name())
        if name is None or name[1] is None:
            hint = "Write `date: 2014-03-12`, or begin the file's name with 2014-03-12-."
            self._error("FL424", "there is no date, neither in the front matter nor in the file's name.", 1, hint)
            return None
        moment = moment_of(f"{name[1]}-{name[2]}-{name[3]}", self.options.zone)
        if moment is None:
            self._error("FL424", f"{name[1]}-{name[2]}-{name[3]} in the file's name is no date.", 1)
        return moment

    def _access(self) -> str:
        given = self.fields.get("access")
        level = access_level(given.text if given is not None else self.options.access)
        if level is None:
            what = f"{given.text if given else ''!r} is no access level."
            self._error("FL425", what, self._line("access"), f"One of: {', '.join(Access)}.")
            return ""
        return level.value

    def _is_draft(self) -> bool:
        """As Jekyll, Hugo and Eleventy mark one: nobody meant it to be read yet."""
        said = {name: field.text.strip().lower() for name, field in self.fields.items() if name in _DRAFT_FIELDS}
        marked = said.get("draft") in ("true", "yes", "on", "1") or said.get("published") in ("false", "no", "off", "0")
        return marked or said.get("status") in ("draft", "private", "pending") or "_drafts" in self.path.split("/")[:-1]

    def _notes(self) -> tuple[Note, ...]:
        given = self.fields.get("updates")
        if given is None or given.value is None:
            return ()
        notes = [self._note(item) for item in (given.value if isinstance(given.value, list) else [given])]
        return tuple(note for note in notes if note is not None)

    def _note(self, item: Field) -> Note | None:
        parts = item.value if isinstance(item.value, dict) else {}
        kind, at, text = (parts[name].text if name in parts else "" for name in ("kind", "at", "text"))
        moment = moment_of(at, self.options.zone)
        if kind not in ("update", "correction") or moment is None or not text:
            hint = 'Write `{kind: update or correction, at: 2014-03-12T10:11:00-04:00, text: "…"}`.'
            self._error("FL427", "this update or correction is incomplete.", item.line, hint)
            return None
        known: Literal["update", "correction"] = "update" if kind == "update" else "correction"
        return Note(known, moment, plain_text(text))

    def _authors(self) -> tuple[ImportedAuthor, ...]:
        known = self.options.known_authors or {}
        authors = []
        for key in self._list("authors") or self._list("author"):
            if key in known:
                name = known[key]
            elif self.options.known_authors is None and not _KEY.fullmatch(key):
                name = key
            else:
                name = templates.readable_name(key) if _KEY.fullmatch(key) else key
                what = f"the author {key!r} is unknown; shown as {name!r}."
                where = f"{self.path}:{self._line('authors')}"
                self.warnings.append(Problem("FL439", what, where, "Name the file that lists them with --authors."))
            authors.append(ImportedAuthor(key, name))
        return tuple(authors)

    def _lead(self) -> ImportedPicture | None:
        given = self.fields.get("image")
        if given is None or not given.text:
            return None
        alt, caption = self._plain("image_alt"), self._plain("image_caption", "image_figcaption")
        place = self._place(given.line)
        return place.lead(given.text, alt, caption, self._plain("image_credit"), self.warnings)

    def _place(self, line: int) -> Place:
        return Place(self.shelf, self.file, self.path, line)

    def _context(self) -> templates.Context:
        image = self.fields.get("image")
        values = {"site.baseurl": "", "site.url": "", "page.title": self._plain("title")}
        values["page.excerpt"] = self._plain("excerpt", "description", "standfirst")
        values["page.description"] = self._plain("description", "excerpt")
        if image is not None and image.text:
            values["image"] = values["page.image"] = image.text
        return templates.Context(values, self.options.known_authors or {}, in_code=True)

    def _name(self) -> str:
        return PurePosixPath(self.path).stem

    def _slug(self) -> str:
        permalink = [part for part in self._plain("permalink").split("/") if part]
        name = _FILE_NAME.fullmatch(self._name())
        chosen = self._plain("slug") or (permalink[-1] if permalink else "")
        words = chosen or (name[4] if name else self._name())
        return slug_of(words) or "n" + hashlib.sha256(words.encode()).hexdigest()[:10]

    def _old_paths(self) -> tuple[str, ...]:
        """Where the article stood before: as the file says, and where Jekyll puts a post of this file name."""
        paths = [self._plain("permalink"), *self._list("redirect_from"), *self._list("redirects")]
        name = _FILE_NAME.fullmatch(self._name())
        if name is not None and name[1]:
            paths.append(f"/{name[1]}/{int(name[2]):02}/{int(name[3]):02}/{name[4]}/")
        return tuple(dict.fromkeys(path for path in paths if path.startswith("/") and not path.startswith("//")))
