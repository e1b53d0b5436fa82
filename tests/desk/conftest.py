"""The desk stands on the readers' side and on the newsroom: the same home folder, and the same empty tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.newsroom.conftest import newsroom
from tests.readers.conftest import home, later, site
from tests.readers.processes import DeskBrowser, served

from foldline.stores.home import Home
from foldline.stores.schema import connect

__all__ = ["home", "later", "newsroom", "site"]


@pytest.fixture(scope="module")
def port(home: Home) -> Iterator[int]:
    with served(home, "desk") as port:
        yield port


@pytest.fixture
def desk(port: int, site: None) -> DeskBrowser:
    return DeskBrowser(port)


class Log:
    """What the audit log says since this was made: entries as `who|what|kind|before|after`, in their order."""

    def __init__(self) -> None:
        from foldline.site.desk.models import AuditEntry

        self._mark = AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0

    def entries(self) -> list[str]:
        from foldline.site.desk.models import AuditEntry

        new = AuditEntry.objects.filter(id__gt=self._mark).order_by("id")
        return [f"{entry.by}|{entry.what}|{entry.kind}|{entry.before}|{entry.after}" for entry in new]

    def changes(self) -> list[str]:
        """The same, without how staff came in."""
        return [entry for entry in self.entries() if entry.split("|")[2] != "staff"]


@pytest.fixture
def log(home: Home) -> Log:
    return Log()


@pytest.fixture
def no_rules(home: Home) -> Iterator[None]:
    """No rule set was published, nothing is open now, and there is no draft."""

    def empty() -> None:
        connection = connect(home.site_db)
        for table in ("foldline_rule_sets", "foldline_open_now"):
            connection.execute(f"DELETE FROM {table}")
        connection.close()
        for file in (home.rules_file, home.rules_in_force):
            file.unlink(missing_ok=True)

    empty()
    yield
    empty()
