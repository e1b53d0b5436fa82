"""One gate before the lenient site for all tests of a module: they change nothing of it, or put it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.recipes.lenient_site import Site, lenient_site
from tests.recipes.running import Paper, opened


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with lenient_site() as runs:
        yield runs


@pytest.fixture(scope="module")
def paper(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    with opened(tmp_path_factory.mktemp("paper") / "home", site.port) as runs:
        yield runs
