"""The tables of the readers' side. What a gate worker reads stands in `foldline_*` tables, which `stores` creates."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from foldline.site.readers import moment
from foldline.site.readers.addresses import LONGEST, canonical_email

WHOLE_PUBLICATION = 1


def new_key() -> str:
    """Sixteen random bytes in hexadecimal: what names a reader or a session outside of this database."""
    return secrets.token_hex(16)


class ReaderManager(BaseUserManager["Reader"]):
    """Readers are found by the one spelling of their address."""

    def get_by_natural_key(self, username: str | None) -> Reader:
        return self.get(email=(username or "").strip().casefold())

    def join(self, email: str) -> Reader:
        """The reader of an address, made if there is none. A new reader has no password and an unconfirmed address.

        Raises:
            ValidationError: if that is no address.
        """
        address = canonical_email(email)
        known = self.of_address(address)
        if known is not None:
            return known
        reader, _made = self.get_or_create(email=address, defaults={"password": "!"})
        return reader

    def of_address(self, email: str) -> Reader | None:
        """The reader whom an address signs in, in its one spelling; None for nobody. One question, whoever it is.

        An account that two were made of (`merging`) has more than one address.
        """
        further = self._other("emailaddress").filter(email=email, verified=True).values("user")
        found = self._either(self.filter(email=email), further)
        return min(found, key=lambda reader: reader.email != email, default=None)

    def of_key(self, key: str) -> Reader | None:
        """The reader whom other systems call so, or called so before two accounts were made one; None for nobody."""
        found = self._either(self.filter(key=key), self._other("merged_accounts").filter(key=key).values("reader"))
        return min(found, key=lambda reader: reader.key != key, default=None)

    def _other(self, name: str) -> models.Manager[Any]:
        """The rows of a table that leads here, and that this file can't import."""
        related: Any = self.model._meta.get_field(name).related_model
        manager: models.Manager[Any] = related._default_manager
        return manager

    def _either(self, own: models.QuerySet[Reader], further: models.QuerySet[Any, Any]) -> models.QuerySet[Reader]:
        """Those found in their own row or in another table, each once. An OR over a join would read every reader."""
        return self.filter(pk__in=own.order_by().values("pk").union(further.order_by(), all=True))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Reader:
        reader = self.model(email=canonical_email(email), **fields)
        reader.set_password(password)
        reader.save(using=self._db)
        return reader

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Reader:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class Reader(AbstractBaseUser, PermissionsMixin):
    """Anybody who has an account. `key` is what other rooms and other systems may know; the primary key stays here."""

    email = models.EmailField(_("email address"), max_length=LONGEST, unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    key = models.CharField(
        max_length=32, unique=True, editable=False, default=new_key, validators=[RegexValidator(r"\A[0-9a-f]{32}\Z")]
    )
    is_staff = models.BooleanField(_("staff status"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(default=moment.now, editable=False)

    objects = ReaderManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("email",)

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        self.email = canonical_email(self.email)
        other = Reader.objects.of_address(self.email)
        if other is not None and other.pk != self.pk:
            raise ValidationError({"email": "This address signs in to another account."})

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.password:
            self.set_unusable_password()
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class Product(models.Model):
    """What is sold, or given: the right to a part of the publication. A pass carries its number in two bytes."""

    number = models.PositiveSmallIntegerField(
        primary_key=True, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    name = models.CharField(max_length=120, unique=True)

    class Meta:
        ordering = ("number",)

    def __str__(self) -> str:
        return self.name


class Entitlement(models.Model):
    """A reader's right to a product from a start until an end. Ending it early is a record, not a changed end. The end
    of one that a subscription owns moves with what is paid; the ledger of billing alone moves it."""

    class Kind(models.TextChoices):
        STAFF = "staff", "Staff"
        COMPLIMENTARY = "complimentary", "Complimentary"
        PAID = "paid", "Paid"
        TRIAL = "trial", "Trial"
        GIFT = "gift", "Gift"
        PRINT = "print", "Print"
        LIBRARY = "library", "Library"
        COMPANY = "company", "Company"

    #: What subscriptions own: their ends follow the payment provider, and nobody gives or ends them by hand.
    OF_SUBSCRIPTIONS = frozenset({Kind.PAID, Kind.TRIAL})

    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="entitlements")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.COMPLIMENTARY)
    starts_at = models.DateTimeField(default=moment.now)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="May stay empty for staff only.")
    note = models.CharField(max_length=300, blank=True)
    given_by = models.ForeignKey(Reader, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    given_at = models.DateTimeField(default=moment.now, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    ended_by = models.ForeignKey(Reader, on_delete=models.PROTECT, null=True, related_name="+", editable=False)

    class Meta:
        ordering = ("-given_at",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=False) | models.Q(kind="staff"),
                name="only_staff_without_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} for {self.reader}"

    def clean(self) -> None:
        if self.ends_at is None and self.kind != self.Kind.STAFF:
            raise ValidationError({"ends_at": "Only an entitlement of the kind staff may have no end."})
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": "The end must be after the start."})

    @property
    def end(self) -> datetime | None:
        """When it ends or ended, whichever came first; None for no end."""
        ends = [end for end in (self.ends_at, self.ended_at) if end is not None]
        return min(ends, default=None)

    def runs(self, now: datetime) -> bool:
        return self.starts_at <= now and (self.end is None or self.end > now)


class ReaderSession(models.Model):
    """One sign-in on one device: the Django session and the pass session that belong together."""

    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, related_name="sessions")
    django_key = models.CharField(max_length=40, unique=True)
    pass_session = models.CharField(max_length=32, unique=True, default=new_key)
    device = models.CharField(max_length=60, blank=True, default="")
    started_at = models.DateTimeField(default=moment.now)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.reader} since {self.started_at:%Y-%m-%d}"


class SignInCode(models.Model):
    """A code that was mailed. Only hashes are kept; `address` is a keyed hash of the e-mail address, `network` one of
    that address and the network that asked: it says nothing about anybody else.

    `reader` is None where no mail was sent (the account is closed): nothing a visitor sees may tell the difference.
    """

    lookup = models.CharField(max_length=64, unique=True)
    code_hash = models.CharField(max_length=64)
    address = models.CharField(max_length=64, db_index=True)
    network = models.CharField(max_length=64, blank=True, default="")
    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, null=True, related_name="+")
    asked_at = models.DateTimeField(default=moment.now, db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)
    spent_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"code asked for at {self.asked_at:%Y-%m-%d %H:%M}"


class PassFacts(models.Model):
    """What the gate may put into a pass (`stores.schema`). `products` is "1:1767225600,2:0": product and end.
    `used_on` is the day of the last use, an ordinal in the publication's zone."""

    session = models.CharField(primary_key=True, max_length=32)
    reader = models.CharField(max_length=32)
    products = models.TextField()
    session_until = models.BigIntegerField()
    ended_at = models.BigIntegerField(default=0)
    used_on = models.IntegerField(default=0)
    payment_failed = models.BooleanField(default=False)

    class Meta:
        managed = False
        db_table = "foldline_pass_facts"

    def __str__(self) -> str:
        return self.session


class Change(models.Model):
    """One row of the append-only table that every gate worker follows (`stores.schema`)."""

    kind = models.TextField()
    key = models.TextField()
    at = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "foldline_changes"

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
