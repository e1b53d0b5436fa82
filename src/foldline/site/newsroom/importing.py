"""What `sources.articles` has read, kept in the newsroom: one file, one transaction, and nothing half written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.core.exceptions import ValidationError
from django.db import transaction

from foldline.errors import FoldlineError, Problem
from foldline.site.newsroom import publishing
from foldline.site.newsroom.addresses import clean_old_path, slug_from, validate_article_slug
from foldline.site.newsroom.models import Article, Author, Authorship, Image, Note, OldPath, Section, State, Tag
from foldline.site.newsroom.pictures import PictureRefused, keep_picture, read_picture
from foldline.site.newsroom.press import settings
from foldline.site.readers import moment
from foldline.sources.articles.imported import FileResult, ImportedArticle, ImportedAuthor, ImportedPicture
from foldline.stores.pictures import PictureStore

ADDRESS_TAKEN = "FL426"
PICTURE_MISSING = "FL433"
OLD_ADDRESS_IGNORED = "FL450"


class Outcome(StrEnum):
    """What became of a file."""

    IMPORTED = "imported"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(slots=True)
class Report:
    """What an import did. `scheduled` counts those of the imported and updated whose date is still to come."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    scheduled: int = 0
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @property
    def files(self) -> int:
        return self.outcomes.total()

    @property
    def nothing_changed(self) -> bool:
        return not self.outcomes[Outcome.IMPORTED] and not self.outcomes[Outcome.UPDATED]


