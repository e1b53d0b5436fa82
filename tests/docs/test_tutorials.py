"""The tutorials do what they say: each is played in a shell, command for command, on a site that other software made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.docs.pages import DOCS, read
from tests.docs.tutorial import Command, Play, is_as_shown, read_tutorial
from tests.recipes.running import NGINX, free_port
from tests.sites.articles import articles
from tests.sites.pelican_paper import PelicanSite

STATIC = DOCS / "tutorial-static.md"
WAGTAIL = DOCS / "tutorial-wagtail.md"
#: Where things listen in the tutorials.
PORTS = ("8000", "8080", "8081", "9000")
GATE_UP = {"foldline serve": ("serve.log", "Desk:")}


def played(folder: Path, page: Path, up: dict[str, str | tuple[str, str]]) -> None:
    ports = {port: str(free_port()) for port in PORTS}
    tutorial = read_tutorial(read(page))
    play = Play(folder, ports, ("gate/foldline.toml",), {**GATE_UP, **up})
    assert play.run(tutorial) == [command.typed for command in tutorial.commands]


@pytest.mark.skipif(NGINX is None, reason="MISSING nginx: apt-get install nginx-light")
def test_the_tutorial_for_a_static_site_does_what_it_says(tmp_path: Path) -> None:
    site = PelicanSite(tmp_path / "site", articles("a", 8), "simple", "", "")
    site.write()
    played(tmp_path, STATIC, {"nginx": "9000"})
