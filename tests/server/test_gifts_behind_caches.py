"""Gifts behind real caches: one preview is kept for all gifts of an article, and it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.server.caches import Cache, nginx_before, replaced, same, varnish_before

from foldline.clock import SystemClock
from foldline.proof.pairs import SENTENCE
from foldline.testing import gifts
from foldline.testing.builders import HOST, SUBSCRIBERS
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

Room = tuple[Cache, GateProcess, bool]


#: What a recipe keeps one preview for all gifts by.
SPOILT = {
    "nginx": (r'(proxy_cache_key "[^$]*(?:\$host)?)\$foldline_kept', r"\1$request_uri"),
    "varnish": (r"set req\.url = regsub\(req\.url, .*gift=.*;\n", ""),
}


@pytest.fixture(params=["nginx", "varnish", "nginx-spoilt", "varnish-spoilt"])
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp(request.param)
    name, _, spoilt = request.param.partition("-")
    before: Callable[..., Any] = {"nginx": nginx_before, "varnish": varnish_before}[name]
    change = replaced(SPOILT[name]) if spoilt else same
    with World(folder / "home", rests(SENTENCE), SystemClock()) as world:
        home = world.home
    text = home.settings_file.read_text(encoding="utf-8")
    with GateProcess(home, HOST) as gate:
        home.settings_file.write_text(f"{text}\n[listen]\nport = {gate.address[1]}\nhops = 1\n", encoding="utf-8")
        with before(home.path, HOST, folder / "cache", change) as cache:
            yield cache, gate, bool(spoilt)


def test_one_preview_is_kept_for_all_gifts_and_another_for_the_page_without_one(room: Room) -> None:
    cache, gate, spoilt = room
    plain = cache.get(SUBSCRIBERS.path)
    first = cache.get(f"{SUBSCRIBERS.path}?gift={gifts.RUNS}")
    assert (b'data-kind="ask"' in plain.body, b'data-kind="ask"' in first.body) == (False, True)
    assert SENTENCE not in first.text
    gate.stop()
    kept = [cache.get(f"{SUBSCRIBERS.path}?gift={token}") for token in gifts.REFUSED.values()]
    # Without that line each gift has a place of its own in the cache, and nothing is there yet.
    assert all((one.status, one.body) == (200, first.body) for one in kept) is not spoilt
    assert cache.get(SUBSCRIBERS.path).body == plain.body
