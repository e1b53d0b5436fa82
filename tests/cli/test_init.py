"""`foldline init` on sites made by Pelican, Wagtail and Flask: what it proposes is right, and gates them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.cli.test_verbs import foldline
from tests.fold.page.sites import wordpress_with_yoast
from tests.sites.articles import Article, tokens
from tests.sites.flask_paper.site import flask_site
from tests.sites.pelican_paper import pelican_site
from tests.sites.site import Site
from tests.sites.wagtail_paper.site import wagtail_site
from tests.sources.survey.odd_site import html, odd_site, stories

from foldline.cli import init as init_module
from foldline.cli.main import verbs
from foldline.clock import SystemClock
from foldline.config import Settings, load
from foldline.errors import FoldlineError
from foldline.policy.window import window_at
from foldline.server.gate_state import keyring_of
from foldline.stores import schema
from foldline.stores.home import Home
from foldline.stores.mode import Mode
from foldline.stores.rule_sets import RuleSetStore
from foldline.testing.builders import in_mode
from foldline.testing.passes import Carry, cookie, write_facts
from foldline.testing.processes import GateProcess

ORIGIN_SECRET = "the gate is known to its origin by this"
SECRETS = {"FOLDLINE_SECRET": "only-for-tests-" + "0123456789" * 4, "FOLDLINE_ORIGIN_SECRET": ORIGIN_SECRET}
#: Sites that other tests use too, by the fixture that runs them.
SHARED = {
    "pelican-simple": "pelican_paper",
    "pelican-paywall": "pelican_paywall",
    "wagtail-plain": "wagtail_paper",
    "flask-plain": "flask_paper",
}
OWN: dict[str, Callable[[Path, Path], AbstractContextManager[Site]]] = {
    "pelican-notmyidea": lambda folder, _: pelican_site(folder, theme="notmyidea"),
    "pelican-marker": lambda folder, _: pelican_site(folder, marker="<!-- more -->"),
    "wagtail-marker": lambda folder, database: wagtail_site(folder, database, style="marker"),
    "flask-marker": lambda folder, _: flask_site(count=12, style="marker"),
    "flask-selector": lambda folder, _: flask_site(count=12, style="selector"),
}
#: Profile, how articles are told, the body, and by what they are cut.
RIGHT = {
    "pelican-simple": ("static", "feed", "article", "paragraphs"),
    "pelican-notmyidea": ("static", "feed", ".entry-content", "paragraphs"),
    "pelican-marker": ("static", "feed", "article", "marker"),
    "pelican-paywall": ("static", "linked-data", "article", "page-selector"),
    "wagtail-plain": ("wagtail", "og-type", ".article-body", "paragraphs"),
    "wagtail-marker": ("wagtail", "og-type", ".article-body", "marker"),
    "flask-plain": ("static", "linked-data", ".story-text", "paragraphs"),
    "flask-marker": ("static", "linked-data", ".story-text", "marker"),
    "flask-selector": ("static", "linked-data", ".story-text", "page-selector"),
}


@pytest.fixture
def named_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Site]]:
    """One of the sites, by its name."""
    name = request.param
    if name in SHARED:
        yield name, request.getfixturevalue(SHARED[name])
    else:
        with OWN[name](tmp_path / "site", request.getfixturevalue("wagtail_database")) as site:
            yield name, site


def init(url: str, home: Path, *more: str) -> Result:
    return CliRunner().invoke(verbs, ["init", url, "--home", str(home), *more])


def files_in(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir()) if home.exists() else []


def fold_of(article: Article, cut: dict[str, Any]) -> int:
    """Before which paragraph the fold is, by the words on both sides of it."""
    texts = [paragraph.text for paragraph in article.paragraphs]
    [at] = [at for at, text in enumerate(texts) if " ".join(text.split()[:8]) == cut["first_hidden"]]
    assert cut["last_visible"] == " ".join(texts[at - 1].split()[-8:])
    return at


@pytest.mark.parametrize("named_site", RIGHT, indirect=True)
def test_what_is_proposed_for_a_site_is_right(named_site: tuple[str, Site], tmp_path: Path) -> None:
    name, site = named_site
    profile, sign, body, how = RIGHT[name]
    answer = init(site.url, tmp_path / "home", "--json")
    by_path = {site.path_of(article): article for article in site.articles}
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.output)
    assert (found["software"]["profile"], found["sign"], found["body"]["selector"]) == (profile, sign, body)
    assert found["body"]["pages"] == len(found["articles"]) == 8
    assert {cut["how"] for cut in found["cuts"]} == {how}
    assert found["certain"] == 8
    folds = [fold_of(by_path[path], cut) for path, cut in zip(found["articles"], found["cuts"], strict=True)]
    least, most = (3, 3) if how in ("marker", "page-selector") else (2, 5)
    assert least <= min(folds) <= max(folds) <= most
    assert files_in(tmp_path / "home") == []


def test_pages_as_wordpress_writes_them_are_told_and_cut_at_their_more(tmp_path: Path) -> None:
    """Pages of ours in its markup; WordPress itself is tried by `make wordpress`."""
    front = "".join(f'<a href="/2026/03/keepers-{number}/">Keepers</a>' for number in range(4))
    says = '<head><meta name="generator" content="WordPress 6.7.1">'
    page = wordpress_with_yoast().replace("<head>", says, 1).replace("https://news.example/keepers", "")
    assert says in page
    pages = {f"/2026/03/keepers-{number}/": html(page) for number in range(4)}
    with odd_site({"/": html(f"<html><body>{front}</body></html>"), **pages}) as site:
        found = json.loads(init(site.url, tmp_path / "home", "--json").output)
    assert found["software"]["profile"] == "wordpress"
    assert found["body"]["selector"] == ".entry-content"
    assert {cut["how"] for cut in found["cuts"]} == {"marker"}
    assert found["certain"] == 4
    assert found["routes"] == []


def test_derived_leaks_and_side_doors_are_named(tmp_path: Path) -> None:
    with flask_site(count=12) as site:
        plain = init(site.url, tmp_path / "home").output
        found = json.loads(init(site.url, tmp_path / "home", "--json").output)
    assert all("hydration-state" in cut["removed"] and "count" in cut["removed"] for cut in found["cuts"])
    assert {leak["url"] for leak in found["leaks"]} == {site.url + "/feed.xml"}
    assert {leak["kind"] for leak in found["leaks"]} == {"rewritten"}
    assert "automatic-description (8/8)" in plain
    assert "/about" in plain
    assert "Nothing was written" in plain


@contextmanager
def gated(site: Site, folder: Path) -> Iterator[tuple[GateProcess, Settings]]:
    """The gate with the files that init wrote, its rules published, before the site."""
    home = Home(folder)
    home.make()
    schema.migrate(home)
    settings = load(home, SECRETS)
    in_mode(home, Mode.GATE, int(SystemClock().now()))
    with RuleSetStore(home) as sets:
        sets.publish(home.rules_file.read_text(encoding="utf-8"), "ada", "", int(SystemClock().now()))
    with GateProcess(home, settings.host, environ=SECRETS) as gate:
        yield gate, settings


@pytest.mark.parametrize("named_site", ["pelican-paywall", "wagtail-plain", "flask-plain"], indirect=True)
def test_the_files_that_are_written_are_accepted_and_gate_the_sites_articles(
    named_site: tuple[str, Site], tmp_path: Path
) -> None:
    folder = tmp_path / "home"
    name, site = named_site
    answer = init(site.url, folder, "--write")
    assert answer.exit_code == 0, answer.output
    assert {"foldline.toml", "rules.toml"} <= set(files_in(folder)) <= {"foldline.toml", "rules.toml", "surfaces.toml"}
    policy = CliRunner().invoke(verbs, ["policy", "check", "--home", str(folder)])
    assert (policy.exit_code, policy.output.splitlines()[0]) == (0, "Nothing is wrong.")
    if name == "flask-plain":
        told = foldline("check", "--home", str(folder), **SECRETS)
        # What only the publisher can give, and nothing about what was written.
        assert {line.split()[0] for line in told.stdout.splitlines()} <= {"FL032", "FL041", "FL071", "FL220"}
    with gated(site, folder) as (gate, settings):
        carry = Carry(keyring_of(settings), SystemClock(), window_at(int(SystemClock().now()), settings.zone))
        facts = carry.facts("payer", {1: 4_000_000_000})
        write_facts(settings.home, facts)
        for article in site.articles[:3]:
            target = site.path_of(article).encode()
            preview = gate.client.ask("GET", target)
            text = preview.body.decode()
            assert preview.status == 200
            assert 'data-kind="ask"' in text
            assert article.preview[0].token in text
            assert [token for token in tokens(article.rest[2:]) if token in text] == []
            whole = gate.client.ask("GET", target, cookie(reader_pass=carry.token(facts))).body.decode()
            assert [token for token in tokens(article.paragraphs) if token not in whole] == []
        assert gate.client.ask("GET", b"/").status == 200


def test_a_folder_that_was_made_for_its_public_address_is_looked_at_where_it_is_served(tmp_path: Path) -> None:
    """As a generator writes it: every link, and the feed, names a host that is not the one that answers here."""
    with pelican_site(tmp_path / "site", address="https://harrow-gazette.example") as site:
        home = Home(tmp_path / "home")
        answer = init(site.url, home.path, "--write")
    assert answer.exit_code == 0, answer.output
    assert "8 articles, told by: an entry in the feed 8/8" in answer.output
    assert f"Its links lead to https://harrow-gazette.example: they were followed here, at {site.url}." in answer.output
    settings = load(home, SECRETS)
    assert settings.publication.url == "https://harrow-gazette.example"
    assert settings.origin is not None
    assert settings.origin.url == site.url


def test_what_is_to_be_typed_next_names_the_home_and_needs_no_folder_to_stand_in(tmp_path: Path) -> None:
    with odd_site(stories(3)) as site:
        told = init(site.url, tmp_path / "home", "--write").output
    steps = [line for line in told.splitlines() if line.startswith("  ")]
    assert [step for step in steps if str(tmp_path / "home") not in step and "export" not in step] == []
    assert f"> {tmp_path}/home/secret && chmod 600 {tmp_path}/home/secret" in told


def test_what_is_there_is_never_overwritten_and_no_site_is_asked_for_it(tmp_path: Path) -> None:
    with odd_site(stories(3)) as site:
        for name in ("foldline.toml", "rules.toml", "surfaces.toml"):
            home = tmp_path / name.removesuffix(".toml")
            home.mkdir()
            (home / name).write_text("# mine\n", encoding="utf-8")
            answer = init(site.url, home, "--write")
            assert isinstance(answer.exception, FoldlineError)
            assert name in str(answer.exception)
            assert files_in(home) == [name]
            assert (home / name).read_text(encoding="utf-8") == "# mine\n"
        assert site.asked == []


def test_all_files_are_written_or_none(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    there = home.path / "missing" / "rules.toml"
    with pytest.raises(FoldlineError, match="Nothing was written"):
        init_module.write_all(home, {home.settings_file: "a", there: "b"})
    assert files_in(home.path) == []


def test_a_site_without_articles_is_said_to_have_none_and_nothing_is_written(tmp_path: Path) -> None:
    with odd_site({"/": stories(0)["/"]}) as site:
        answer = init(site.url, tmp_path / "home", "--write")
    assert answer.exit_code == 1
    assert "No article was found" in answer.output
    assert files_in(tmp_path / "home") == []


def test_a_cut_that_can_not_be_proved_is_not_claimed(tmp_path: Path) -> None:
    """A page whose closed part is all of it is headline only, and says so."""
    part = '"hasPart":{"@type":"WebPageElement","isAccessibleForFree":false,"cssSelector":".nothing-has-this"}'
    said = f'<script type="application/ld+json">{{"@type":"NewsArticle","headline":"A",{part}}}</script></head>'
    site_of = stories(3)
    with odd_site(site_of) as site:
        for path, answer in list(site_of.items()):
            status, headers, body = answer  # type: ignore[misc]
            if path != "/":
                site.answers[path] = (status, headers, body.replace(b"</head>", said.encode()))  # type: ignore[union-attr]
        found = json.loads(init(site.url, tmp_path / "home", "--json").output)
        plain = init(site.url, tmp_path / "home").output
    assert found["certain"] + sum("selector-nothing" in cut["alarms"] for cut in found["cuts"]) == 3
    assert "selector-nothing" in plain
    assert "on 0 of 3" in plain


def test_letters_that_move_a_cursor_are_not_shown(tmp_path: Path) -> None:
    with odd_site(stories(3)) as site:
        for number in range(3):
            path = f"/stories/{number}-x.html"
            status, headers, body = site.answers[path]  # type: ignore[misc]
            evil = body.replace(b"Story", b"\x1b[2J&#27;[31mStory").replace(b"<p>In", b"<p>&#x9b;31m In")  # type: ignore[union-attr]
            site.answers[path] = (status, headers, evil)
        answer = init(site.url, tmp_path / "home")
    assert answer.exit_code == 0
    assert [letter for letter in answer.output if not letter.isprintable() and letter != "\n"] == []
