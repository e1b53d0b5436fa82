"""One home folder and one Django for a whole run of the tests: Django can be set up once per process."""

from __future__ import annotations

import os
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
