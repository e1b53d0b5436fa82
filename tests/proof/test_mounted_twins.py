"""Twins of a mounted Flask by WSGI and of a mounted Starlette by ASGI; and each defence, broken, is seen to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from foldline.gate import wsgi
from foldline.server import mounted_asgi, mounted_wsgi, origin_gate
from foldline.sources.origin import answers, fetch, ingest
from foldline.sources.origin.surfaces import Kind, Surface, SurfaceMap

from .mounted_twins import ENOUGH, EVERYWHERE, KINDS, asks_of, mounted_twins
from .room import LONG, assert_equal


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_mounted_gate_answers_does_not_depend_on_what_stands_below_the_fold(kind: str, tmp_path: Path) -> None:
    with mounted_twins(kind, tmp_path) as (twins, one):
        report = twins.run(asks_of(one, EVERYWHERE if LONG else (*ENOUGH, "/"), 300 if LONG else 20))
    assert_equal(report)
    assert report.asked > 1000
    assert set(report.statuses) >= {200, 304, 400, 404, 405, 421}
    assert report.gzip_bodies


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_that_was_rewritten_after_it_was_sent_decides(kind: str, tmp_path: Path) -> None:
    with mounted_twins(kind, tmp_path, sent="/") as (twins, one):
        assert_equal(twins.run(asks_of(one, ENOUGH if LONG else ENOUGH[:1])))


Patch = pytest.MonkeyPatch


def _texts_are_files(patch: Patch) -> None:
    patch.setattr(answers, "_is_a_file", lambda headers, *, mapped: True)


def _validators_stay(patch: Patch) -> None:
    patch.setattr(fetch, "KEPT_FIELDS", fetch.KEPT_FIELDS | {b"etag"})


def _conditions_go_on(patch: Patch) -> None:
    for adapter in (mounted_asgi, mounted_wsgi):
        patch.setattr(adapter, "ABOUT_A_PART", frozenset())


def _previews_are_whole(patch: Patch) -> None:
    cut = ingest.sides
    patch.setattr(ingest, "sides", lambda parts, head, codec, *, whole: cut(parts, head, codec, whole=True))


def _head_is_passed(patch: Patch) -> None:
    honest = SurfaceMap.surface_of

    def surface_of(self: SurfaceMap, method: str, path: bytes, query: bytes) -> Surface:
        found = honest(self, method, path, query)
        if method != "HEAD" or found.kind is not Kind.ARTICLE:
            return found
        return Surface(Kind.PASSED, found.route, found.target, allow=found.allow)

    patch.setattr(SurfaceMap, "surface_of", surface_of)
    # Nor is it answered from what is at hand.
    patch.setattr(origin_gate.OriginGate, "is_at_hand", lambda self, request, record: False)


def _what_was_sent_decides(patch: Patch) -> None:
    for adapter in (mounted_asgi, wsgi):
        patch.setattr(adapter, "spelt", lambda raw, routed: raw or routed)


def _judged_too_late(patch: Patch) -> None:
    """What is not to be sent is closed by its status alone: the application's text goes out behind it."""

    def start(self: Any, status: str, headers: Any, *failed: Any) -> Any:
        self._started = True
        return self._start_response("404 Not Found", headers, *failed)

    patch.setattr(mounted_wsgi._Judged, "_start", start)

    async def asgi_start(self: Any, message: Any) -> None:
        await self._send({**message, "status": 404})

    patch.setattr(mounted_asgi._Judge, "_start", asgi_start)


def _hosts_are_not_asked(patch: Patch) -> None:
    async def before(self: Any, request: Any, receive: Any, send: Any) -> Any:
        if request.path.startswith(self._state.prefix):
            return None
        surface = self._link.surface_of(request)
        known = request.header(b"host").lower() in self._state.hosts
        return await (honest(self, request, receive, send) if known else passed(self, surface, request, receive, send))

    async def passed(self: Any, surface: Surface, request: Any, receive: Any, send: Any) -> Any:
        target = request.path + (b"?" + request.query if request.query else b"")
        found = Surface(Kind.PASSED, "any", target, allow=surface.allow)
        await self._link.forward(found, request, receive, send)
        return origin_gate._SENT

    honest = origin_gate.OriginGate.before
    patch.setattr(origin_gate.OriginGate, "before", before)


@dataclass(frozen=True)
class Seeded:
    """`caught_by` are the witnesses that must see it; `sent` is what a server says of every path."""

    breaks: Callable[[Patch], None]
    caught_by: frozenset[str]
    sent: str = ""


BOTH, TWIN = frozenset(("twin", "shingle")), frozenset(("twin",))
FAULTS = {
    "texts that nobody mapped are sent as files": Seeded(_texts_are_files, BOTH),
    "the application's validator stands on the preview": Seeded(_validators_stay, TWIN),
    "a condition is passed to what nobody mapped": Seeded(_conditions_go_on, TWIN),
    "the preview is made of the whole": Seeded(_previews_are_whole, BOTH),
    "HEAD of an article is passed": Seeded(_head_is_passed, TWIN),
    "the path that was sent decides, and another one is routed on": Seeded(_what_was_sent_decides, BOTH, "/"),
    "a closed answer keeps the application's text": Seeded(_judged_too_late, BOTH),
    "another host is passed": Seeded(_hosts_are_not_asked, BOTH),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_of_a_mounted_gate_is_caught(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = FAULTS[name]
    fault.breaks(monkeypatch)
    with mounted_twins(kind, tmp_path, fault.sent) as (twins, one):
        report = twins.run(asks_of(one, ENOUGH), lambda report: fault.caught_by <= report.witnesses)
    assert fault.caught_by <= report.witnesses, str(report)


def test_every_fault_of_a_mounted_gate_is_in_the_document() -> None:
    document = (Path(__file__).parents[2] / "docs" / "mounted.md").read_text(encoding="utf-8")
    assert [name for name in FAULTS if name not in document] == []
