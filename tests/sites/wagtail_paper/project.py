"""The Wagtail newspaper as a publisher has it on a disk: a folder with `manage.py`, settings and a database."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.sites.wagtail_paper.site import wagtail_site

MANAGE = """\
import os
import sys
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "paper.settings"
os.environ["WAGTAIL_PAPER_FOLDER"] = str(Path(__file__).parent)

from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""
FILES = {
    "manage.py": MANAGE,
    "paper/__init__.py": "",
    "paper/settings.py": "from tests.sites.wagtail_paper.settings import *\n",
    "news/__init__.py": "",
    "news/models.py": "from tests.sites.wagtail_paper.news.models import BlogIndex, NewsArticle\n",
}


def wagtail_project(folder: Path, database: Path, address: str, count: int = 8) -> None:
    """Written into a folder that is there. `address` is what readers type; `database` is what `migrated_database` made.

    It needs the root of this repository on the path of modules: its applications are those of the tests.
    """
    made = folder / "made"
    with wagtail_site(made, database, address=address, count=count):
        shutil.copyfile(made / "db.sqlite3", folder / "db.sqlite3")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
