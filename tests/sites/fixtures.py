"""Sites for any test, each made once for a session: take the fixture and do not change its articles.

Who must change or unpublish something opens a site of their own: `pelican_site`, `wagtail_site` and `flask_site` are
context managers, and `wagtail_database` is what the second needs.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sites.flask_paper.site import FlaskSite, flask_site
from tests.sites.pelican_paper import PelicanSite, pelican_site
from tests.sites.wagtail_paper.site import WagtailSite, migrated_database, wagtail_site


@pytest.fixture(scope="session")
def wagtail_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The migrated database of an empty Wagtail newspaper, to be copied: one for all processes of a run."""
    base = tmp_path_factory.getbasetemp()
    # Each process of pytest-xdist has a folder of its own in that of the run.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "wagtail-database"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            migrated_database(folder)
            (folder / "ready").touch()
    return folder / "db.sqlite3"


@pytest.fixture(scope="session")
def wagtail_paper(tmp_path_factory: pytest.TempPathFactory, wagtail_database: Path) -> Iterator[WagtailSite]:
    """Wagtail with eight articles, variant "a", no sign of a fold."""
    with wagtail_site(tmp_path_factory.mktemp("wagtail") / "site", wagtail_database) as site:
        yield site


@pytest.fixture(scope="session")
def pelican_paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PelicanSite]:
    """Pelican's own theme *simple* with eight articles, variant "a", no sign of a fold."""
    with pelican_site(tmp_path_factory.mktemp("pelican") / "site") as site:
        yield site


@pytest.fixture(scope="session")
def pelican_paywall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PelicanSite]:
    """Pelican with structured data that names the closed part, and a sitemap."""
    with pelican_site(tmp_path_factory.mktemp("pelican") / "site", theme="paywall") as site:
        yield site


@pytest.fixture(scope="session")
def flask_paper() -> Iterator[FlaskSite]:
    """Flask with twenty articles, variant "a", no sign of a fold, and everything that leaks beside the text."""
    with flask_site() as site:
        yield site
