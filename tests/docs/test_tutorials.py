"""The tutorials do what they say: each is played command for command, on a site that Pelican or Wagtail made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.docs.pages import DOCS, read
from tests.docs.tutorial import Command, Play, Saved, Shell, is_as_shown, read_tutorial
from tests.recipes.running import NGINX, free_port
from tests.sites.articles import articles
from tests.sites.pelican_paper import PelicanSite
from tests.sites.wagtail_paper.project import wagtail_project

STATIC = DOCS / "tutorial-static.md"
WAGTAIL = DOCS / "tutorial-wagtail.md"
#: What a reader types first to last, by its first words.
WAY = (
    *("foldline init http://127.0.0.1:9000", "foldline init http://127.0.0.1:9000 --write", "foldline migrate"),
    *("foldline check", "foldline policy check", "foldline policy publish", "foldline serve", "foldline mode --report"),
    *("foldline recipe", "foldline mode gate", "foldline why", "foldline changed", "foldline mode shadow"),
)
#: Where things listen in the tutorials.
PORTS = ("8000", "8080", "8081", "9000")
LONG = os.environ.get("FOLDLINE_PROOF") == "long"
GATE_UP = {"foldline serve": ("serve.log", "Desk:")}


def free_ports() -> dict[str, str]:
    return {port: str(free_port()) for port in PORTS}


def played(folder: Path, page: Path, ports: dict[str, str], up: dict[str, str | tuple[str, str]]) -> None:
    tutorial = read_tutorial(read(page))
    play = Play(folder, ports, ("gate/foldline.toml",), {**GATE_UP, **up})
    assert play.run(tutorial) == [command.typed for command in tutorial.commands]


@pytest.mark.parametrize("page", [STATIC, WAGTAIL], ids=lambda page: page.stem)
def test_a_tutorial_goes_all_the_way_and_back(page: Path) -> None:
    typed = [command.typed for command in read_tutorial(read(page)).commands]
    at = [next((n for n, one in enumerate(typed) if one.startswith(words)), -1) for words in WAY]
    assert -1 not in at, dict(zip(WAY, at, strict=True))
    assert at == sorted(at)
    assert typed[-1].startswith("kill "), "what was started is stopped again"


def test_what_is_printed_must_be_what_is_shown() -> None:
    assert is_as_shown(("a", "…", "b … c"), "a\nx\ny\nb 7 c   \n")
    assert is_as_shown((), "")
    assert is_as_shown(("…",), "")
    assert is_as_shown(("0",), "0")
    for shown, printed in (
        (("a", "b"), "a\n"),
        (("a",), "a\nb\n"),
        ((), "a warning\n"),
        (("a.c",), "abc\n"),
        (("a … c",), "a x\ny c\n"),
        (("1",), "10\n"),
    ):
        assert not is_as_shown(shown, printed), (shown, printed)


def test_every_block_is_typed_saved_or_said_not_to_be_run() -> None:
    text = "```console\n$ a\nb\n$ c <<E\n> d\n```\n```toml\n# x/y.toml\nz = 1\n```\n```text\nno\n```\n"
    tutorial = read_tutorial(text)
    assert tutorial.steps == [
        Command("a", ("b",), 2),
        Command("c <<E\nd", (), 4),
        Saved("x/y.toml", "# x/y.toml\nz = 1\n"),
    ]
    assert tutorial.unrun == ["no\n"]
    for odd in ("```sh\nfoldline serve\n```\n", "```toml\nz = 1\n```\n", "```console\nno prompt\n```\n"):
        with pytest.raises(ValueError, match="line"):
            read_tutorial(odd)


def test_a_command_that_prints_something_else_or_does_not_end_fails(tmp_path: Path) -> None:
    def play(text: str) -> None:
        Play(tmp_path, {"9000": "1234"}, (), {}).run(read_tutorial(f"```console\n{text}```\n"))

    play("$ export A=9000\n$ echo $A\n9000\n$ cd / && pwd\n/\n$ pwd\n/\n")
    with pytest.raises(AssertionError, match=r"line 2: .*\nshown:\nb\nprinted:\na"):
        play("$ echo a\nb\n")
    with pytest.raises(AssertionError, match="the shell ended"):
        play("$ exit\n")
    shell = Shell(tmp_path, {"PATH": "/usr/bin:/bin"})
    with pytest.raises(AssertionError, match="no end within"):
        shell.run("sleep 60", 0.2)
    shell.end()


@pytest.mark.skipif(NGINX is None, reason="MISSING nginx: apt-get install nginx-light")
def test_the_tutorial_for_a_static_site_does_what_it_says(tmp_path: Path) -> None:
    site = PelicanSite(tmp_path / "site", articles("a", 8), "simple", "", "")
    site.write()
    played(tmp_path, STATIC, free_ports(), {"nginx": "9000"})


if LONG:

    def test_the_tutorial_for_wagtail_does_what_it_says(tmp_path: Path, wagtail_database: Path) -> None:
        ports = free_ports()
        wagtail_project(tmp_path, wagtail_database, f"http://127.0.0.1:{ports['8080']}")
        played(tmp_path, WAGTAIL, ports, {"python manage.py runserver": "9000"})
