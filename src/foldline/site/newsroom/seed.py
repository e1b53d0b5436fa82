"""The demonstration's newspaper: a folder of Markdown and pictures, imported once and then left alone."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from foldline.site.newsroom import publishing
from foldline.site.newsroom.importing import Outcome, Report, import_files
from foldline.site.newsroom.press import open_press, settings
from foldline.sources.articles.markdown_files import read_folder

SOURCE = "demo"


def seed_demo(folder: Path) -> Report:
    """Import `folder/articles` with the pictures of `folder/pictures`. What is there already is not touched.

    Raises ConfigurationError where the folder is none.
    """
    results = read_folder(
        folder / "articles",
        access="metered",
        zone=settings().publication.zone,
        picture_folders=(folder / "pictures",),
    )
    reports = deque(import_files(results, SOURCE), maxlen=1)
    report = reports[0] if reports else Report()
    if report.outcomes[Outcome.UNCHANGED] != report.files:
        with open_press() as press:
            publishing.repair(press)
    return report
