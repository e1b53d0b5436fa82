"""Which mode holds: heard by every worker, kept over restarts, and closed where nobody knows."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.server.shadow_site import ARTICLES, Asked, Caller
from tests.server.test_origin_newspaper import SECRET
from tests.server.test_shadow import CANARY, DEADLINE, destroy, standing, until_gated

from foldline.errors import StoreUnavailable
from foldline.stores import mode, mode_in_force
from foldline.stores.fetched import FetchedPage, FetchedPages
from foldline.stores.home import Home
from foldline.stores.mode import Mode, ModeDamaged, ModeStore, gate_as_before
from foldline.stores.mode_in_force import ModeInForce
from foldline.stores.mode_in_force import standing as mode_standing
from foldline.stores.schema import connect, migrate
from foldline.testing.builders import HOST, home_at, in_mode
from foldline.testing.processes import GateProcess

NOW = 1_790_000_000
PATH = "/two-diaries.html"
#: The bound of the design for what changes on this host, and what a machine with more to do adds to it.
HEARD, SLACK = 1.0, 2.0


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_at(tmp_path / "home").home


def test_a_change_is_heard_by_two_workers_within_a_second_in_both_directions(tmp_path: Path) -> None:
    with standing(tmp_path / "home") as place, ExitStack() as stack:
        # A worker with a socket of its own, so that each of the two can be asked.
        other = stack.enter_context(GateProcess(place.settings.home, HOST, environ={"FOLDLINE_ORIGIN_SECRET": SECRET}))
        callers = [stack.enter_context(closing(Caller(gate.address[1], HOST))) for gate in (place.gate, other)]
        for to in (Mode.GATE, Mode.SHADOW, Mode.GATE):
            in_mode(place.settings.home, to, int(time.time()))
            said = time.monotonic()
            for caller in callers:
                until(lambda caller=caller, to=to: is_cut(caller) == (to is Mode.GATE))
            assert time.monotonic() - said < HEARD + SLACK


def is_cut(caller: Caller) -> bool:
    """Whether a preview comes; what comes otherwise is the site's own page to the byte."""
    body = caller.ask(Asked("GET", PATH)).body
    if body == ARTICLES[PATH]:
        return False
    assert CANARY not in body
    return True


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_next_preview_after_shadow_is_cut_whatever_was_kept_meanwhile(tmp_path: Path) -> None:
    with standing(tmp_path / "home") as place, closing(place.caller()) as caller:
        whole = caller.ask(Asked("GET", PATH, (("Accept-Encoding", "gzip"),)))
        tag = dict(whole.fields)["etag"]
        assert caller.ask(Asked("GET", PATH, (("If-None-Match", tag),))).status == 304
        in_mode(place.settings.home, Mode.GATE, int(time.time()))
        until_gated(place, caller)
        # Every way in which the whole came before.
        for fields in ((), (("Range", "bytes=0-99999"),), (("If-None-Match", tag),), (("Accept-Encoding", "gzip"),)):
            said = caller.ask(Asked("GET", PATH, fields))
            assert said.status == 200
            assert said.body != whole.body
            assert CANARY not in said.body
            assert dict(said.fields)["etag"] != tag
        assert caller.ask(Asked("GET", "/all.xml")).status == 404
        assert caller.ask(Asked("POST", PATH, body=b"a=1")).status == 405


def test_pages_under_the_prefix_are_the_gates_own_in_shadow(tmp_path: Path) -> None:
    with standing(tmp_path / "home") as place, closing(place.caller()) as caller:
        assert caller.ask(Asked("GET", "/-/me")).fields[0] == ("content-type", "application/json")
        assert caller.ask(Asked("POST", "/-/read", (("Sec-Fetch-Site", "same-origin"),), b"article=1")).status == 404
        assert (
            caller.ask(Asked("GET", "/-/sign-in")).status == 502
        )  # no site process runs here, and the site is not asked


def test_the_mode_survives_a_restart_and_a_database_that_is_away(tmp_path: Path) -> None:
    with standing(tmp_path / "home") as place, closing(place.caller()) as caller:
        assert not is_cut(caller)
        home = place.settings.home
        until(lambda: home.mode_in_force.exists())
        destroy(home.site_db)
        environ = {"FOLDLINE_ORIGIN_SECRET": SECRET}
        with GateProcess(home, HOST, environ=environ) as later, closing(Caller(later.address[1], HOST)) as asks:
            assert not is_cut(asks)
        assert not is_cut(caller)


def test_where_nobody_knows_the_mode_the_site_is_gated(home: Home) -> None:
    in_mode(home, Mode.SHADOW, NOW)
    running = ModeInForce(home, keeps=True)
    assert running.look() is Mode.SHADOW
    destroy(home.site_db)
    assert running.look() is Mode.SHADOW  # a database that is away changes nothing
    assert ModeInForce(home).look() is Mode.SHADOW
    for beside in ("", "open", "shadow?", None):
        home.mode_in_force.unlink() if beside is None else home.mode_in_force.write_text(beside, encoding="utf-8")
        assert ModeInForce(home).look() is Mode.GATE
        assert mode_standing(home).mode is Mode.GATE


