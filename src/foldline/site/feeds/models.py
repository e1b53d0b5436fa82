"""Which reader has a private feed of which list. What it may show stands in the pass facts of its session, and the key
itself stands nowhere."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from foldline.site.readers import moment
from foldline.site.readers.models import Reader


class FeedKey(models.Model):
    """A key that was made. `base` is the path of the list, "" for the whole site; `pass_session` is what the key stands
    for (`signed.feed_key`)."""

    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, related_name="feed_keys")
    base = models.CharField(max_length=200, blank=True, default="")
    pass_session = models.CharField(max_length=32, unique=True)
    made_at = models.DateTimeField(default=moment.now)

    class Meta:
        ordering = ("base",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["reader", "base"], name="one_key_of_a_list"),
        ]

    def __str__(self) -> str:
        return f"feed of {self.base or '/'} since {self.made_at:%Y-%m-%d}"


class FeedUse(models.Model):
    """That a private feed was asked for on a day (an ordinal) from a network, which a keyed hash of that day stands for
    (`stores.feed_uses`)."""

    session = models.CharField(max_length=32)
    day = models.IntegerField()
    network = models.CharField(max_length=32)

    class Meta:
        managed = False
        db_table = "foldline_feed_uses"

    def __str__(self) -> str:
        return f"{self.session} on {self.day}"
