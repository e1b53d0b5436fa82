"""A list of a site that begins to show whole texts is found within a day, and named at the desk and by `check`."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

import pytest
from tests.django_home import django_home
from tests.sites.pelican_paper import pelican_site

from foldline.checks import CHECKS
from foldline.config import Settings, load
from foldline.policy.facts import Access, Article
from foldline.server import list_watch
from foldline.sources.origin.open_lists import JOB, NAMED, line_of, problems_of, unseen
from foldline.sources.survey.leaks import Rests
from foldline.stores.records import ArticleRecord, RecordWriter
from foldline.testing.builders import home_at

SECRET = "the gate is known to its origin by this"
MARKER = "<!-- fold -->"
NEWEST = "/night-bus.html"


def before(folder: Path, url: str, more: str = "") -> Settings:
    """A home folder before a site."""
    home = home_at(folder).home
    text = home.settings_file.read_text(encoding="utf-8")
    home.settings_file.write_text(f'{text}\n[origin]\nurl = "{url}"\nprofile = "static"\n{more}', encoding="utf-8")
    return load(home, {"FOLDLINE_ORIGIN_SECRET": SECRET})


def test_a_theme_that_shows_whole_texts_is_named_with_its_lists(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pelican_site(tmp_path / "site", theme="notmyidea", marker=MARKER, secret=SECRET) as site:
        settings = before(tmp_path / "home", site.url)
        with caplog.at_level(logging.WARNING, "foldline.server.list_watch"):
            line = list_watch.look(settings)
    (problem,) = problems_of(line)
    assert problem.id == "FL335"
    assert problem.where.startswith("/, /")
    assert f"/ shows what is closed of {NEWEST}, and is passed" in caplog.messages


def test_a_theme_that_shows_excerpts_is_not(tmp_path: Path) -> None:
    with pelican_site(tmp_path / "site", theme="paywall", marker=MARKER, secret=SECRET) as site:
        assert list_watch.look(before(tmp_path / "home", site.url)) == ""


def test_a_look_that_finds_nothing_by_a_fault_is_seen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rests, "found", lambda rests, text: ())
    with pytest.raises(ValueError, match="not enough values"):
        test_a_theme_that_shows_whole_texts_is_named_with_its_lists(tmp_path, caplog)


def test_what_is_known_to_be_free_may_stand_in_a_list(tmp_path: Path) -> None:
    with pelican_site(tmp_path / "site", theme="notmyidea", marker=MARKER, secret=SECRET) as site:
        settings = before(tmp_path / "home", site.url)
        with closing(RecordWriter(settings.home)) as writer:
            free = Article(1, Access.FREE, path=NEWEST)
            writer.put_article(ArticleRecord(NEWEST, free, 1, "a", "b", "c", {}))
        (problem,) = problems_of(list_watch.look(settings))
    # The front page shows the newest article alone; other lists show others.
    assert "/" not in problem.where.split(", ")
    assert "/category/coast.html" in problem.where.split(", ")


def test_a_site_that_does_not_answer_is_said_to_be_unseen(tmp_path: Path) -> None:
    (problem,) = problems_of(list_watch.look(before(tmp_path / "home", "http://127.0.0.1:9")))
    assert problem.id == "FL336"
    assert "127.0.0.1:9" in problem.what


def test_many_lists_are_counted_and_no_other_line_is_a_problem() -> None:
    line = line_of([f"/{number}" for number in range(NAMED + 3)])
    (problem,) = problems_of(line)
    assert problem.where == "/0, /1, /2, /3 and 3 more"
    assert problems_of(line_of([])) == problems_of("3 differed") == []
    assert {"FL335", "FL336"} <= set(CHECKS)
    assert [one.id for one in problems_of(unseen("no"))] == ["FL336"]


def test_nothing_is_looked_at_where_no_site_has_an_address(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no site at an address"):
        list_watch.look(home_at(tmp_path))


def test_a_site_at_an_address_is_looked_at_once_a_day_and_a_mounted_one_is_not(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    django_home(tmp_path_factory)
    from django.test import override_settings

    from foldline.server.due import waiting_jobs

    far = before(tmp_path / "far", "http://127.0.0.1:9")
    with override_settings(FOLDLINE=far):
        assert {job.name: job.every for job in waiting_jobs() if job.name == JOB} == {JOB: 86_400.0}
    mounted = home_at(tmp_path / "mounted").home
    text = mounted.settings_file.read_text(encoding="utf-8")
    mounted.settings_file.write_text(f'{text}\n[origin]\nmounted = true\nprofile = "static"\n', encoding="utf-8")
    with override_settings(FOLDLINE=load(mounted, {})):
        assert [job.name for job in waiting_jobs() if job.name == JOB] == []
