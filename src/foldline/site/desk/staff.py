"""Staff: readers who may come to the desk, in one of two roles."""

from __future__ import annotations

from enum import StrEnum

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from foldline.site.readers import passes
from foldline.site.readers.addresses import canonical_email
from foldline.site.readers.models import Reader

EDITORS = "Editors"


class Role(StrEnum):
    """An editor has the newsroom; an admin has everything."""

    EDITOR = "editor"
    ADMIN = "admin"


def add(email: str, role: Role, password: str) -> tuple[Reader, bool]:
    """Make a reader staff, or give staff another role and password. The second value says whether they are new.

    Raises:
        ValidationError: for an address that is none, or a password that is too weak.
    """
    address = canonical_email(email)
    with transaction.atomic():
        reader, new = Reader.objects.get_or_create(email=address)
        validate_password(password, reader)
        reader.set_password(password)
        reader.is_staff = reader.is_active = True
        reader.is_superuser = role is Role.ADMIN
        reader.save()
        reader.groups.set([editors()] if role is Role.EDITOR else [])
        EmailAddress.objects.update_or_create(user=reader, email=address, defaults={"verified": True, "primary": True})
    return reader, new


def editors() -> Group:
    """The group that may do everything in the newsroom, and nothing else."""
    group, _new = Group.objects.get_or_create(name=EDITORS)
    group.permissions.set(Permission.objects.filter(content_type__app_label="newsroom"))
    return group


def forget_second_factor(reader: Reader) -> None:
    """For a lost telephone: the next sign-in at the desk sets up another one."""
    Authenticator.objects.filter(user=reader).delete()
    passes.end_all(reader)


def has_second_factor(reader: Reader) -> bool:
    """Whether the desk will ask for a code, and not set one up, at the next sign-in."""
    return bool(Authenticator.objects.filter(user=reader, type=Authenticator.Type.TOTP).exists())
