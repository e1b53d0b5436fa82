"""The desk's own tables: what staff changed, what the site does by itself, and what staff wrote about readers."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models

from foldline.site.readers import moment
from foldline.site.readers.models import Reader


class Desk(models.Model):
    """No table: the powers that a role has at the desk's own pages, as Django's permissions."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = (
            ("see_as", "See an article as any reader"),
            ("open_now", "Open articles for everybody"),
            ("serve_readers", "Find readers, and help them"),
            ("see_payments", "See plans, and what readers pay"),
            ("see_rules", "See the rules"),
            ("change_rules", "Publish rules"),
            ("see_decisions", "See the last decisions"),
            ("see_jobs", "See what the site does by itself"),
            ("see_audit", "See who changed what"),
        )

    def __str__(self) -> str:
        return "desk"


class OnlyAdded(models.QuerySet["AuditEntry"]):
    """Rows are added. Whoever has to change one writes another."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("the audit log is append-only")

    def delete(self) -> NoReturn:
        raise TypeError("the audit log is append-only")


class AuditEntry(models.Model):
    """One change: who, when, what, and the values before and after as short text. The database refuses to change rows.

    No reader's address, no secret and no text of an article stands here: an entry outlives an account that is erased.
    """

    at = models.DateTimeField(default=moment.now, editable=False)
    by = models.CharField(max_length=254, editable=False)
    what = models.CharField(max_length=60, editable=False)
    kind = models.CharField(max_length=40, editable=False)
    key = models.CharField(max_length=120, blank=True, editable=False)
    name = models.CharField(max_length=300, blank=True, editable=False)
    before = models.TextField(blank=True, editable=False)
    after = models.TextField(blank=True, editable=False)

    objects = OnlyAdded.as_manager()

    class Meta:
        ordering = ("-id",)
        default_permissions = ()
        indexes = (models.Index(fields=["kind", "key"], name="desk_audit_subject"),)

    def __str__(self) -> str:
        return f"{self.by} {self.what} {self.kind} {self.key}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("the audit log is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("the audit log is append-only")


class DueJob(models.Model):
    """One thing that the site does by itself. Moments are epoch seconds; `leased_until` is 0 while nobody runs it."""

    name = models.CharField(max_length=60, primary_key=True)
    every = models.FloatField()
    due = models.FloatField(default=0.0)
    leased_by = models.CharField(max_length=40, blank=True)
    leased_until = models.FloatField(default=0.0)
    began = models.FloatField(default=0.0)
    ended = models.FloatField(default=0.0)
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)
    #: Failures since it last went well, and what the last of them said.
    failing = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    #: What it last found, in a line; "" for a job that says nothing.
    result = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("name",)
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class MergedAccount(models.Model):
    """An account that staff made one with `reader`'s. Other systems may go on calling the reader by its `key`; `number`
    is what the audit log called it, None where it came with an import. It goes with the account."""

    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, related_name="merged_accounts")
    key = models.CharField(max_length=32, unique=True)
    number = models.PositiveBigIntegerField(unique=True, null=True)
    at = models.DateTimeField(default=moment.now)

    class Meta:
        ordering = ("at", "id")
        default_permissions: ClassVar[tuple[str, ...]] = ()

    def __str__(self) -> str:
        return f"{self.key} is {self.reader_id} since {self.at:%Y-%m-%d}"


class ReaderNote(models.Model):
    """What staff wrote about a reader for other staff. It goes with the account."""

    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, related_name="desk_notes")
    by = models.CharField(max_length=254)
    at = models.DateTimeField(default=moment.now)
    text = models.TextField(max_length=2000)

    class Meta:
        ordering = ("-at", "-id")
        default_permissions: ClassVar[tuple[str, ...]] = ()

    def __str__(self) -> str:
        return f"note of {self.at:%Y-%m-%d}"