def test_a_new_home_stands_in_shadow_and_every_change_has_who_when_and_why(home: Home) -> None:
    in_force = ModeInForce(home)
    assert in_force.mode is Mode.GATE  # nobody has looked yet
    assert in_force.look() is Mode.SHADOW
    with ModeStore(home) as store:
        assert store.newest() is None
        store.set(Mode.GATE, "ada", NOW, "the copy on the test machine is open, and is no secret")
        store.set(Mode.SHADOW, "grace", NOW + 1)
        assert [(said.mode, said.by, said.at, said.note) for said in store.history()] == [
            (Mode.SHADOW, "grace", NOW + 1, ""),
            (Mode.GATE, "ada", NOW, "the copy on the test machine is open, and is no secret"),
        ]
    with closing(connect(home.site_db)) as connection:
        rows = connection.execute("SELECT kind, at FROM foldline_changes ORDER BY id").fetchall()
    assert rows == [("mode", NOW), ("mode", NOW + 1)]


@pytest.mark.parametrize(
    "change",
    ["mode = 'shadow'", "mode = 'open'", "made_by = 'eve'", "digest = ''"],
)
def test_a_row_that_is_not_as_it_was_written_means_gated_though_an_older_one_says_shadow(
    home: Home, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    in_mode(home, Mode.SHADOW, NOW)
    in_force = ModeInForce(home, keeps=True)
    assert in_force.look() is Mode.SHADOW
    in_mode(home, Mode.GATE, NOW + 1)
    with closing(connect(home.site_db)) as connection:
        connection.execute(f"UPDATE foldline_mode SET {change} WHERE id = 2")
    with caplog.at_level(logging.ERROR):
        assert in_force.look() is Mode.GATE
    assert "row 2 is not as it was written" in caplog.text
    assert not in_force.settled
    with ModeStore(home) as store, pytest.raises(ModeDamaged):
        store.newest()
    stands = mode_standing(home)
    assert (stands.mode, stands.said) == (Mode.GATE, None)
    assert "row 2" in stands.trouble


def test_rows_that_are_gone_do_not_open_a_site_that_was_gated(home: Home) -> None:
    in_mode(home, Mode.GATE, NOW)
    in_force = ModeInForce(home, keeps=True)
    assert in_force.look() is Mode.GATE
    with closing(connect(home.site_db)) as connection:
        connection.execute("DELETE FROM foldline_mode")
    assert in_force.look() is Mode.GATE
    assert ModeInForce(home).look() is Mode.GATE
    assert mode_standing(home).mode is Mode.GATE


def test_only_a_worker_writes_beside_the_database_and_what_it_can_not_write_is_no_fault(home: Home) -> None:
    ModeInForce(home).look()
    assert not home.mode_in_force.exists()
    home.mode_in_force.mkdir()
    assert ModeInForce(home, keeps=True).look() is Mode.SHADOW
    assert not list(home.run.glob("tmp*"))


def test_a_home_that_gated_a_site_before_there_were_modes_goes_on_gating(home: Home) -> None:
    def without_modes() -> None:
        with closing(connect(home.site_db)) as connection:
            connection.execute("DROP TABLE foldline_mode")

    without_modes()
    assert ModeInForce(home).look() is Mode.GATE  # not migrated yet: nobody knows
    gate_as_before(home, NOW)
    migrate(home)
    assert mode_standing(home).mode is Mode.SHADOW  # it never fetched an article of a site
    without_modes()
    FetchedPages(home).put(FetchedPage(b"/a.html", 200, (), b"<p>a", "d", NOW, NOW, NOW, b"", b""), NOW)
    for _ in range(2):
        gate_as_before(home, NOW)
        migrate(home)
    with ModeStore(home) as store:
        assert [(said.mode, said.by) for said in store.history()] == [(Mode.GATE, "foldline migrate")]


def test_what_can_not_be_written_is_said_and_changes_nothing(home: Home) -> None:
    with closing(connect(home.site_db)) as connection:
        connection.execute("DROP TABLE foldline_changes")
    with ModeStore(home) as store, pytest.raises(StoreUnavailable):
        store.set(Mode.GATE, "ada", NOW)
    assert mode_standing(home).mode is Mode.SHADOW


def is_gated_whatever_happens(home: Home) -> bool:
    """A row that was changed by hand, rows that are gone, and a database that nobody can read: none opens a site."""
    with closing(connect(home.site_db)) as connection:
        in_mode(home, Mode.GATE, NOW)
        connection.execute("UPDATE foldline_mode SET mode = 'shadow'")
        damaged = ModeInForce(home).look()
        connection.execute("DELETE FROM foldline_mode")
        home.mode_in_force.write_text("gate", encoding="utf-8")
        gone = ModeInForce(home).look()
        home.mode_in_force.unlink()
        connection.execute("DROP TABLE foldline_mode")
        return {damaged, gone, ModeInForce(home).look()} == {Mode.GATE}


FAULTS: dict[str, tuple[object, str, object]] = {
    "a digest is not compared": (mode, "_digest", lambda *fields: "the same for all"),
    "an empty table always means shadow": (
        mode_in_force, "held", lambda newest, before, unsaid: newest.mode if newest else unsaid
    ),
    "what is not known is shadow": (mode_in_force, "_beside", lambda home: Mode.SHADOW),
}  # fmt: skip


def test_without_a_fault_a_site_is_gated_whatever_happens(home: Home) -> None:
    assert is_gated_whatever_happens(home)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_seeded_fault_that_would_open_a_site_is_found(
    home: Home, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*FAULTS[fault])
    assert not is_gated_whatever_happens(home)
