"""The demo lets everybody in: it starts in no database that is somebody else's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from foldline.cli.demo import SETTINGS, refuse_real_database
from foldline.errors import ConfigurationError
from foldline.stores.home import Home
from foldline.testing.postgres import Database


def demo(home: Path, *options: str, **environ: str) -> str:
    """What it says where it refuses."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith("FOLDLINE_")}
    command = [sys.executable, "-m", "foldline.cli.main", "demo", "--json", "--port", "0", "--home", str(home)]
    done = subprocess.run(
        [*command, *options], env={**keep, **environ}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stderr
    return done.stderr


def test_a_database_of_the_environment_is_refused_and_nothing_is_written(tmp_path: Path, database: Database) -> None:
    assert re.search("FL050.*FOLDLINE_DATABASE", demo(tmp_path / "home", FOLDLINE_DATABASE=database.url))
    assert not (tmp_path / "home").exists()


def test_a_database_of_somebody_else_is_refused_and_nothing_is_written(tmp_path: Path, with_tables: Database) -> None:
    assert "FL051" in demo(tmp_path / "home", "--database", with_tables.url)
    assert not (tmp_path / "home" / "foldline.toml").exists()


def test_the_database_that_a_demo_has_had_is_taken_again(
    tmp_path: Path, with_tables: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it looks like when it runs there is in `make postgres`."""
    monkeypatch.delenv("FOLDLINE_DEMO", raising=False)
    home = Home(tmp_path / "home")
    home.make()
    home.settings_file.write_text(SETTINGS.format(url="", port=0, desk=0, workers=1, database=""), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="FL051"):
        refuse_real_database(home, with_tables.url)
    said = f'\n[database]\nurl = "{with_tables.url}"\n'
    home.settings_file.write_text(SETTINGS.format(url="", port=0, desk=0, workers=1, database=said), encoding="utf-8")
    assert refuse_real_database(home, with_tables.url) == said


def test_a_password_on_the_command_line_is_refused_and_not_repeated(tmp_path: Path) -> None:
    said = demo(tmp_path / "home", "--database", "postgresql://demo:hunter2@127.0.0.1/demo")
    assert "FL341" in said
    assert "hunter2" not in said
