"""The readers' side with institutions and no readers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.readers.conftest import home, later
from tests.readers.conftest import site as readers_site

from foldline.stores.home import Home
from foldline.stores.institutions import InstitutionStore, Kind, StoredInstitution
from foldline.stores.schema import connect

__all__ = ["home", "later", "readers_site"]

DAY = 86_400
UNIVERSITY = StoredInstitution(Kind.LIBRARY, "Rosewater University", 0, 1, ("8.8.8.0/24",), ("uni.edu",))


class Room:
    """Institutions as the desk stores them: what follows from a change follows at once."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def save(self, one: StoredInstitution, **fields: object) -> StoredInstitution:
        from foldline.site.institutions import provided
        from foldline.site.readers import moment

        changed: StoredInstitution = replace(one, **fields)  # type: ignore[arg-type]
        with InstitutionStore(self.home) as store:
            stored = store.save(changed, "ada", moment.epoch(), confirmed=True)
        provided.settle_all()
        return stored

    def university(self, days: float = 1000, **fields: object) -> StoredInstitution:
        from foldline.site.readers import moment

        now = moment.epoch()
        return self.save(UNIVERSITY, starts=now - 10, ends=now + int(days * DAY), **fields)


@pytest.fixture
def room(home: Home, readers_site: None) -> Iterator[Room]:
    def empty() -> None:
        connection = connect(home.site_db)
        connection.execute("DELETE FROM foldline_institutions")
        connection.close()

    empty()
    yield Room(home)
    empty()


def held(email: str) -> list[tuple[str, bool]]:
    """(kind, whether it runs) of each entitlement of a reader, in their order."""
    from foldline.site.readers import moment
    from foldline.site.readers.models import Entitlement

    rows = Entitlement.objects.filter(reader__email=email).order_by("pk")
    return [(row.kind, row.runs(moment.now())) for row in rows]
