"""Runs the Wagtail newspaper in a process of its own, on a copy of a database that was migrated once."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.sites.articles import Article, articles
from tests.sites.site import Site

ROOT = Path(__file__).parents[3]
STYLES = ("plain", "marker")


class WagtailSite(Site):
    """Changes go to the process that serves, as an editor's would."""

    def __init__(self, process: subprocess.Popen[str], style: str) -> None:
        self._process = process
        self._style = style
        self.articles = []
        self.url = f"http://127.0.0.1:{int(self._answer())}"

    def path_of(self, article: Article) -> str:
        return f"/news/{article.slug}/"

    def change(self, article: Article) -> None:
        fold = ["!<!-- fold -->"] if self._style == "marker" else []
        facts = {
            "slug": article.slug,
            "title": article.headline,
            "standfirst": article.standfirst,
            "section": article.section,
            "author": article.author,
            "published": article.published.isoformat(),
            "body": [*(one.text for one in article.preview), *fold, *(one.text for one in article.rest)],
        }
        self._order({"publish": facts})
        self.articles = sorted(
            [one for one in self.articles if one.number != article.number] + [article], key=lambda one: one.number
        )

    def unpublish(self, article: Article) -> None:
        self._order({"unpublish": article.slug})
        self.articles = [one for one in self.articles if one.number != article.number]

    def _order(self, order: Mapping[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._answer()

    def _answer(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the Wagtail site ended; what it said is in errors.txt beside its database")
        return line


def migrated_database(folder: Path) -> Path:
    """The database of an empty newspaper, made in this folder: some seconds, so it is made once for a session."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        _program("migrate"), env=_environ(folder), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"Wagtail made no database: {done.stderr}")
    return folder / "db.sqlite3"


@contextlib.contextmanager
def wagtail_site(
    folder: Path,
    database: Path,
    *,
    variant: str = "a",
    style: str = "plain",
    count: int = 8,
    secret: str = "",
    address: str = "",
    stands_at: str = "",
) -> Iterator[WagtailSite]:
    """The newspaper on a free port, in an empty or new folder. `database` is what `migrated_database` made.

    `style` is one of `STYLES`: with "marker", `<!-- fold -->` stands in the text of each article. `address` is what
    readers type, where that is not the server's own. At the moment of `stands_at` its clock stands, and its random
    numbers are those of every site that is told so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(database, folder / "db.sqlite3")
    environ = _environ(folder) | {"WAGTAIL_PAPER_SECRET": secret}
    environ |= {"WAGTAIL_PAPER_ADDRESS": address, "WAGTAIL_PAPER_CLOCK": stands_at}
    with (
        (folder / "errors.txt").open("wb") as errors,
        subprocess.Popen(
            _program("serve"),
            env=environ,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            site = WagtailSite(process, style)
            for article in articles(variant, count):
                site.change(article)
            yield site
        finally:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _program(order: str) -> list[str]:
    return [sys.executable, "-m", "tests.sites.wagtail_paper.process", order]


def _environ(folder: Path) -> dict[str, str]:
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    return keep | {"WAGTAIL_PAPER_FOLDER": str(folder), "PYTHONPATH": str(ROOT)}
