"""Staff: readers who may come to the desk."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from foldline.site.desk import audit, roles
from foldline.site.desk.roles import Role
from foldline.site.readers import passes
from foldline.site.readers.addresses import canonical_email
from foldline.site.readers.models import Reader


def add(email: str, role: Role, password: str, by: Reader | str = audit.COMMAND_LINE) -> tuple[Reader, bool]:
    """Make a reader staff, or give staff another role and password. The second value says whether they are new.

    Raises:
        ValidationError: for an address that is none, or a password that is too weak.
    """
    address = canonical_email(email)
    with transaction.atomic():
        known = Reader.objects.of_address(address)
        reader = known or Reader.objects.create(email=address)
        before = roles.role_of(reader)
        validate_password(password, reader)
        reader.set_password(password)
        roles.give(reader, role)
        EmailAddress.objects.update_or_create(
            user=reader, email=reader.email, defaults={"verified": True, "primary": True}
        )
        what = "made staff" if before is None else "given a role and a password"
        audit.record(by, what, audit.of_staff(reader), before or "", role)
    return reader, known is None


def forget_second_factor(reader: Reader, by: Reader | str = audit.COMMAND_LINE) -> None:
    """For a lost telephone: the next sign-in at the desk sets up another one."""
    with transaction.atomic():
        Authenticator.objects.filter(user=reader).delete()
        passes.end_all(reader)
        audit.record(by, "second factor forgotten", audit.of_staff(reader))


def has_second_factor(reader: Reader) -> bool:
    """Whether the desk will ask for a code, and not set one up, at the next sign-in."""
    return bool(Authenticator.objects.filter(user=reader, type=Authenticator.Type.TOTP).exists())
