"""What an editor writes. States are records of when something happened; nothing here decides about access."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from foldline.policy.facts import Access
from foldline.site.newsroom.addresses import slug_from, validate_article_slug, validate_slug


class State(StrEnum):
    """Where an article stands; it follows from the moments that the article records."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Named(models.Model):
    """A word of the publisher's own with a list of articles behind it."""

    name = models.CharField(max_length=200, help_text="Shown as typed.")
    slug = models.CharField(
        max_length=120,
        unique=True,
        blank=True,
        validators=[validate_slug],
        help_text="The last part of its address. Left empty, it is made of the name.",
    )
    LIST = ""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        return f"/{self.LIST}/{self.slug}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.slug = self.slug or slug_from(self.name)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        slug = self.slug or slug_from(self.name)
        if type(self)._default_manager.filter(slug=slug).exclude(pk=self.pk).exists():
            raise ValidationError({"slug": f"Another one has the address “{slug}” already."})


class Section(Named):
    """A part of the newspaper. Sections stand in the head of every page, in `order`."""

    LIST = "section"
    order = models.PositiveSmallIntegerField(default=0, help_text="The smallest comes first.")

    class Meta:
        ordering = ("order", "name")


class Tag(Named):
    """What an article is about, in the publisher's own terms."""

    LIST = "tag"

    class Meta:
        ordering = ("name",)


class Author(Named):
    """Who writes. The name is one display string and is never split."""

    LIST = "author"

    class Meta:
        ordering = ("name",)


class Image(models.Model):
    """A picture in the media folder. `name` is a random file name that nobody can guess.

    Texts show it as `picture:name`, imported ones also by the `address` that they gave it where they come from.
    """

    name = models.CharField(max_length=48, unique=True, editable=False)
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    source_name = models.CharField("file", max_length=255, blank=True, editable=False)
    source_digest = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    address = models.CharField(max_length=300, blank=True, editable=False, db_index=True)
    alt = models.TextField(
        "description",
        blank=True,
        help_text="What the picture shows, for those who can't see it. Not the caption.",
    )
    decorative = models.BooleanField(default=False, help_text="It only adorns: a description would add nothing.")
    caption = models.TextField(blank=True)
    credit = models.CharField(max_length=300, blank=True, help_text="As in: name for agency.")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-added_at", "-id")

    def __str__(self) -> str:
        return self.source_name or self.name

    @property
    def described(self) -> bool:
        return self.decorative or bool(self.alt.strip())

    def clean(self) -> None:
        if self.decorative and self.alt.strip():
            raise ValidationError({"decorative": "A picture with a description is not decorative."})


