"""While the gate stands in shadow, everybody at the desk is told that the site is open."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.readers.processes import DeskBrowser, served

from foldline.policy.facts import Access, Article
from foldline.stores.home import Home
from foldline.stores.mode import Mode
from foldline.stores.records import ArticleRecord, RecordWriter
from foldline.stores.schema import connect
from foldline.testing.builders import in_mode

from .staff_room import enter

OPEN = "The site is open: the gate stands in shadow"


@pytest.fixture
def desk_of_a_site(home: Home, site: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeskBrowser]:
    """The desk of a publication that stands before a site, about whose mode nobody has said anything."""
    own = home.settings_file.read_text(encoding="utf-8")
    monkeypatch.setenv("FOLDLINE_ORIGIN_SECRET", "the gate is known to its origin by this")
    home.settings_file.write_text(f'{own}[origin]\nurl = "http://127.0.0.1:9"\n', encoding="utf-8")
    with closing(connect(home.site_db)) as connection:
        connection.execute("DELETE FROM foldline_mode")
    try:
        with served(home, "desk") as port:
            yield DeskBrowser(port)
    finally:
        home.settings_file.write_text(own, encoding="utf-8")


def test_the_desk_says_to_every_role_that_the_site_is_open_until_it_is_gated(
    desk_of_a_site: DeskBrowser, home: Home
) -> None:
    desk = desk_of_a_site
    for role in ("service", "editor"):
        enter(desk, role)
        page = desk.get("/").text
        assert OPEN in page
        assert "Nobody has said anything else yet · FL240" in page
        assert "Nothing." not in page
    in_mode(home, Mode.GATE, int(time.time()))
    assert OPEN not in desk.get("/").text
    in_mode(home, Mode.SHADOW, int(time.time()), "grace")
    page = desk.get("/").text
    assert OPEN in page
    assert "by grace · FL240" in page


def test_the_desk_of_a_publication_of_its_own_says_nothing_of_it(desk: DeskBrowser) -> None:
    enter(desk, "admin")
    assert OPEN not in desk.get("/").text


def test_the_desk_lists_pages_of_the_site_that_have_no_certain_fold(desk_of_a_site: DeskBrowser, home: Home) -> None:
    article = Article(77_001, Access.BY_RULE, path="/no-fold.html")
    writer = RecordWriter(home)
    try:
        writer.put_article(
            ArticleRecord("/no-fold.html", article, 1, "b", "", "a", {"open": ""}, "rest", alarms=("locked", "too-odd"))
        )
        enter(desk_of_a_site, "editor")
        listed = desk_of_a_site.get("/").text
        assert "shown as headline and standfirst only: its mark-up is too broken" in listed
        assert "/no-fold.html" in listed
        assert "FL243" in listed
        enter(desk_of_a_site, "service")
        assert "/no-fold.html" not in desk_of_a_site.get("/").text
    finally:
        writer.delete("/no-fold.html")
        writer.close()


def test_the_desk_and_check_name_lists_of_the_site_that_show_closed_texts(
    desk_of_a_site: DeskBrowser, home: Home
) -> None:
    from django.test import override_settings

    from foldline.config import load
    from foldline.server.prepare import problems_of
    from foldline.site.desk.models import DueJob
    from foldline.sources.origin.open_lists import JOB, line_of

    settings = load(home, os.environ)
    DueJob.objects.update_or_create(name=JOB, defaults={"every": 86_400.0, "result": line_of(["/", "/tags/rivers/"])})
    try:
        enter(desk_of_a_site, "editor")
        listed = desk_of_a_site.get("/").text
        assert "A list of the site shows closed texts" in listed
        assert "/, /tags/rivers/" in listed
        assert "FL335" in listed
        enter(desk_of_a_site, "service")
        assert "FL335" not in desk_of_a_site.get("/").text
        with override_settings(FOLDLINE=settings):
            assert "/, /tags/rivers/" in [one.where for one in problems_of(settings) if one.id == "FL335"]
        DueJob.objects.filter(name=JOB).update(result="")
        enter(desk_of_a_site, "editor")
        assert "FL335" not in desk_of_a_site.get("/").text
    finally:
        DueJob.objects.filter(name=JOB).delete()
