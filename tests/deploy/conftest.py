from __future__ import annotations

import pytest
from tests.django_home import django_home

from foldline.stores.home import Home


@pytest.fixture
def django(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home folder that Django has been set up with."""
    return django_home(tmp_path_factory)
