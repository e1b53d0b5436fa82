"""A gate worker is small: no Django, no SQL of the site, no template engine."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

FOREIGN = [
    "django",
    "allauth",
    "jinja2",
    "markdown_it",
    "nh3",
    "selectolax",
    "turbohtml",
    "PIL",
    "yaml",
    "rich",
    "psycopg",
    # A megabyte, for an escape of three characters.
    "urllib.request",
]


@pytest.mark.parametrize(
    "module", ["foldline.server.worker", "foldline.gate.asgi", "foldline.mounted", "foldline.stores.records"]
)
def test_what_a_worker_imports_brings_no_framework(module: str) -> None:
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert [name for name in loaded if name.split(".")[0] in FOREIGN or name in FOREIGN] == []
