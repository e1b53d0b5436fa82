"""The demonstration's readers. All of them are invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db import transaction

from foldline.site.desk import roles
from foldline.site.desk.roles import Role
from foldline.site.readers import entitlements, moment, passes
from foldline.site.readers.models import WHOLE_PUBLICATION, Entitlement, Product, Reader


@dataclass(frozen=True, slots=True)
class Invented:
    """One reader of the demonstration; `kind` is what the bar and the addresses call them."""

    kind: str
    email: str
    name: str


REGISTERED = Invented("registered", "registered@example.test", "Reba Registered")
SUBSCRIBER = Invented("subscriber", "subscriber@example.test", "Sam Subscriber")
LAPSED = Invented("lapsed", "lapsed@example.test", "Lena Lapsed")

#: Who can be at the demonstration's desk, by their role.
STAFF: dict[Role, Invented] = {
    Role.EDITOR: Invented("editor", "editor@example.test", "Edda Editor"),
    Role.SERVICE: Invented("service", "service@example.test", "Sasha Service"),
    Role.REVENUE: Invented("revenue", "revenue@example.test", "Rory Revenue"),
    Role.ADMIN: Invented("admin", "admin@example.test", "Ada Admin"),
}

READERS: dict[str, Invented] = {invented.kind: invented for invented in (REGISTERED, SUBSCRIBER, LAPSED)}
NOBODY: tuple[str, ...] = ("anonymous", "googlebot")
NOTE = "demonstration"


@transaction.atomic
def seed_readers() -> None:
    """Make the invented readers and their entitlements. Doing it again changes nothing that still holds."""
    product = Product.objects.get(number=WHOLE_PUBLICATION)
    for invented in READERS.values():
        _make(invented)
    for role, invented in STAFF.items():
        roles.give(_make(invented), role)
    now = moment.now()
    subscriber = Reader.objects.get(email=SUBSCRIBER.email)
    if not any(entitlement.runs(now) for entitlement in subscriber.entitlements.all()):
        entitlements.give(subscriber, product, ends_at=now + timedelta(days=365), note=NOTE)
    lapsed = Reader.objects.get(email=LAPSED.email)
    if not lapsed.entitlements.exists():
        # In the past, which `give` refuses: a demonstration cannot wait until a subscription ends.
        Entitlement.objects.create(
            reader=lapsed,
            product=product,
            starts_at=now - timedelta(days=395),
            ends_at=now - timedelta(days=30),
            note=NOTE,
        )
        passes.refresh(lapsed)


def _make(invented: Invented) -> Reader:
    reader, _new = Reader.objects.update_or_create(
        email=invented.email, defaults={"name": invented.name, "is_active": True}
    )
    EmailAddress.objects.get_or_create(user=reader, email=invented.email, defaults={"verified": True, "primary": True})
    return reader
