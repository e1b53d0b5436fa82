"""What machines are asked follows from the settings alone, and is answered whatever else is broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from protego import Protego
from tests.gate.newspaper import SECRET, URL, open_newspaper

from foldline.config import load
from foldline.errors import ConfigurationError
from foldline.gate.response import Response
from foldline.server.gate_state import standing_of
from foldline.testing.builders import SETTINGS, home_at


def told(answer: Response, name: bytes) -> bytes:
    return dict(answer.headers).get(name, b"")


def test_robots_txt_says_what_the_settings_say_and_names_the_sitemaps(tmp_path: Path) -> None:
    paper = open_newspaper(tmp_path, more_settings='[machines]\nanswer = false\nadmit = ["CCBot"]\n')
    answer = paper.get("/robots.txt")
    assert (answer.status, told(answer, b"content-type")) == (200, b"text/plain; charset=utf-8")
    robots = Protego.parse(answer.body.decode())
    wanted = {"Googlebot": True, "ChatGPT-User": False, "GPTBot": False, "CCBot": True}
    assert {name: robots.can_fetch(f"{URL}/metered", name) for name in wanted} == wanted
    assert list(robots.sitemaps) == [f"{URL}/sitemap.xml", f"{URL}/sitemap-news.xml"]
    again = paper.get("/robots.txt", ("if-none-match", told(answer, b"etag").decode()))
    assert (again.status, again.body) == (304, b"")
    assert paper.get("/robots.txt", ("user-agent", "GPTBot/1.2")).body == answer.body
    assert paper.ask("HEAD", "/robots.txt").status == 200
    assert paper.ask("POST", "/robots.txt").status == 405


def test_they_are_answered_while_every_store_is_down(tmp_path: Path) -> None:
    paper = open_newspaper(tmp_path)
    paper.worker.library.forget_all()
    paper.break_passes()
    paper.home.public_db.write_bytes(b"no database at all" * 1000)
    assert paper.get("/nowhere").status == 503
    assert paper.get("/robots.txt").status == 200
    assert json.loads(paper.get("/.well-known/tdmrep.json").body)[0]["tdm-reservation"] == 1


def test_every_page_reserves_the_mining_of_texts_in_its_headers_whatever_it_is(tmp_path: Path) -> None:
    paper = open_newspaper(tmp_path)
    for path in ("/free", "/metered", "/subscribers", "/", "/nowhere", "/robots.txt"):
        answer = paper.get(path)
        assert told(answer, b"tdm-reservation") == b"1", path
        assert told(answer, b"tdm-policy") == f"{URL}/-/machines".encode()
    gated = [path for path in ("/free", "/metered", "/subscribers") if told(paper.get(path), b"x-robots-tag")]
    assert gated == ["/metered", "/subscribers"]
    welcome = open_newspaper(tmp_path / "welcome", more_settings="[machines]\ntrain = true\n")
    assert told(welcome.get("/metered"), b"tdm-reservation") == b"0"
    assert told(welcome.get("/metered"), b"tdm-policy") == b""


def test_a_site_behind_the_gate_keeps_its_own(tmp_path: Path) -> None:
    origin = home_at(tmp_path / "origin", f"{SETTINGS}\n[origin]\nmounted = true\n")
    assert origin.origin is not None
    assert standing_of(origin) == {}


@pytest.mark.parametrize(
    ("lines", "id_", "what"),
    [
        ('verified = ["googlebot", "altavista"]', "FL300", "altavista"),
        ('refuse = ["Bad\\nBot"]', "FL305", "Bad"),
        ('admit = ["Mozilla/5.0 (X11)"]', "FL305", "Mozilla"),
        ('admit = ["CCBot"]\nrefuse = ["CCBot"]', "FL305", "CCBot"),
        ("admit = [7]", "FL305", "7"),
    ],
)
def test_a_name_that_is_none_is_told_of(tmp_path: Path, lines: str, id_: str, what: str) -> None:
    paper = open_newspaper(tmp_path)
    text = paper.home.settings_file.read_text(encoding="utf-8")
    paper.home.settings_file.write_text(f"{text}[machines]\n{lines}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load(paper.home, {"FOLDLINE_SECRET": SECRET})
    assert [problem.id for problem in raised.value.problems] == [id_]
    assert what in raised.value.problems[0].what
