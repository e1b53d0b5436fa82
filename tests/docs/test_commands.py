"""What a reader of the documentation types exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from .pages import ROOT, markdown_files, read, spoken

DEPLOY = ROOT / "deploy"


def _verbs() -> click.Group:
    return pytest.importorskip("foldline.cli.main", exc_type=ImportError).verbs


def _typed(pattern: str, path: Path) -> list[str]:
    return [line for line in spoken(read(path)) if re.match(pattern, line)]


def _check(line: str, verbs: click.Group) -> str:
    """What is wrong with a line that begins with `foldline`, "" for nothing."""
    command: click.Command = verbs
    words = shlex.split(line.replace("…", ""))[1:]
    while words and isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        found = command.commands.get(words.pop(0))
        if found is None:
            return f"no such verb: {line}"
        command = found
    options = {name for parameter in command.params for name in parameter.opts} | {"--help", "--version"}
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in options]
    return f"no such option {unknown}: {line}" if unknown else ""


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_verb_and_option_that_is_typed_exists(path: Path) -> None:
    verbs = _verbs()
    lines = [re.sub(r"^\S*bin/", "", line) for line in _typed(r"(\S*bin/)?foldline [a-z-]", path)]
    assert [wrong for line in lines if (wrong := _check(line, verbs))] == []


def test_the_readme_shows_the_main_verbs() -> None:
    typed = "\n".join(spoken(read(ROOT / "README.md")))
    for verb in ("foldline why", "foldline import markdown", "foldline check", "foldline serve", "foldline staff add"):
        assert verb in typed, verb


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_make_target_that_is_typed_exists(path: Path) -> None:
    targets = set(re.findall(r"^([\w./-]+):(?!=)", read(ROOT / "Makefile"), re.MULTILINE))
    named = [line.split()[1] for line in _typed(r"make [a-z.]", path)]
    assert [name for name in named if name not in targets] == []


def test_the_readme_begins_with_the_command_and_what_one_then_sees() -> None:
    first_screen = "\n".join(read(ROOT / "README.md").splitlines()[:32])
    assert "make demo" in first_screen
    assert "http://127.0.0.1:8080/" in first_screen
    assert "**For**" in first_screen
    assert "**Not**" in first_screen


def test_the_unit_and_the_containers_run_verbs_that_exist() -> None:
    verbs = _verbs()
    unit = re.findall(r"^Exec\w+=\S*/foldline (\w+)", read(DEPLOY / "foldline.service"), re.MULTILINE)
    image = re.findall(r'^CMD \["(\w+)"\]', read(DEPLOY / "Dockerfile"), re.MULTILINE)
    services = yaml.safe_load(read(DEPLOY / "compose.yaml"))["services"]
    composed = [service["command"][0] for service in services.values() if service["image"] == "foldline"]
    assert set(unit) == {"migrate", "serve"}
    assert [name for name in (*unit, *image, *composed) if name not in verbs.commands] == []


def test_the_container_file_copies_only_what_there_is() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", read(DEPLOY / "Dockerfile"), re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_everything_in_deploy_says_that_it_was_not_run() -> None:
    for name in ("foldline.service", "Dockerfile", "compose.yaml"):
        assert "Written and not yet run" in read(DEPLOY / name), name
    assert "Nothing in this folder has been run yet" in read(DEPLOY / "README.md")
