"""`foldline map`: what each address is, what the map lacks, what nobody decided about, and nobody harmed by asking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.cli.test_init import ORIGIN_SECRET, SECRETS, files_in, init
from tests.sites.flask_paper.site import FlaskSite, flask_site
from tests.sites.pelican_paper import PelicanSite
from tests.sites.wagtail_paper.site import WagtailSite
from tests.sources.survey.odd_site import front, html, odd_site, stories

from foldline.cli.main import verbs
from foldline.errors import FoldlineError
from foldline.sources.origin.surface_file import read_map
from foldline.sources.survey import crawl


def mapped(*words: str) -> Result:
    return CliRunner().invoke(verbs, ["map", *words], env=SECRETS)


def data(*words: str) -> dict[str, Any]:
    answer = mapped(*words, "--json")
    assert answer.exit_code == 0, answer.exception or answer.output
    found: dict[str, Any] = json.loads(answer.output)
    return found


def groups(found: dict[str, Any]) -> dict[str, tuple[str, dict[str, int]]]:
    return {group["pattern"]: (group["kind"], group["looks"]) for group in found["groups"] if group["kind"] != "closed"}


def test_what_the_map_does_not_name_is_proposed_and_closes_itself_until_then(
    flask_paper: FlaskSite, tmp_path: Path
) -> None:
    found = data(flask_paper.url, "--home", str(tmp_path))
    assert groups(found)["/news/{slug}"] == ("unmapped", {"article": 20})
    assert groups(found)["/section/{slug}"] == ("unmapped", {"list": 2})
    sure = {route["name"]: (route["kind"], route["paths"]) for route in found["proposed"] if route["certain"]}
    assert sure["articles"] == ("article", ["/news/{slug}"])
    assert sure["lists"] == ("passed", ["/section/town", "/section/coast"])
    assert [route["paths"] for route in found["proposed"] if not route["certain"]] == [["/about"]]
    assert files_in(tmp_path) == []
    surfaces = read_map(found["surfaces"], "surfaces.toml")
    assert surfaces.surface_of("GET", b"/news/peat", b"page=2").target == b"/news/peat"
    assert surfaces.surface_of("GET", b"/about", b"").unmapped


def test_a_proposed_map_is_written_once_and_lacks_nothing_then(flask_paper: FlaskSite, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert init(flask_paper.url, home, "--write").exit_code == 0
    (home / "surfaces.toml").unlink()
    assert mapped("--home", str(home), "--write").exit_code == 0
    again = data("--home", str(home))
    assert again["map"] == "surfaces.toml"
    assert again["unmapped"] == ["/about"]
    assert groups(again)["/news/{slug}"] == ("article", {"article": 20})
    assert again["levels"] == {"metered": 20}
    refused = mapped("--home", str(home), "--write")
    assert isinstance(refused.exception, FoldlineError)
    assert "is there already" in str(refused.exception)


def test_articles_that_nobody_decided_about_are_listed(pelican_paper: PelicanSite, tmp_path: Path) -> None:
    found = data(pelican_paper.url, "--home", str(tmp_path))
    assert {f"/{article.slug}.html" for article in pelican_paper.articles} <= set(found["undecided"])
    assert "Nobody decided about" in mapped(pelican_paper.url, "--home", str(tmp_path)).output
    assert [route["paths"] for route in found["proposed"] if not route["certain"]] == [["/pages/about.html"]]


def test_articles_that_no_decision_opens_are_named(flask_paper: FlaskSite, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert init(flask_paper.url, home, "--write").exit_code == 0
    wall = '[[rule]]\nname = "Land is for libraries"\nsections = "land"\nonly-for = "institution"\n'
    (home / "rules.toml").write_text('default-access = "metered"\n[meter.site]\nanonymous = 3\n' + wall, "utf-8")
    answer = mapped("--home", str(home))
    assert "No decision opens them: FL122" in answer.output
    assert "Land is for libraries" in answer.output


def test_a_wagtail_site_is_mapped_and_its_list_is_proposed(wagtail_paper: WagtailSite, tmp_path: Path) -> None:
    found = data(wagtail_paper.url, "--profile", "wagtail", "--home", str(tmp_path))
    assert groups(found)["/news/{slug}/"] == ("article", {"article": 8})
    assert [(route["kind"], route["paths"]) for route in found["proposed"] if route["certain"]] == [
        ("passed", ["/news/"])
    ]


def test_an_origin_that_is_locked_is_asked_as_the_gate_asks_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with flask_site(count=4) as site:
        assert init(site.url, home, "--write").exit_code == 0
    with flask_site(count=4, secret=ORIGIN_SECRET) as site:
        text = (home / "foldline.toml").read_text(encoding="utf-8")
        old = next(
            line for line in text.splitlines() if line.startswith('url = "http://127.0.0.1:') and "8080" not in line
        )
        (home / "foldline.toml").write_text(text.replace(old, f'url = "{site.url}"'), encoding="utf-8")
        assert data("--home", str(home))["levels"] == {"metered": 4}
        stranger = mapped(site.url, "--home", str(home))
        assert isinstance(stranger.exception, FoldlineError)
        assert "403" in str(stranger.exception)
        assert ORIGIN_SECRET not in stranger.output + str(stranger.exception)


def harm(tmp_path: Path) -> list[str]:
    """What should never be asked for, and was."""
    more = "".join(
        f'<a href="{path}">x</a>'
        for path in ("/logout", "/wp-admin/?x", "/cart/add?id=7", "/delete/4", "/?do=vote", "/feed.xml", "/a.zip")
    )
    with odd_site({**stories(3), "/": html(front(3, more))}) as site:
        found = data(site.url, "--home", str(tmp_path))
        assert found["articles"] == 3
        return [
            path
            for path in site.asked
            if path in ("/logout", "/wp-admin/?x", "/cart/add?id=7", "/delete/4", "/?do=vote")
        ]


def test_nothing_is_asked_that_could_do_something(tmp_path: Path) -> None:
    assert harm(tmp_path) == []


def test_the_fault_of_asking_for_everything_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawl, "_UNASKED", crawl.re.compile("(?!)"))
    assert harm(tmp_path) != []


def test_a_calendar_without_an_end_never_eats_all_there_is(tmp_path: Path) -> None:
    days = {
        f"/day/{number}": html(f'<a href="/day/{number + 1}">next</a><a href="/day/{number + 2}">more</a>')
        for number in range(1, 400)
    }
    with odd_site({**stories(6), **days, "/": html(front(6, '<a href="/day/1">Calendar</a>'))}) as site:
        found = data(site.url, "--pages", "30", "--home", str(tmp_path))
    assert groups(found)["/stories/{slug}.html"] == ("article", {"article": 6})
    assert found["asked"] == 30
    assert any("addresses wait" in note for note in found["notes"])


def test_without_a_url_and_without_an_origin_it_says_what_to_name(tmp_path: Path) -> None:
    answer = mapped("--home", str(tmp_path))
    assert answer.exit_code == 2
    assert "Name a URL" in answer.output
