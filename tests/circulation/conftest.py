"""The readers' side with no print subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from tests.readers.conftest import home, later
from tests.readers.conftest import site as readers_site

from foldline.stores.home import Home

#: As `tests.django_home` has it.
ZONE = ZoneInfo("America/New_York")

__all__ = ["home", "later", "readers_site"]


class Room:
    """Circulation files, and what follows from them."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def take(self, text: str, *options: str) -> Result:
        from foldline.cli.main import verbs

        file = self.home.path / "print.csv"
        file.write_bytes(text.encode())
        return CliRunner().invoke(verbs, ["import", "print", str(file), "--home", str(self.home.path), *options])


@pytest.fixture
def room(home: Home, readers_site: None) -> Iterator[Room]:
    from foldline.site.circulation.models import PrintSubscription

    PrintSubscription.objects.all().delete()
    yield Room(home)
    PrintSubscription.objects.all().delete()


def day(offset: int) -> str:
    """A day from today on, as a file has it: where the publication is, yesterday may be today elsewhere."""
    return (datetime.now(ZONE) + timedelta(days=offset)).date().isoformat()


def held(email: str) -> list[tuple[str, bool]]:
    """(kind, whether it runs) of each entitlement of a reader, in their order."""
    from foldline.site.readers import moment
    from foldline.site.readers.models import Entitlement

    rows = Entitlement.objects.filter(reader__email=email).order_by("pk")
    return [(row.kind, row.runs(moment.now())) for row in rows]
