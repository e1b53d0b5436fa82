"""What is made of a site's pages: software, the body, routes, and where the closed part stands again."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sites.pelican_paper import pelican_site
from tests.sources.survey.odd_site import HTML, front, html, odd_site, stories, story

from foldline.policy.rules_file import problems_of as rule_problems
from foldline.sources.origin.surface_file import problems_of as map_problems
from foldline.sources.origin.surfaces import Kind
from foldline.sources.survey import lacking as lacking_module
from foldline.sources.survey.files import rules_text, settings_text
from foldline.sources.survey.guest import Bounds, Guest, Page
from foldline.sources.survey.hosts import Place
from foldline.sources.survey.looks import Look, look_at
from foldline.sources.survey.publication import about
from foldline.sources.survey.routes import Proposed, covers, general, map_text, patterns
from foldline.sources.survey.software import software_of
from foldline.sources.survey.survey import survey

AT = Place("https", "paper.example", 443)


def look(text: str, path: str = "/", *headers: tuple[bytes, bytes]) -> Look:
    page = Page(AT.url + path, 200, ((b"content-type", b"text/html"), *headers), text.encode())
    return look_at(page, Guest(AT, Bounds(), lambda url: None))


@pytest.mark.parametrize(
    ("text", "headers", "api", "name", "profile"),
    [
        ('<meta name="generator" content="WordPress 6.7">', (), None, "WordPress 6.7", "wordpress"),
        ('<link rel="https://api.w.org/" href="/wp-json/">', (), None, "WordPress", "wordpress"),
        ("", ((b"link", b'</wp-json/>; rel="https://api.w.org/"'),), None, "WordPress", "wordpress"),
        ("", (), b'{\n  "meta": {\n    "total_count": 3', "Wagtail", "wagtail"),
        ('<img src="/media/images/boat.width-800.format-webp.webp">', (), None, "Wagtail", "wagtail"),
        ('<div class="block-paragraph"><p>Text', (), None, "Wagtail", "wagtail"),
        ('<meta name="generator" content="Hugo 0.140">', (), None, "Hugo 0.140", "static"),
        ('<meta name="generator" content="Ghost 5.2">', (), None, "Ghost 5.2", "static"),
        ("<p>Nothing", (), b"<html>", "", "static"),
    ],
)
def test_software_is_told_by_what_it_says_of_itself(
    text: str, headers: tuple[tuple[bytes, bytes], ...], api: bytes | None, name: str, profile: str
) -> None:
    found = software_of([look(f"<html><head></head><body>{text}</body></html>", "/", *headers)], api)
    assert (found.name, found.profile) == (name, profile)
    assert found.because


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["/news/a-b", "/news/c"], ("/news/{slug}",)),
        (["/a.html", "/b.html"], ("/{slug}.html",)),
        (["/town/a/", "/coast/b/", "/coast/c/"], ("/{slug}/{slug}/",)),
        (["/2026/03/02/a/", "/2025/11/30/b/"], ("/{year}/{month}/{day}/{slug}/",)),
        (["/p/17", "/p/4"], ("/p/{number}",)),
        (["/only"], ("/{slug}",)),
        (["/a/b", "/c/d.html"], ("/a/{slug}", "/c/{slug}.html")),
    ],
)
def test_patterns_of_paths_are_as_somebody_would_write_them(paths: list[str], found: tuple[str, ...]) -> None:
    assert patterns(paths) == found


WORD = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True)
PATHS = st.lists(st.lists(WORD, min_size=1, max_size=4), min_size=1, max_size=8)


@given(PATHS, st.sampled_from(["", "/", ".html"]))
def test_every_path_that_patterns_were_made_of_is_covered_by_one(parts: list[list[str]], end: str) -> None:
    paths = ["/" + "/".join(one) + end for one in parts]
    made = patterns(paths)
    assert [path for path in paths if not any(covers(one, path) for one in made)] == []
    assert all(covers(general(path), path) for path in paths)


def test_what_is_not_certain_is_written_as_a_comment_and_decides_nothing() -> None:
    sure = Proposed("lists", Kind.PASSED, ("/news/",), ("page",), "Lists.")
    unsure = Proposed("about", Kind.PASSED, ("/about",), (), "Perhaps.", certain=False)
    text = map_text("wagtail", [sure, unsure], ["Head."])
    assert map_problems(text, "surfaces.toml") == ()
    assert '\npaths = ["/news/"]' in text
    assert '\n# paths = ["/about"]' in text
    assert '\npaths = ["/about"]' not in text


def lists_proposed(folder: Path) -> list[str]:
    """Lists that would be passed on a site whose lists show whole articles, and lie where nothing passes them yet."""
    with odd_site(stories(4)) as site:
        links = front(4)
        site.answers["/whole"] = html(links.replace("</body>", story(1).partition("<body>")[2]))
        site.answers["/short"] = html(links)
        site.answers["/"] = html(front(4, '<a href="/whole">Whole</a><a href="/short">Short</a>'))
        made = asyncio.run(survey(site.url, 4))
        assert [leak.article for leak in made.leaks if leak.url.endswith("/whole")] == ["/stories/1-x.html"]
        return [path for route in made.routes if route.kind is Kind.PASSED for path in route.paths]


def test_a_list_that_shows_a_whole_article_is_never_proposed_to_be_passed(tmp_path: Path) -> None:
    assert lists_proposed(tmp_path) == ["/short"]


def test_the_fault_of_passing_every_list_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = lacking_module.lacking
    monkeypatch.setattr(
        "foldline.sources.survey.survey.lacking",
        lambda base, articles, others, front, lists: honest(base, articles, others, front, {one.url for one in others}),
    )
    assert "/whole" in lists_proposed(tmp_path)


def test_a_theme_that_shows_its_newest_article_in_full_is_named_with_every_such_page(tmp_path: Path) -> None:
    with pelican_site(tmp_path / "site", theme="notmyidea") as site:
        made = asyncio.run(survey(site.url))
    found = {leak.url.removeprefix(site.url): leak.article for leak in made.leaks if leak.kind == "passed"}
    assert found["/"] == "/night-bus.html"
    assert found["/category/town.html"] == "/night-bus.html"


def test_letters_that_a_site_chose_do_no_harm_in_what_is_written() -> None:
    name = 'P"\n[origin]\nurl = "http://evil.example" # \x1b[31m \x7f \\'
    with odd_site(stories(3)) as site:
        for number in range(3):
            page = story(number).replace(
                "<title>", f'<meta property="og:site_name" content="{name.replace(chr(34), "&quot;")}"><title>'
            )
            page = page.replace("<title>", '<meta property="article:section" content="Ob&#10;x = 1&#10;"><title>')
            site.answers[f"/stories/{number}-x.html"] = html(page)
        made = asyncio.run(survey(site.url, 3))
    told = tomllib.loads(settings_text(made))
    assert told["origin"]["url"] == site.url
    assert told["publication"]["name"].startswith('P" [origin] url = ')
    assert rule_problems(rules_text(made), "rules.toml", ZoneInfo("UTC")) == ()


def test_settings_that_have_to_be_guessed_say_from_what() -> None:
    text = (
        '<html lang="fr-FR"><head><title>La Une</title><link rel="canonical" href="https://www.paper.example/"></head>'
    )
    found = about(Place("http", "paper.fr", 80), look(text), [look(text, "/a")], "", public=True)
    assert (found.name.value, found.language.value, found.zone.value) == ("La Une", "fr", "Europe/Paris")
    assert found.url.value == "https://www.paper.example"
    assert "change it" in found.origin.because
    place = Place("http", "127.0.0.1", 9000)
    page = Page(place.url + "/", 200, ((b"content-type", b"text/html"),), b"<p>")
    here = about(place, look_at(page, Guest(place, Bounds(), lambda url: None)), [], "", public=False)
    assert here.url.value == "http://127.0.0.1:8080"
    assert here.zone.value == "UTC"
    assert "guess" in here.zone.because


def test_pages_that_no_parser_is_given_are_no_articles() -> None:
    deep = "<div>" * 3000 + "deep"
    with odd_site({"/": html(front(2)), "/stories/0-x.html": html(deep)}) as site:
        site.answers["/stories/1-x.html"] = ("200 OK", [HTML], bytes(range(256)) * 40)
        assert asyncio.run(survey(site.url)).articles == []
