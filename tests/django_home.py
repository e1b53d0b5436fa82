"""One home folder and one Django for a whole run of the tests: Django can be set up once per process."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from foldline.stores.home import Home
from foldline.stores.schema import migrate
from foldline.testing.builders import databases

SETTINGS = """\
[publication]
name = "The Valley Post"
url = "http://127.0.0.1:8080"
tagline = "News from the valley"
zone = "America/New_York"
"""


def django_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home folder with settings, secret and all tables, which Django has been set up with."""
    return _home(tmp_path_factory.getbasetemp())


def copy_of_django_home(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Home:
    """A home folder of one's own with all tables and rows of it, which may be broken."""
    live, home = django_home(tmp_path_factory), Home(folder)
    home.make()
    for path in live.path.rglob("*.db"):
        target = home.path / path.relative_to(live.path)
        target.parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    return home


def held_on_disk(words: str, *places: Path) -> list[str]:
    """The files at or below some places that hold these words. Another process reads them: to open and close a
    database's file takes SQLite's locks away from a process that has it open (sqlite.org, How To Corrupt, 2.2)."""
    here = [str(place) for place in places if place.exists()]
    found = subprocess.run(["grep", "-rlaF", "--", words, *here], capture_output=True, text=True, check=False)
    assert found.returncode in (0, 1), found.stderr
    return found.stdout.splitlines()


@cache
def _home(base: Path) -> Home:
    home = Home(base / "django-home", databases.fresh())
    home.make()
    home.settings_file.write_text(SETTINGS, encoding="utf-8")
    os.environ["FOLDLINE_HOME"] = str(home.path)
    if home.database is not None:
        os.environ["FOLDLINE_DATABASE"] = home.database.url
    os.environ["FOLDLINE_SECRET"] = "only-for-tests-" + "0123456789" * 4
    os.environ["DJANGO_SETTINGS_MODULE"] = "foldline.server.settings"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

    import django
    from django.core.management import call_command

    django.setup()
    migrate(home)
    call_command("migrate", verbosity=0)
    return home
