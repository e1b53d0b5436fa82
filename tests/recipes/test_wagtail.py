"""The file that `foldline recipe wagtail` prints, in a real Wagtail, before a real gate."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.recipes.lenient_site import BRIDGE, SECRET
from tests.recipes.running import Paper, printed

from foldline.fold.page.read import read_page
from foldline.fold.page.spec import FoldSpec
from foldline.stores.schema import connect

HERE = Path(__file__).parent / "wagtail"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("wagtail") is None, reason="MISSING wagtail: it is among the packages for development"
)


class Wagtail:
    """The site; `do` says some words to it and gives what it answers."""

    def __init__(self, folder: Path, gate: str) -> None:
        self._said = (folder / "said").open("wb")
        paths = os.pathsep.join([str(folder), str(HERE)])
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(HERE / "process.py"), gate],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, cwd=folder, text=True,
            env={**os.environ, "PYTHONPATH": paths, "FOLDLINE_ORIGIN_SECRET": SECRET},
        )  # fmt: skip
        self._folder = folder

    def do(self, *words: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, (self._folder / "said").read_text(encoding="utf-8")
        return json.loads(line)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self._said.close()

    @property
    def log(self) -> str:
        return (self._folder / "said").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wagtail(paper: Paper, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wagtail]:
    folder = tmp_path_factory.mktemp("wagtail")
    (folder / "foldline_gate.py").write_text(printed(paper.home.path, "wagtail"), encoding="utf-8")
    site = Wagtail(folder, "{}:{}".format(*paper.gate.address))
    try:
        site.do("make")
        yield site
    finally:
        site.close()


def status_within(paper: Paper, status: int) -> None:
    end = time.monotonic() + 20
    while paper.gate.client.ask("GET", BRIDGE.encode()).status != status:
        assert time.monotonic() < end, status
        time.sleep(0.05)


def test_only_the_gate_is_shown_the_page_and_cuts_it_where_the_fold_is(wagtail: Wagtail) -> None:
    wagtail.do("publish")
    for wrong in ((), ("",), (SECRET[:-1],)):
        assert wagtail.do("show", BRIDGE, *wrong) == [403, "This site is read through its gate.\n"], wrong
    status, text = wagtail.do("show", BRIDGE, SECRET)
    assert status == 200
    cut = read_page(text.encode(), "utf-8", FoldSpec(), f"https://twin.example{BRIDGE}")
    assert cut.facts.access == "registered"
    assert b"Sealed it is." in b"".join(cut.parts.sealed)
    assert b"two diaries" not in b"".join(cut.parts.sealed)


def test_the_gate_hears_of_what_is_withdrawn_of_what_is_there_again_and_of_what_has_moved(
    paper: Paper, wagtail: Wagtail
) -> None:
    wagtail.do("publish")
    status_within(paper, 200)
    wagtail.do("unpublish")
    status_within(paper, 410)
    wagtail.do("publish")
    status_within(paper, 200)
    wagtail.do("move")
    assert told(paper)[-1] == ("origin-all", "")
    wagtail.do("delete")
    assert told(paper)[-1] == ("origin-withdrawn", "/a-bridge/")
    assert "not told" not in wagtail.log


def told(paper: Paper) -> list[tuple[str, str]]:
    """What the gate's workers were told, the oldest first."""
    with closing(connect(paper.home.site_db, read_only=True)) as connection:
        rows = connection.execute("SELECT kind, key FROM foldline_changes WHERE kind LIKE 'origin-%' ORDER BY id")
        return [tuple(row) for row in rows]


def test_a_site_without_a_secret_does_not_start(wagtail: Wagtail) -> None:
    assert "shorter than 32" in wagtail.do("start with", "short")
    assert wagtail.do("start with", "x" * 32) == "started"
