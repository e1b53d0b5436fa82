from __future__ import annotations

from pathlib import Path

import pytest
from tests.gate.newspaper import Newspaper, open_newspaper


@pytest.fixture
def paper(tmp_path: Path) -> Newspaper:
    return open_newspaper(tmp_path)
