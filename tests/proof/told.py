"""What a process of its own answers about a newspaper with these rests, always at the same path, as JSON lines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foldline.testing.worlds import World

ROOT = Path(__file__).parents[2]


def told(program: str, fault: str, rests: Mapping[int, str], place: Path, **environ: str) -> list[dict[str, Any]]:
    """Run `python -m PROGRAM FAULT` over a newspaper that is made in `place` and gone afterwards."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    try:
        with World(place, rests) as world:
            database = world.home.database
        where = {"FOLDLINE_HOME": str(place)} | ({"FOLDLINE_DATABASE": database.url} if database else {})
        said = subprocess.run(
            [sys.executable, "-m", program, fault],
            env={**keep, **where, **environ, "PYTHONHASHSEED": "0"},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=300,
        ).stdout
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return [json.loads(line) for line in said.splitlines()]
