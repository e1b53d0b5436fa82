"""The tests of a mounted gate can fail: each defence is taken away, and its test goes red."""

from __future__ import annotations

import contextvars
import posixpath
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.server import test_mounted as asked
from tests.server import test_mounted_process as process
from tests.server.mounted_room import Paper, mounted

from foldline.gate import wsgi
from foldline.server import mounted_asgi, mounted_link, mounted_wsgi
from foldline.sources.mounted import asgi_site, whole_answer, wsgi_site
from foldline.sources.origin import fetch
from foldline.sources.origin.surfaces import Kind, Surface, SurfaceMap

Patch = pytest.MonkeyPatch


def _in_both(name: str, value: Any, *modules: Any) -> Callable[[Patch], None]:
    def breaks(patch: Patch) -> None:
        for module in modules:
            patch.setattr(module, name, value)

    return breaks


def _put_right(raw: bytes | None, routed: bytes) -> bytes:
    return posixpath.normpath(routed.decode("utf-8", "ignore").lower()).encode()


def _spelled(paper: Paper) -> None:
    for path in asked.SPELLED:
        asked.test_a_path_that_can_be_read_in_two_ways_is_refused_or_closed((paper, paper), path)


ADAPTERS = (mounted_asgi, mounted_wsgi)
SITES = (asgi_site, wsgi_site)
FAULTS: dict[str, tuple[Callable[[Patch], None], Callable[[Paper], None]]] = {
    "a reader's fields reach the application as they are": (
        _in_both("passed_fields", lambda headers, *, overrides=False: list(headers), *ADAPTERS),
        asked.test_what_is_passed_reaches_the_application_as_it_was_sent_but_for_what_is_ours,
    ),
    "cookies of ours reach the application": (
        _in_both("passed_fields", lambda headers, *, overrides=False: list(headers), *ADAPTERS),
        asked.test_cookies_of_ours_never_reach_the_application,
    ),
    "an application sets cookies of ours": (
        _in_both("own_answer_fields", tuple, *ADAPTERS),
        asked.test_what_is_passed_reaches_the_application_as_it_was_sent_but_for_what_is_ours,
    ),
    "the gate's questions carry a secret": (
        _in_both("own_fields", list, *SITES),
        asked.test_the_gate_asks_as_itself_and_with_nothing_of_any_reader,
    ),
    "the gate's questions are not marked": (
        _in_both("MARK", "another.mark", *SITES),
        asked.test_the_gate_asks_as_itself_and_with_nothing_of_any_reader,
    ),
    "an article's cookies are kept": (
        _in_both("KEPT_FIELDS", fetch.KEPT_FIELDS | {b"set-cookie"}, fetch),
        asked.test_what_the_application_sets_on_an_article_reaches_no_reader,
    ),
    "half an answer is believed": (
        _in_both("WholeAnswer", lambda *told, **odd: _believing(*told), *SITES),
        asked.test_an_application_that_answers_less_than_it_told_or_too_much_or_nothing_is_not_believed,
    ),
    "a path is put right before it is decided on": (_in_both("spelt", _put_right, mounted_asgi, wsgi), _spelled),
    "nothing is kept for the time in which it fails": (
        _in_both("ArticleFetcher", lambda *told, **more: _forgetful(*told, **more), mounted_link),
        asked.test_an_application_that_fails_shows_the_last_good_page,
    ),
}


def _believing(status: int, headers: Any, body: bytes) -> whole_answer.WholeAnswer:
    told = [pair for pair in headers if pair[0] != b"content-length"]
    return whole_answer.WholeAnswer(status, told, body[:1000])


def _forgetful(client: Any, store: Any, *told: Any, **more: Any) -> fetch.ArticleFetcher:
    nothing = SimpleNamespace(
        get=lambda page: None, put=lambda page, at: True, still=lambda *told: None, drop=lambda page: None
    )
    return fetch.ArticleFetcher(client, nothing, *told, **more)


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
@pytest.mark.parametrize("name", FAULTS)
def test_without_a_defence_its_test_goes_red(kind: str, name: str, tmp_path: Path, monkeypatch: Patch) -> None:
    breaks, goes_red = FAULTS[name]
    breaks(monkeypatch)
    with mounted(kind, tmp_path / "home") as paper, pytest.raises(AssertionError):
        goes_red(paper)


def test_a_task_that_knew_its_readers_context_would_be_seen(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(asgi_site, "contextvars", SimpleNamespace(Context=contextvars.copy_context))
    with mounted("asgi", tmp_path / "home") as paper, pytest.raises(AssertionError):
        process.test_nothing_of_a_readers_context_is_there_when_the_gate_asks(paper)


def test_a_channel_that_is_opened_at_an_article_would_be_seen(tmp_path: Path, monkeypatch: Patch) -> None:
    honest = SurfaceMap.surface_of

    def passed(found: SurfaceMap, method: str, path: bytes, query: bytes) -> Surface:
        return replace(honest(found, method, path, query), kind=Kind.PASSED, target=path)

    monkeypatch.setattr(SurfaceMap, "surface_of", passed)
    with pytest.raises(AssertionError, match=asked.PATH):
        process.test_a_websocket_is_passed_where_a_question_is_and_closed_elsewhere(tmp_path)
