"""A publication behind PgBouncer, which keeps sessions: `foldline serve` as on PostgreSQL itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest
from tests.outage.load import Asking
from tests.server.caches import _running, free_port, program
from tests.server.serving import ARTICLES, CANARY, HOST, article_of, foldline, make_home, serving

from foldline.clock import SystemClock
from foldline.config import load
from foldline.policy.window import window_at
from foldline.server.gate_state import keyring_of
from foldline.stores.address import Address, Schema
from foldline.stores.database import Failed
from foldline.stores.schema import connect
from foldline.testing.builders import PRODUCT
from foldline.testing.client import WireClient
from foldline.testing.passes import Carry, cookie, write_facts
from foldline.testing.postgres import ROLE, Database, PostgresCluster

#: What docs/postgresql.md says: sessions are kept, and there is room for all connections of a host.
_SETTINGS = """\
[databases]
* = user={role} host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
auth_file = {folder}/users
pool_mode = session
default_pool_size = 60
"""


@contextmanager
def pool_before(postgres: PostgresCluster) -> Iterator[int]:
    """PgBouncer's port."""
    command = program("pgbouncer", "pgbouncer")
    # It refuses root, and may not enter folders of the tests.
    folder = Path(mkdtemp(prefix="foldline-pool-"))
    port = free_port()
    (folder / "users").write_text(f'"{ROLE}" ""\n', encoding="utf-8")
    settings = _SETTINGS.format(role=ROLE, server=postgres.port, port=port, folder=folder)
    (folder / "settings").write_text(settings, encoding="utf-8")
    user = ("setpriv", "--reuid", postgres.user, "--regid", postgres.user, "--init-groups", "--")
    if os.geteuid() == 0:
        shutil.chown(folder, postgres.user)
    try:
        as_user = user if os.geteuid() == 0 else ()
        with _running([*as_user, command, str(folder / "settings")], (port,), folder):
            yield port
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def address(postgres: PostgresCluster, database: Database) -> Iterator[Address]:
    with pool_before(postgres) as port:
        yield Address.of(f"postgresql://{ROLE}@127.0.0.1:{port}/{database.name}")


def test_behind_a_pool_readers_read_and_spend_and_the_site_answers(address: Address, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", database=address)
    # Nothing of the database is wrong; it has no mail host.
    assert [line.split()[0] for line in foldline(home, "check").stdout.splitlines()] == ["FL032"]
    closed, metered, _ = ARTICLES
    clock, settings = SystemClock(), load(home, {})
    carry = Carry(keyring_of(settings), clock, window_at(int(clock.now()), settings.zone))
    payer, reader = carry.facts("payer", {PRODUCT: int(clock.now()) + 86_400}), carry.facts("reader")
    write_facts(home, payer, reader)
    askings = (
        Asking("payer", closed, cookie(reader_pass=carry.token(payer, signed=400)), whole=True),
        Asking("reader", metered, cookie(reader_pass=carry.token(reader)), whole=True, read=article_of(home, metered)),
        Asking("anonymous", closed),
    )
    with serving(home, tmp_path / "log") as paper:
        client = WireClient(("127.0.0.1", paper.port), HOST.encode())
        for _ in range(5):
            assert [CANARY in asking.ask(client).text for asking in askings] == [True, True, False]
        assert client.ask("GET", b"/-/sign-in").status == 200


def test_behind_a_pool_each_session_has_its_own_tables_limits_and_rights(address: Address) -> None:
    said = (
        "SELECT current_setting('search_path'), current_setting('lock_timeout'), current_setting('statement_timeout')"
    )
    writes, reads = (Schema(address, name) for name in ("foldline_site", "foldline_meter"))
    with closing(connect(writes)) as writing, closing(connect(reads, read_only=True, timeout=0.05)) as reading:
        assert writing.execute(said).fetchone() == ("foldline_site", "5s", "1min")
        assert reading.execute(said).fetchone() == ("foldline_meter", "50ms", "1s")
        writing.execute("CREATE SCHEMA foldline_site")
        writing.execute("CREATE TABLE kept (word TEXT)")
        with pytest.raises(Failed, match="read-only transaction"):
            reading.execute("CREATE TABLE foldline_site.other (word TEXT)")
    # The pool gives the same connection to somebody else.
    with closing(connect(writes)) as after:
        assert after.execute(said).fetchone() == ("foldline_site", "5s", "1min")
        after.execute("INSERT INTO kept VALUES ('written')")
