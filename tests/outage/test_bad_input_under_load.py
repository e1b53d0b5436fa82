"""The table of failures, what people write: bad keys, settings and secrets are never activated, on both engines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.outage.test_faults_under_load import LONG, REST, askings_of, broken

from foldline.clock import SystemClock
from foldline.signed.keys import key_digest
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.schema import connect
from foldline.testing.builders import HOST
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

#: Seconds until a worker that finds something bad has ended.
ENDS = 20.0


@pytest.fixture(params=["sqlite", "postgresql"] if LONG else ["sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    where = Address.of(request.getfixturevalue("database").url) if request.param == "postgresql" else None
    with World(tmp_path / "home", rests(REST), SystemClock(), database=where) as made:
        yield made


@pytest.fixture
def gate(world: World, tmp_path: Path) -> Iterator[GateProcess]:
    with GateProcess(world.home, HOST, workers=2, errors=tmp_path / "errors") as runs:
        yield runs


@contextmanager
def written(path: Path, content: bytes, gate: GateProcess) -> Iterator[None]:
    """A file is spoilt, and a worker that starts meanwhile does not serve."""
    good = path.read_bytes()
    path.write_bytes(content)
    try:
        late = gate.start(7)
        yield
        assert late.wait(ENDS) == 1
    finally:
        path.write_bytes(good)


BAD_FILES: dict[str, Callable[[Home], tuple[Path, bytes]]] = {
    "the secret is short": lambda home: (home.secret_file, b"short\n"),
    "the secret is empty": lambda home: (home.secret_file, b""),
    "the settings are unsafe": lambda home: (home.settings_file, home.settings_file.read_bytes() + b"\nhops = -1\n"),
    "the settings are no TOML": lambda home: (home.settings_file, b"[publication\n"),
}


@pytest.mark.parametrize("fault", BAD_FILES if LONG else ("the secret is short", "the settings are unsafe"))
def test_a_spoilt_file_stops_new_workers_and_no_running_one(world: World, gate: GateProcess, fault: str) -> None:
    path, content = BAD_FILES[fault](world.home)
    verdict = broken(gate, askings_of(world), lambda: written(path, content, gate))
    assert verdict.wrong == []
    assert min(verdict.asked.values()) >= 10
    assert [process.poll() for process in gate.processes] == [None, None]


def test_keys_that_nobody_has_and_rows_that_nobody_understands_change_nothing(
    world: World, gate: GateProcess, tmp_path: Path
) -> None:
    (mine,) = world.settings.secrets

    @contextmanager
    def rows() -> Iterator[None]:
        with closing(connect(world.home.site_db)) as database:
            for digest, act in (("0" * 16, "sign"), (key_digest(mine), "retire"), ("", ""), ("1" * 16, "revoke")):
                database.execute(
                    "INSERT INTO foldline_keys (digest, act, made_by, made_at) VALUES (?, ?, 'ada', 0)", (digest, act)
                )
            database.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('keys', '', 0)")
            gate.processes.append(gate.start(2))
            yield

    verdict = broken(gate, askings_of(world), rows)
    assert verdict.wrong == []
    assert min(verdict.asked.values()) >= 10
    assert [process.poll() for process in gate.processes] == [None, None, None]
    end = time.monotonic() + 5
    while "FL358" not in (tmp_path / "errors").read_text() and time.monotonic() < end:
        time.sleep(0.1)
    assert "FL358" in (tmp_path / "errors").read_text()
