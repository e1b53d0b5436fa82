from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.django_home import django_home

from foldline.stores.home import Home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return django_home(tmp_path_factory)


def empty() -> None:
    """Take away every reader, and what hangs on one."""
    from allauth.account.models import EmailAddress
    from django.db import connection

    from foldline.site.billing import models as billing
    from foldline.site.circulation.models import PrintSubscription
    from foldline.site.desk.models import AuditEntry
    from foldline.site.readers import models as readers

    tables: tuple[Any, ...] = (
        PrintSubscription, billing.OwnedEntitlement, billing.Order, readers.Entitlement, billing.Subscription,
        billing.Withdrawal, readers.ReaderSession, readers.PassFacts, readers.Change, EmailAddress, readers.Reader,
    )  # fmt: skip
    for table in tables:
        table.objects.all().delete()
    readers.Product.objects.exclude(number=1).delete()
    readers.Product.objects.update(name="All of the publication")
    with connection.cursor() as cursor:
        # The log refuses to lose rows by itself, and every test begins with an empty one.
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", [AuditEntry._meta.db_table]
        )
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        cursor.execute(f'DELETE FROM "{AuditEntry._meta.db_table}"')
        for _, sql in triggers:
            cursor.execute(sql)


@pytest.fixture
def site(home: Home) -> Iterator[Home]:
    """A home without readers."""
    empty()
    yield home
    empty()
