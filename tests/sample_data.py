"""Data of others, read where it lies: never a part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def sample_folder() -> Path:
    """The folder that FOLDLINE_SAMPLES names, `../shared/data` beside the repository where it names none. Without it
    the test is named as not tried."""
    folder = Path(os.environ.get("FOLDLINE_SAMPLES") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"FOLDLINE_SAMPLES: there is no sample data at {folder}")
    return folder
