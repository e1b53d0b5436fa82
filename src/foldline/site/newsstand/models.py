"""Feeds that a publisher added, and the cards made of them. No text of anybody's article is in these tables."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

LONGEST_ADDRESS = 500


class Source(models.Model):
    """One feed. Moments are epoch seconds, 0 for never: `next_at` says when it may be asked again, `fetched_at` when it
    was last had, or was still the same; `failures` counts the tries since then. `title` is the feed's own name, which
    the desk may have changed (`named`)."""

    address = models.CharField(max_length=LONGEST_ADDRESS, unique=True)
    title = models.CharField(max_length=80)
    named = models.BooleanField(default=False)
    language = models.CharField(max_length=40, default="", blank=True)
    added_at = models.BigIntegerField()
    next_at = models.BigIntegerField(default=0, db_index=True)
    fetched_at = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=200, default="", blank=True)
    left_out = models.CharField(max_length=200, default="", blank=True)
    etag = models.CharField(max_length=500, default="", blank=True)
    last_modified = models.CharField(max_length=100, default="", blank=True)

    def __str__(self) -> str:
        return self.title


class SourceCard(models.Model):
    """One article of a source. `at` is the date that its card shows, None where the feed gives none that can be right;
    `sorted_at` is by what it stands among the others: never later than when it was first seen."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="cards")
    key = models.CharField(max_length=300)
    link = models.CharField(max_length=2000)
    headline = models.CharField(max_length=200)
    standfirst = models.CharField(max_length=300, default="", blank=True)
    at = models.DateTimeField(null=True)
    tags = models.JSONField(default=list)
    first_seen = models.DateTimeField()
    sorted_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=("source", "key"), name="one_card_of_a_key")
        ]

    def __str__(self) -> str:
        return self.headline
