"""The addresses of an account: its own, and those of accounts that were made one with it (`merging`)."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db.models import QuerySet

from foldline.site.readers.models import Reader


def further(reader: Reader) -> QuerySet[EmailAddress]:
    """The confirmed addresses that sign in to an account beside its own."""
    found: QuerySet[EmailAddress] = EmailAddress.objects.filter(user=reader, verified=True)
    return found.exclude(email=reader.email).order_by("email")


def further_addresses(reader: Reader) -> list[str]:
    """The same as texts."""
    return list(further(reader).values_list("email", flat=True))


def addresses(reader: Reader) -> list[str]:
    """Every address that signs in to an account, its own first."""
    return [reader.email, *further_addresses(reader)]
