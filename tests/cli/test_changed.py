"""`foldline changed`: by hand and from a deploy script, on the gate's machine and from elsewhere."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.test_verbs import foldline
from tests.docs.pages import DOCS, fences, read
from tests.server.caches import free_port, program
from tests.server.test_change_hook import is_gone, until
from tests.server.test_origin_newspaper import PATH, REST, SECRET, Paper, opened, page

from foldline.cli.changed import changed
from foldline.errors import FoldlineError
from foldline.testing.builders import HOST

ORIGIN_SECRET = {"FOLDLINE_ORIGIN_SECRET": SECRET}


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    with opened(tmp_path_factory.mktemp("changed") / "home", REST) as runs:
        yield runs


def test_what_is_told_by_hand_is_so_and_is_listed(paper: Paper) -> None:
    paper.site.pages["/by-hand.html"] = page(REST)
    assert paper.get("/by-hand.html").status == 200
    home = ("--home", str(paper.home))
    answer = foldline("changed", PATH, "--withdrawn", f"https://{HOST}/by-hand.html", *home, **ORIGIN_SECRET)
    assert (answer.returncode, answer.stdout) == (0, "Told: 1 changed, 1 withdrawn.\n")
    until(paper, "/by-hand.html", is_gone)
    assert foldline("changed", "--show", *home, **ORIGIN_SECRET).stdout == "/by-hand.html\n"
    assert foldline("changed", "/by-hand.html", *home, **ORIGIN_SECRET).returncode == 0
    until(paper, "/by-hand.html", lambda answer: answer.status == 200)
    assert foldline("changed", "--show", *home, **ORIGIN_SECRET).stdout == "Nothing is withdrawn.\n"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "Name what has changed"),
        (("--all", "/a.html"), "leave the addresses out"),
        (("https://elsewhere.example/a",), "no address of twin.example"),
        (("/a%2fb.html",), "write it as its page is linked"),
        (("/a.html", "--gate", "nowhere"), "no address of a gate"),
        (("/a.html", "--gate", "http://127.0.0.1:9"), "does not answer"),
    ],
)
def test_a_mistake_is_told_in_plain_words(paper: Paper, arguments: tuple[str, ...], word: str) -> None:
    answer = CliRunner().invoke(changed, [*arguments, "--home", str(paper.home)], env=ORIGIN_SECRET)
    assert isinstance(answer.exception, (SystemExit, FoldlineError))
    said = f"{answer.output} {answer.exception}"
    assert word in " ".join(said.split())
    assert SECRET not in said


def test_a_gate_elsewhere_is_told_and_says_why_it_refuses(paper: Paper) -> None:
    # The gate is found under its own name by whoever is elsewhere; here it is asked for by its address, and says so.
    where = f"http://127.0.0.1:{paper.gate.address[1]}"
    answer = foldline("changed", PATH, "--gate", where, **ORIGIN_SECRET)
    assert (answer.returncode, "refuses with 421" in answer.stderr) == (1, True)
    assert foldline("changed", PATH, "--gate", where).stderr.startswith("There is no secret to sign with.")


def test_the_script_that_the_page_shows_tells_a_gate(paper: Paper) -> None:
    (script,) = fences(read(DOCS / "caches.md"), "sh")
    program("curl", "curl"), program("openssl", "openssl")
    here = script.replace("https://valley-post.example", f"http://127.0.0.1:{paper.gate.address[1]}")
    here = here.replace("curl ", f"curl -H 'Host: {HOST}' ")
    environ = {"PATH": os.environ["PATH"], **ORIGIN_SECRET}
    done = subprocess.run(["sh", "-ec", here], env=environ, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, '{"changed": 1, "withdrawn": 0}\n'), done.stderr
    wrong = subprocess.run(
        ["sh", "-ec", here],
        env=environ | {"FOLDLINE_ORIGIN_SECRET": "x" * 40},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (wrong.returncode != 0, "signature" in wrong.stdout) == (True, True)


def test_a_cache_that_is_not_there_is_named_and_what_was_told_holds(tmp_path: Path) -> None:
    with opened(tmp_path / "home", REST) as paper:
        assert paper.get(PATH).status == 200
        file = paper.home / "foldline.toml"
        address = f"http://127.0.0.1:{free_port()}"
        file.write_text(file.read_text(encoding="utf-8") + f'\n[caches]\npurge = ["{address}"]\n', encoding="utf-8")
        answer = foldline("changed", "--withdrawn", PATH, "--home", str(paper.home), **ORIGIN_SECRET)
        assert answer.returncode == 1
        assert f"{address}: it does not answer" in answer.stdout
        until(paper, PATH, is_gone)
