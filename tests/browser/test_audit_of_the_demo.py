"""`foldline audit` on the demonstration: nothing as it is, and each leak of `foldline demo --with-leak` by its name."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from tests.audit.leaky_wall import serving
from tests.browser.press_room import Demo

from foldline.cli.demo import about_leak, leaky_wall
from foldline.cli.main import verbs
from foldline.config import load
from foldline.proof.audit.asking import Bounds, arrive
from foldline.proof.audit.finding import Report
from foldline.proof.audit.run import Audit, Wish
from foldline.server.demo.leaks import LEAKS, ONLY_TWIN, Named
from foldline.server.demo.leaky import LeakyWall
from foldline.server.demo.leaky import other_text as other_file
from foldline.server.demo.other_text import main as other_text
from foldline.sources.origin.client import Address
from foldline.stores.home import Home

#: Each leak before the demonstration's gate, of which every one takes some seconds: `make proof`.
LONG = os.environ.get("FOLDLINE_PROOF") == "long"
#: What a wall that answers with the whole gives away besides, each by the same hole.
IMPLIED = {"crawler": {"C02"}, "post": {"E10"}}


@pytest.fixture(scope="module")
def cookie(demo: Demo) -> str:
    return "; ".join(f"{one['name']}={one['value']}" for one in demo.cookies("subscriber"))


def closed_of(demo: Demo) -> list[str]:
    return [one["path"] for one in demo.facts["articles"] if one["access"] == "subscribers"]


def audited(url: str, wish: Wish) -> Report:
    async def run() -> Report:
        visitor = await arrive(url, Bounds(questions=6000, rate=0))
        try:
            return await Audit(visitor, wish).run()
        finally:
            visitor.close()

    return asyncio.run(run())


def test_the_demonstration_is_found_to_keep(demo: Demo, cookie: str) -> None:
    report = audited(demo.url, Wish(tuple(closed_of(demo)[:2]), cookie))
    assert [(finding.vector, finding.where, finding.curl) for finding in report.findings] == []
    assert len(report.articles) == 2
    assert report.asked > 600
    assert report.code == 0


def test_the_verb_names_the_leak_of_a_wall_before_the_demonstration(
    demo: Demo, cookie: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOLDLINE_DEMO", "1")
    settings = load(Home(demo.home), os.environ)
    file, gate = tmp_path / "cookie", urlsplit(demo.url).port
    file.touch(mode=0o600)
    file.write_text(cookie, encoding="utf-8")
    assert gate is not None
    with socket.create_server(("127.0.0.1", 0)) as front:
        url = f"http://127.0.0.1:{front.getsockname()[1]}"
        told = about_leak(settings, "word-count", gate)
        with leaky_wall(settings, front, gate, "word-count") as running:
            try:
                words = ["audit", url, "--article", closed_of(demo)[0], "--cookie-file", str(file), "--json", "-"]
                twin = CliRunner().invoke(verbs, [*words, "--twin", "--edit-hook", str(told["edit_hook"])])
            finally:
                running.terminate()
    assert twin.exit_code == 1
    assert {one["vector"] for one in json.loads(twin.stdout)["findings"]} == {told["vector"]}
    assert not other_file(settings.home).exists()


class Toggled:
    """The second version of the demonstration's texts, by its own hook."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def change(self, paths: Sequence[str]) -> None:
        assert other_text([str(self._file), "change"]) == 0

    async def restore(self, paths: Sequence[str]) -> None:
        assert other_text([str(self._file), "restore"]) == 0


@pytest.mark.parametrize("name", LEAKS if LONG else ("markdown",))
def test_each_leak_before_the_demonstration_is_named(name: str, demo: Demo, cookie: str, tmp_path: Path) -> None:
    named: Named = LEAKS[name]
    other = tmp_path / "other-text"
    wall = LeakyWall(Address.of(demo.url), urlsplit(demo.url).netloc, named, tuple(closed_of(demo)), other)
    with serving(wall, "on") as url:
        wish = Wish((closed_of(demo)[0],), cookie)
        if name in ONLY_TWIN:
            assert audited(url, wish).findings == []
            wish = replace(wish, editor=Toggled(other))
        report = audited(url, wish)
    found = {finding.vector for finding in report.findings}
    assert named.vector in found
    assert found <= {named.vector, *IMPLIED.get(name, ())}, report.findings


def test_leaks_are_listed_and_what_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOLDLINE_SECRET", raising=False)
    listed = CliRunner().invoke(verbs, ["demo", "--with-leak", "list"])
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.output.splitlines()] == list(LEAKS)
    assert len(LEAKS) >= 25
    refused = CliRunner().invoke(verbs, ["demo", "--with-leak", "sieve"])
    assert refused.exit_code == 2
    assert "there is no leak 'sieve'" in refused.output


def test_a_hook_knows_two_words(tmp_path: Path) -> None:
    assert other_text([str(tmp_path / "x"), "mend"]) == 2
