"""Which institution gave an entitlement, and the power to change institutions. These stand in `foldline_institutions`,
which the gate reads (`stores.institutions`)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from foldline.site.readers.models import Entitlement


class Powers(models.Model):
    """No table: what a role may do with institutions, as Django's permissions."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = (("change_institutions", "Set up libraries and companies, and see what they use"),)

    def __str__(self) -> str:
        return "institutions"


class Provided(models.Model):
    """An entitlement that a reader has by an address in an institution's domain. `proven_at` is when they last typed a
    code that was mailed there."""

    entitlement = models.OneToOneField(Entitlement, on_delete=models.CASCADE, related_name="provided")
    institution = models.PositiveBigIntegerField(db_index=True)
    proven_at = models.DateTimeField()

    class Meta:
        default_permissions: ClassVar[tuple[str, ...]] = ()

    def __str__(self) -> str:
        return f"{self.entitlement} by institution {self.institution}"