class Article(models.Model):
    """An article as its editors keep it. Readers meet only what `publishing` makes of it."""

    headline = models.CharField(max_length=300)
    standfirst = models.TextField(blank=True, help_text="One sentence under the headline. Left empty, there is none.")
    byline = models.CharField(
        max_length=300, blank=True, help_text="As it is to be read. Left empty, it is made of the authors below."
    )
    authors = models.ManyToManyField(Author, through="Authorship", related_name="articles", blank=True)
    section = models.ForeignKey(Section, models.PROTECT, null=True, blank=True, related_name="articles")
    tags = models.ManyToManyField(Tag, related_name="articles", blank=True)
    lead_image = models.ForeignKey(Image, models.PROTECT, null=True, blank=True, related_name="articles")
    body = models.TextField(
        blank=True,
        help_text="Markdown. The preview ends at a line &lt;!-- fold --&gt;; without one, after the opening.",
    )
    access = models.CharField(
        max_length=20,
        choices=[(level.value, level.value) for level in Access],
        default=Access.METERED.value,
    )
    slug = models.CharField(
        "address",
        max_length=120,
        unique=True,
        blank=True,
        validators=[validate_article_slug],
        help_text="Left empty, it is made of the headline. Changed later, the old address leads to the new one.",
    )
    social_text = models.TextField(blank=True, help_text="Left empty, other sites show the standfirst.")
    reading_time = models.CharField(
        max_length=40, blank=True, help_text="As in: 4 min read. Left empty, none is shown; it is never computed."
    )
    publish_at = models.DateTimeField("publish at", null=True, blank=True, help_text="When a draft appears by itself.")
    published_at = models.DateTimeField("published", null=True, blank=True, help_text="The date on the page.")
    updated_at = models.DateTimeField(
        "updated", null=True, blank=True, help_text="Shown as “Updated …”. Left empty, it is the last note's date."
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    settled_version = models.PositiveIntegerField(default=0, editable=False)
    published_slug = models.CharField(max_length=120, blank=True, editable=False)
    listed_in = models.JSONField(default=list, editable=False)
    import_key = models.CharField(max_length=300, blank=True, editable=False, db_index=True)
    content_hash = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ("-published_at", "-id")
        indexes = (
            models.Index(fields=["-published_at", "-id"], name="newsroom_article_newest"),
            models.Index(fields=["section", "-published_at", "-id"], name="newsroom_article_of_section"),
            # Both are looked for every second, and there are hardly ever any.
            models.Index(
                fields=["id"],
                name="newsroom_article_unsettled",
                condition=~models.Q(version=models.F("settled_version")),
            ),
            models.Index(
                fields=["publish_at"], name="newsroom_article_scheduled", condition=models.Q(publish_at__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return self.headline

    @property
    def path(self) -> str:
        return f"/{self.slug}"

    @property
    def state(self) -> State:
        if self.withdrawn_at is not None:
            return State.WITHDRAWN
        if self.published_at is not None:
            return State.PUBLISHED
        return State.SCHEDULED if self.publish_at is not None else State.DRAFT

    @property
    def shown_update(self) -> datetime | None:
        """The editor's own date, or the last note's. Nothing that a change of the text moves by itself."""
        notes = [note.at for note in self.notes.all()]
        return self.updated_at or (max(notes) if notes else None)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.slug = self.slug or free_slug(slug_from(self.headline), self.pk)
        super().save(*args, **kwargs)


class Authorship(models.Model):
    """One author of one article; the first comes first."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="authorships")
    author = models.ForeignKey(Author, models.PROTECT, related_name="authorships")
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("order", "id")
        verbose_name = "author"
        constraints = (models.UniqueConstraint(fields=["article", "author"], name="newsroom_author_once"),)

    def __str__(self) -> str:
        return self.author.name


class Note(models.Model):
    """An update or a correction, in an editor's words: public wherever it stands."""

    class Kind(models.TextChoices):
        UPDATE = "update", "update"
        CORRECTION = "correction", "correction"

    article = models.ForeignKey(Article, models.CASCADE, related_name="notes")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.UPDATE)
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.kind} of {self.at:%Y-%m-%d}"


class OldPath(models.Model):
    """An address that an article had, here or where it came from. It leads to the article for ever."""

    path = models.CharField(max_length=400, unique=True)
    article = models.ForeignKey(Article, models.CASCADE, related_name="old_paths")

    class Meta:
        ordering = ("path",)

    def __str__(self) -> str:
        return self.path


class ArticleAlarm(models.Model):
    """Something about a published article that an editor has to solve. Cleared by the publication that solves it.

    `problem` is the stable id that `foldline check` prints.
    """

    article = models.ForeignKey(Article, models.CASCADE, related_name="alarms")
    problem = models.CharField(max_length=20)
    what = models.TextField()
    hint = models.TextField(blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("at", "id")
        constraints = (models.UniqueConstraint(fields=["article", "problem"], name="newsroom_alarm_once"),)

    def __str__(self) -> str:
        return f"{self.problem} {self.what} {self.hint}".strip()


class DueList(models.Model):
    """A list that has to be written again. The row goes in the transaction that has written the list."""

    path = models.CharField(max_length=200, unique=True)

    def __str__(self) -> str:
        return self.path


class Edition(models.Model):
    """What all pages are made with: templates, fold, publication, sections. Another one makes every page again.

    `closing` stands for the rules that may close a free article; other ones make the free articles again.
    """

    fingerprint = models.CharField(max_length=64)
    closing = models.CharField(max_length=64, default="")
    at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.fingerprint[:12]


def free_slug(wanted: str, pk: int | None = None) -> str:
    """`wanted`, or the first of `wanted-2`, `wanted-3`, … that no other article has and that may be an address."""
    slug, count = wanted, 1
    while True:
        try:
            validate_article_slug(slug)
        except ValidationError:
            pass
        else:
            others = Article.objects.filter(slug=slug)
            if not (others if pk is None else others.exclude(pk=pk)).exists():
                return slug
        count += 1
        slug = f"{wanted[:110]}-{count}"
