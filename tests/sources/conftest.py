"""The sample data that the tests read where it is at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sample_data import sample_folder


@pytest.fixture(scope="session")
def samples() -> Path:
    return sample_folder()
