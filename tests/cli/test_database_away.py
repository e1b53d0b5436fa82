"""What a verb says while the database that hosts share is away or refuses: a sentence with where and what, no
traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from foldline.testing.postgres import LOCKED, Database, PostgresCluster

SETTINGS = """\
[publication]
name = "The Valley Post"
url = "http://127.0.0.1:8080"
zone = "America/New_York"
"""
#: Nobody listens at port 1.
AWAY = "postgresql://foldline@127.0.0.1:1/paper"


def foldline(home: Path, url: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    (home / "foldline.toml").write_text(SETTINGS, encoding="utf-8")
    given = {**os.environ, "FOLDLINE_SECRET": "only-for-tests-" * 4, "FOLDLINE_DATABASE": url, **environ}
    given.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", "foldline.cli.main", *words, "--home", str(home)]
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("words", ["migrate", "keys", "staff add ada@post.example --password-stdin"])
def test_a_verb_says_where_the_database_is_that_can_not_be_reached(words: str, tmp_path: Path) -> None:
    done = foldline(tmp_path, AWAY, *words.split())
    assert done.returncode == 1
    assert f"FL342 {AWAY}: the database can't be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_migrate_says_that_the_database_does_not_let_us_in_and_no_password(
    tmp_path: Path, postgres: PostgresCluster, database: Database
) -> None:
    url = f"postgresql://{LOCKED}@127.0.0.1:{postgres.port}/{database.name}"
    done = foldline(tmp_path, url, "migrate", FOLDLINE_DATABASE_PASSWORD="another-password")
    assert (done.returncode, f"FL344 {url}" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    assert "another-password" not in done.stderr


def test_migrate_says_that_it_may_make_no_tables(tmp_path: Path, database: Database) -> None:
    with psycopg.connect(database.superuser_url) as asking:
        asking.execute("CREATE ROLE guest LOGIN")
    url = database.url.replace("//foldline@", "//guest@")
    done = foldline(tmp_path, url, "migrate")
    assert (done.returncode, f"FL344 {url}" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