class Refused(FoldlineError):
    """A file can't become an article here. `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def import_files(results: Iterable[FileResult], source: str, *, dry_run: bool = False) -> Iterator[Report]:
    """Keep every article that was read and yield the report as it grows, once per file.

    `source` names where the files come from: the same file of the same source is the same article. Records are not
    written here: `publishing.repair` does that once at the end. With `dry_run` nothing is kept at all.
    """
    report = Report()
    known = _known(source)
    for result in results:
        report.errors += result.errors
        report.warnings += result.warnings
        outcome = Outcome.REFUSED
        if result.article is not None:
            try:
                taking = _Taking(result.article, f"{source}/{result.article.key}", dry_run)
                outcome = taking.take(known)
                report.warnings += taking.warnings
                report.scheduled += taking.scheduled
            except Refused as error:
                report.errors.append(error.problem)
        report.outcomes[outcome] += 1
        yield report


def _known(source: str) -> dict[str, str]:
    """The content hash by key of everything that was imported from this source before."""
    before = Article.objects.filter(import_key__startswith=f"{source}/")
    return dict(before.values_list("import_key", "content_hash"))


class _Taking:
    """One file on its way into the tables."""

    def __init__(self, given: ImportedArticle, key: str, dry_run: bool) -> None:
        self.given = given
        self.key = key
        self.dry_run = dry_run
        self.scheduled = 0
        self._new_files: list[str] = []
        self.warnings: list[Problem] = []

    def take(self, known: dict[str, str]) -> Outcome:
        before = known.get(self.key)
        if before == self.given.content_hash:
            return Outcome.UNCHANGED
        outcome = Outcome.IMPORTED if before is None else Outcome.UPDATED
        self._check_address()
        if self.dry_run:
            return outcome
        try:
            with transaction.atomic():
                self._keep()
        except BaseException:
            for name in self._new_files:
                PictureStore(settings().home).forget(name)
            raise
        return outcome

    def _where(self) -> str:
        return f"{self.given.key}:1"

    def _refuse(self, id_: str, what: str, hint: str) -> Refused:
        return Refused(Problem(id_, what, self._where(), hint))

    def _warn(self, id_: str, what: str, hint: str = "") -> None:
        self.warnings.append(Problem(id_, what, self._where(), hint))

    def _check_address(self) -> None:
        slug = self.given.slug
        hint = "Give the file a `slug` of its own."
        try:
            validate_article_slug(slug)
        except ValidationError as error:
            raise self._refuse(ADDRESS_TAKEN, " ".join(error.messages), hint) from error
        other = Article.objects.filter(slug=slug).exclude(import_key=self.key).first()
        if other is not None:
            raise self._refuse(ADDRESS_TAKEN, f"its address /{slug} is taken by “{other.headline}”.", hint)

    def _keep(self) -> None:
        given = self.given
        article = Article.objects.filter(import_key=self.key).first() or Article(import_key=self.key)
        was = article.state
        article.headline, article.standfirst, article.byline = given.headline, given.standfirst, given.byline
        article.body, article.access, article.slug = given.body, given.access, given.slug
        article.section = section_named(given.section) if given.section else None
        article.lead_image = self._lead_image(article.lead_image)
        article.content_hash = given.content_hash
        for picture in given.pictures:
            self._text_image(picture)
        if was is State.PUBLISHED:
            article.published_at = given.published_at
        article.save()
        self._keep_terms(article)
        self._keep_notes_and_old_paths(article)
        if was is not State.WITHDRAWN:
            self._publish(article, given.published_at)

    def _publish(self, article: Article, at: datetime) -> None:
        if problems := publishing.obstacles(article):
            raise self._refuse(problems[0].id, problems[0].what, problems[0].hint)
        if article.published_at is None and at > moment.now():
            self.scheduled = 1
            article.publish_at = at
            article.save(update_fields=["publish_at"])
            return
        publishing.order(article, at)

    def _keep_terms(self, article: Article) -> None:
        article.tags.set([tag_named(name) for name in self.given.tags])
        authors = [author_of(author) for author in self.given.authors]
        Authorship.objects.filter(article=article).delete()
        Authorship.objects.bulk_create(
            Authorship(article=article, author=author, order=order)
            for order, author in enumerate(dict.fromkeys(authors))
        )

    def _keep_notes_and_old_paths(self, article: Article) -> None:
        article.notes.all().delete()
        Note.objects.bulk_create(
            Note(article=article, kind=note.kind, at=note.at, text=note.text) for note in self.given.notes
        )
        for given in self.given.old_paths:
            path = clean_old_path(given)
            if path in ("", article.path):
                if not path:
                    self._warn(OLD_ADDRESS_IGNORED, f"{given!r} can't be an old address here; ignored.")
                continue
            old, _ = OldPath.objects.get_or_create(path=path, defaults={"article": article})
            if old.article_id != article.pk:
                self._warn(OLD_ADDRESS_IGNORED, f"the old address {path} leads to /{old.article.slug}; ignored.")

    def _lead_image(self, now: Image | None) -> Image | None:
        """The lead picture with this file's words for it; `now` is the one that the article has."""
        given = self.given.picture
        if given is None or not given.alt:
            return None
        said = {"alt": given.alt, "caption": given.caption, "credit": given.credit}
        if now is not None and now.address == given.address and now.articles.count() == 1:
            Image.objects.filter(pk=now.pk).update(**said)
            return now
        same = Image.objects.filter(address=given.address, **said).first()
        return same or self._stored(given)

    def _text_image(self, given: ImportedPicture) -> None:
        if not Image.objects.filter(address=given.address).exists():
            self._stored(given)

    def _stored(self, given: ImportedPicture) -> Image | None:
        try:
            picture = read_picture(given.file.read_bytes())
        except (PictureRefused, OSError) as error:
            self._warn(PICTURE_MISSING, f"the picture {given.file.name} can't be used and is left out: {error}")
            return None
        name = keep_picture(picture, PictureStore(settings().home))
        self._new_files.append(name)
        return Image.objects.create(
            name=name,
            width=picture.width,
            height=picture.height,
            address=given.address,
            source_name=given.file.name[-255:],
            source_digest=picture.digest,
            alt=given.alt,
            caption=given.caption,
            credit=given.credit,
        )


def section_named(name: str) -> Section:
    """The section of this name; a new one comes last."""
    section = Section.objects.filter(slug=slug_from(name)).first()
    return section or Section.objects.create(name=name, order=Section.objects.count() + 1)


def tag_named(name: str) -> Tag:
    return Tag.objects.filter(slug=slug_from(name)).first() or Tag.objects.create(name=name)


def author_of(given: ImportedAuthor) -> Author:
    """The author of this key. Another name than before renames the author everywhere."""
    author = Author.objects.filter(slug=slug_from(given.key)).first()
    if author is None:
        return Author.objects.create(name=given.name, slug=slug_from(given.key))
    if author.name != given.name:
        author.name = given.name
        author.save()
        publishing.again(publishing.of_terms(authors=author.pk))
    return author
