"""Our own gate is audited as anybody's: it keeps, and each seeded fault of ours that a stranger can see is named."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import uvicorn
from tests.proof.room import RICH

from foldline.proof.audit.asking import Bounds, arrive
from foldline.proof.audit.finding import Report
from foldline.proof.audit.run import Audit, Wish
from foldline.proof.faults import FAULTS
from foldline.proof.pairs import SENTENCE
from foldline.sources.origin.client import Address
from foldline.testing.builders import HOST, SUBSCRIBERS
from foldline.testing.readers import readers_of
from foldline.testing.worlds import WHOLE, Breaks, World, rests

#: Every fault, and the short form without most of them: `make proof`.
LONG = os.environ.get("FOLDLINE_PROOF") == "long"
#: What each fault is called by an audit, with two versions of the text.
NAMED = {
    "reading-time-of-the-whole": "A12",
    "description-from-below": "A10",
    "word-count-in-structured-data": "A12",
    "body-in-structured-data": "A06",
    "contents-of-the-whole": "A13",
    "pictures-counted": "A12",
    "late-cut": "A01",
    "modified-by-the-rest": "F03",
    "compressed-with-the-rest": "A03",
    "shared-validator": "D12",
    "last-modified-from-the-rest": "F03",
    "head-length-of-the-whole": "D09",
    "padded-to-the-whole": "F01",
    "range-total-of-the-whole": "D10",
    "body-behind-405": "E09",
    "alias-route": "B27",
    "user-agent-opens": "C01",
    "forwarded-address-opens": "C02",
    "referer-opens": "C07",
    "preview-parameter-opens": "B26",
    "internal-header-opens": "C15",
    "cookie-by-name-opens": "H14",
    "signature-not-checked": "H13",
    "excerpt-on-cards": "B15",
    "sitemap-titled-by-the-rest": "B11",
    "rest-in-a-feed": "B01",
    "one-memory-for-all": "A03",
}
#: What stands below every fold of these newspapers, in articles that are free as well.
NOTE = "The oldest of these notebooks begins in 1846."
#: Seen by who looks at two versions alone.
TWIN = frozenset(("A12", "A13", "F01", "F03"))
SHORT = ("late-cut", "cookie-by-name-opens")


class Rewriter:
    """Publishes the article again with another rest, and with the old one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._version = 1

    async def change(self, paths: Sequence[str]) -> None:
        self._rewrite(f"{SENTENCE[::-1]}\n\n{RICH}")

    async def restore(self, paths: Sequence[str]) -> None:
        self._rewrite(SENTENCE)

    def _rewrite(self, rest: str) -> None:
        self._version += 1
        self._world.rewrite(SUBSCRIBERS, rest, self._version)


@contextlib.asynccontextmanager
async def served(world: World) -> AsyncIterator[int]:
    config = uvicorn.Config(
        world.app,
        "127.0.0.1",
        0,
        log_level="critical",
        access_log=False,
        lifespan="off",
        server_header=False,
        date_header=False,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


def audited(folder: Path, monkeypatch: pytest.MonkeyPatch, breaks: Breaks = WHOLE, *, twin: bool = False) -> Report:
    async def run(world: World) -> Report:
        readers = readers_of(world)
        cookie = dict(readers.subscriber)[b"cookie"].decode()
        async with served(world) as port:

            async def at(place: object, *, local: bool) -> Address:
                return Address("127.0.0.1", port)

            monkeypatch.setattr("foldline.proof.audit.asking.found", at)
            visitor = await arrive(f"http://{HOST}", Bounds(questions=5000, rate=0))
            try:
                editor = Rewriter(world) if twin else None
                return await Audit(visitor, Wish((SUBSCRIBERS.path,), cookie, public=(NOTE,), editor=editor)).run()
            finally:
                visitor.close()

    with breaks.holding(), World(folder, rests(SENTENCE), breaks=breaks) as world:
        return asyncio.run(run(world))


def test_our_gate_is_found_to_keep_with_two_versions_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = audited(tmp_path, monkeypatch, twin=True)
    assert [(finding.vector, finding.where) for finding in report.findings] == []
    assert report.code == 0
    assert report.twin_compared > 500
    assert report.asked > 1000
    assert not report.unstable


@pytest.mark.parametrize("name", NAMED if LONG else SHORT)
def test_a_fault_of_our_gate_that_a_stranger_can_see_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = FAULTS[name]
    report = audited(tmp_path, monkeypatch, fault.breaks, twin=NAMED[name] in TWIN)
    assert NAMED[name] in {finding.vector for finding in report.findings}, report.findings
