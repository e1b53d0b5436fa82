"""Print subscriptions as the circulation file tells them, and which reader activated which. No name and no postcode."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models

from foldline.site.readers import moment
from foldline.site.readers.models import Entitlement, Reader

#: How long a subscription without an end in the file runs on after the last file that named it.
OPEN_ENDED = timedelta(days=60)


class PrintSubscription(models.Model):
    """One row of the file. `pair` is a keyed hash of number and postcode, `address` one of the e-mail address ("" for
    none); `ends_at` is None for one without an end; `seen_at` is the import that last named it."""

    number = models.CharField(max_length=40, unique=True)
    pair = models.CharField(max_length=64, db_index=True)
    address = models.CharField(max_length=64, blank=True, default="", db_index=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("number",)
        default_permissions: ClassVar[tuple[str, ...]] = ()

    def __str__(self) -> str:
        return self.number

    @property
    def end(self) -> datetime:
        """When it ends: with the file's day, or some time after the last file."""
        return self.ends_at if self.ends_at is not None else self.seen_at + OPEN_ENDED

    def runs(self, now: datetime) -> bool:
        return self.starts_at <= now < self.end


class PrintActivation(models.Model):
    """A subscription is one reader's at most. The entitlement follows what the file says of its end."""

    subscription = models.OneToOneField(PrintSubscription, on_delete=models.CASCADE, related_name="activation")
    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, related_name="print_activations")
    entitlement = models.ForeignKey(Entitlement, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=moment.now)

    class Meta:
        ordering = ("at", "pk")
        default_permissions: ClassVar[tuple[str, ...]] = ()

    def __str__(self) -> str:
        return f"print {self.subscription_id} of reader {self.reader_id}"
