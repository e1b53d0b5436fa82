from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.django_home import django_home

from foldline.stores.home import Home

from .room import Newsroom


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return django_home(tmp_path_factory)


@pytest.fixture
def newsroom(home: Home) -> Iterator[Newsroom]:
    """An empty newsroom on a real home folder."""
    room = Newsroom(home)
    room.empty()
    yield room
    room.empty()
