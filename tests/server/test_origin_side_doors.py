"""An origin that gives the whole text away at every address, in whatever form is asked for, behind each profile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.server import feed_texts
from tests.server.origin_sites import Newspaper, newspaper_site
from tests.sources.origin.test_surfaces import STATIC_SURFACES, WAGTAIL_SURFACES, WORDPRESS_SURFACES

from foldline.proof.asks import Ask
from foldline.proof.shingles import Witness
from foldline.proof.twins import Report, Twins
from foldline.sources.origin.surface_file import PROFILES, profile
from foldline.sources.origin.surfaces import Kind, SurfaceMap
from foldline.stores.mode import Mode
from foldline.stores.rule_sets import RuleSetStore
from foldline.testing.builders import HOST, home_at, in_mode
from foldline.testing.client import WireClient
from foldline.testing.processes import GateProcess

SITE = f"https://{HOST}"
SECRET = "the gate is known to its origin by this"
ABOVE = "Every river keeps two diaries, and for most of its length nobody reads either of them."
RESTS = (
    "What nobody had asked was where the ferryman kept the seventh ledger, and why it was never found there.",
    "Another end, of another length, in which the miller sells his wheel to a travelling dentist. " * 9,
)
#: Where each profile has its article.
ARTICLES = {"wordpress": "/2026/07/12/a-bridge/", "wagtail": "/news/a-bridge/", "static": "/news/a-bridge.html"}
LISTED = {"wordpress": WORDPRESS_SURFACES, "wagtail": WAGTAIL_SURFACES, "static": STATIC_SURFACES}


class Giver(Newspaper):
    """Answers everything with the whole text: as a feed, as data, or as a page."""

    def __init__(self, rest: str, article: str) -> None:
        super().__init__(locked=False)
        self.rest = rest
        self.told = [(f"{SITE}{article}", "The two diaries of a river", f"<p>{ABOVE}</p><p>{rest}</p>")]

    def page(self, environ: dict[str, object], path: str) -> tuple[str, list[tuple[str, str]], bytes]:
        asked = f"{path}?{environ.get('QUERY_STRING', '')}"
        tag = ("ETag", f'"{len(self.rest)}"')
        if re.search("api/v2", asked):
            return "200 OK", [("Content-Type", "application/json"), tag], feed_texts.pages(SITE, self.told)
        if re.search("rest_route|wp-json", asked):
            counts = [("X-WP-Total", "1"), ("X-WP-TotalPages", "1"), ("Link", f"<{SITE}/{len(self.rest)}>")]
            return "200 OK", [("Content-Type", "application/json"), tag, *counts], feed_texts.posts(SITE, self.told)
        if re.search("json", asked):
            return "200 OK", [("Content-Type", "application/feed+json"), tag], feed_texts.json_feed(SITE, self.told)
        if re.search("atom", asked):
            return "200 OK", [("Content-Type", "application/atom+xml"), tag], feed_texts.atom(SITE, self.told)
        if re.search("feed|rss|xml", asked):
            return "200 OK", [("Content-Type", "application/rss+xml"), tag], feed_texts.rss(SITE, self.told)
        body = f"<title>A bridge</title><article><p>{ABOVE}</p><!-- fold --><p>{self.rest}</p></article>"
        return "200 OK", [("Content-Type", "text/html; charset=utf-8"), tag], body.encode()


@dataclass
class Doors:
    map: SurfaceMap
    clients: list[WireClient]
    twins: Twins


@contextmanager
def before_givers(name: str, folder: Path) -> Iterator[Doors]:
    with ExitStack() as stack:
        clients = []
        for number, rest in enumerate(RESTS):
            port = stack.enter_context(newspaper_site(Giver(rest, ARTICLES[name])))
            settings = home_at(folder / str(number))
            text = settings.home.settings_file.read_text(encoding="utf-8")
            more = f'\n[origin]\nurl = "http://127.0.0.1:{port}"\nprofile = "{name}"\n'
            settings.home.settings_file.write_text(text + more, encoding="utf-8")
            with RuleSetStore(settings.home) as sets:
                sets.publish('default-access = "subscribers"\n', "ada", "", 1_770_000_000)
            in_mode(settings.home, Mode.GATE, 1_770_000_000)
            gate = stack.enter_context(GateProcess(settings.home, HOST, environ={"FOLDLINE_ORIGIN_SECRET": SECRET}))
            clients.append(gate.client)
        yield Doors(profile(name), clients, Twins(clients[0].ask, clients[1].ask, Witness([RESTS[0]])))


@pytest.fixture(scope="module", params=PROFILES)
def doors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Doors]]:
    with before_givers(request.param, tmp_path_factory.mktemp(request.param)) as opened:
        yield request.param, opened


def asks_of(name: str, found: SurfaceMap) -> Iterator[Ask]:
    """What the profile's own test lists, but for what is passed: there the publisher gives the answer."""
    for target in LISTED[name]:
        path, _, query = target.partition(b"?")
        if found.surface_of("GET", path, query).kind is not Kind.PASSED:
            yield Ask(path, query=query, label=target.decode())


def test_no_side_door_of_a_profile_gives_the_rest_away(doors: tuple[str, Doors]) -> None:
    name, opened = doors
    report = Report()
    for ask in asks_of(name, opened.map):
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            run = opened.twins.run([Ask(ask.path, method, ask.query, ask.headers, b"", f"{method} {ask.label}")])
            report.asked += run.asked
            report.found += run.found
    assert report.asked >= 60
    assert not report.found, str(report)


def test_feeds_and_data_of_a_profile_show_previews(doors: tuple[str, Doors]) -> None:
    name, opened = doors
    shown = {
        ask.label: opened.clients[0].ask("GET", ask.target)
        for ask in asks_of(name, opened.map)
        if opened.map.surface_of("GET", ask.path, ask.query).kind is Kind.REWRITTEN
    }
    assert len(shown) >= {"wordpress": 7, "wagtail": 3, "static": 2}[name]
    assert [label for label, answer in shown.items() if answer.status != 200] == []
    # Texts of a program that answers with lists where one is asked for are understood all the same.
    assert [label for label, answer in shown.items() if ABOVE[:40] not in answer.text] == []
    totals = [answer.header(b"x-wp-total") for label, answer in shown.items() if "wp/v2" in label]
    assert totals == [b"1"] * len(totals)
