"""The sample data that the tests read where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder that FOLDLINE_SAMPLES names, `../shared/data` beside the repository where it names none."""
    folder = Path(os.environ.get("FOLDLINE_SAMPLES") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"FOLDLINE_SAMPLES: there is no sample data at {folder}")
    return folder
