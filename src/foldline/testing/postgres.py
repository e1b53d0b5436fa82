"""A PostgreSQL of one's own for tests: in a temporary folder, on loopback, gone with whoever started it.

As root it runs as the user `postgres`, because PostgreSQL refuses root; otherwise as oneself.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psycopg

#: Where Debian keeps every version's programs.
PROGRAMS = Path("/usr/lib/postgresql")
#: Seconds until a cluster must take connections, or be gone.
START = 30.0
#: Who owns the databases: no superuser, as in a real installation.
ROLE = "foldline"
#: A role that is asked for a password, over TCP; every other one is believed.
LOCKED, PASSWORD = "locked", "a-password-of-the-tests"
#: What makes it small and quick. `fsync` is off: only a machine that loses power would notice, no killed process.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "200",
    "max_wal_size": "128MB",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "warning",
}
_HBA = f"""local all all trust
host all {LOCKED} 127.0.0.1/32 scram-sha-256
host all,replication all 127.0.0.1/32 trust
"""


@dataclass(frozen=True, slots=True)
class Database:
    """A database that is empty, or a copy of its template. `url` is what `[database] url` takes."""

    name: str
    url: str
    #: The same database as its server's superuser.
    superuser_url: str


def programs() -> Path | None:
    """The folder with the newest PostgreSQL's `initdb` and `postgres`; None where none is installed."""
    versions = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda path: _number(path.parent.parent.name))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


class PostgresCluster:
    """One server with all its databases. Use it in a `with` block.

    `settings` are added to `SETTINGS`. `user` is whom it runs as. A copy `of` another one follows that until it is
    promoted. All of it lies in `folder` and stays there, to be started again, or in a temporary one.

    Raises:
        FileNotFoundError: PostgreSQL is not installed.
        TimeoutError: it does not start; its log is in the message.
    """

    def __init__(self, of: PostgresCluster | None = None, folder: Path | None = None, **settings: str) -> None:
        found = programs()
        if found is None:
            raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")
        self.programs = found
        self.folder = folder or Path(tempfile.mkdtemp(prefix="foldline-pg-"))
        self._stays = folder is not None
        self.data = self.folder / "data"
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.port = 0
        self._settings = {**SETTINGS, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.user)
        #: Whether it has its roles already.
        self._has_roles = of is not None or self.data.exists()
        if self.data.exists():
            return
        done = self._run(_copied(of, self.data) if of is not None else _made(self.data))
        if done.returncode:
            raise TimeoutError(f"no cluster was made: {done.stdout.decode()}{done.stderr.decode()}")
        (self.data / "pg_hba.conf").write_text(_HBA, encoding="utf-8")

    def __enter__(self) -> PostgresCluster:
        self.start()
        if self._has_roles:
            return self
        with self.connect() as asking:
            asking.execute(f"CREATE ROLE {ROLE} LOGIN")
            asking.execute(f"CREATE ROLE {LOCKED} LOGIN PASSWORD '{PASSWORD}' IN ROLE {ROLE}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._signal(signal.SIGCONT, self.processes())
            self.stop(signal.SIGQUIT)
        if not self._stays:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The postmaster's, which every other process of the server is a child of."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it takes connections: on the port of before, once it had one."""
        end = time.monotonic() + START
        command = [str(self.programs / "postgres"), "-D", str(self.data)]
        while True:
            self.port = self.port or _free_port()
            told = {**self._settings, "port": str(self.port), "unix_socket_directories": str(self.folder)}
            options = [part for name, value in told.items() for part in ("-c", f"{name}={value}")]
            with (self.folder / "log").open("ab") as log:
                # It goes with the process that started it, even where that is killed.
                self._process = subprocess.Popen(  # noqa: S603 - Debian's own programs
                    [*self._as_user("--pdeathsig", "QUIT"), *command, *options],
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                )
            if self._answers(end):
                return
            if time.monotonic() > end:
                raise TimeoutError(f"PostgreSQL does not start: {self.log()[-2000:]}")
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it. SIGINT ends every session at once, SIGTERM waits for them, SIGQUIT does not even write a
        checkpoint."""
        assert self._process is not None
        children = self.processes()
        self._process.send_signal(how)
        self._process.wait(START)
        self._process = None
        _until_gone(children)

    def kill(self) -> None:
        """`kill -9` of the postmaster: what it has committed must be there when it starts again."""
        assert self._process is not None
        children = self.processes()
        self._process.kill()
        self._process.wait(START)
        self._process = None
        # They notice that they are orphans; a new postmaster would refuse to start beside them.
        end = time.monotonic() + 5
        while time.monotonic() < end and any(runs(pid) for pid in children):
            time.sleep(0.02)
        self._signal(signal.SIGKILL, children)
        _until_gone(children)

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Stopped while the block runs: connections are refused."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Stopped in its tracks while the block runs: connections are taken and nothing is answered."""
        children = self.processes()
        self._signal(signal.SIGSTOP, children)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT, children)

    def promote(self) -> None:
        """Let a copy take over, and wait until it takes writes."""
        with self.connect() as asking:
            row = asking.execute("SELECT pg_promote(true, %s)", (int(START),)).fetchone()
        if row != (True,):
            raise TimeoutError(f"the copy does not take over: {self.log()[-2000:]}")

    def wait_for_copies(self, copies: int = 1) -> None:
        """From now on nothing is committed here that not at least one copy has; waits until so many of them have
        everything of before."""
        with self.connect() as asking:
            asking.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            asking.execute("SELECT pg_reload_conf()")
        end = time.monotonic() + START
        while self._following() < copies:
            if time.monotonic() > end:
                raise TimeoutError(f"no copy follows: {self.log()[-2000:]}")
            time.sleep(0.05)

    def _following(self) -> int:
        with self.connect() as asking:
            row = asking.execute("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone()
        return int(str(row[0])) if row else 0

    def recover(self) -> None:
        """Wait until it takes connections again; where it has given up, start it, as its operator would."""
        end = time.monotonic() + 5
        while self._process is not None and self._process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(psycopg.OperationalError), self.connect():
                return
            time.sleep(0.05)
        if self._process is not None and self._process.poll() is None:
            self.kill()
        self.start()

    def processes(self) -> list[int]:
        """The postmaster and all of its children."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        with contextlib.suppress(OSError):
            return [self.pid, *map(int, children.read_text().split())]
        return [self.pid]

    def backends(self, database: str) -> list[int]:
        """The processes that serve connections to a database, without the one that asks."""
        with self.connect() as asking:
            asked = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
            rows = asking.execute(asked, (database,)).fetchall()
        return [int(str(row[0])) for row in rows]

    def kill_backend(self, database: str) -> int:
        """`kill -9` of every process that serves a database; how many. The server ends all sessions of everybody's, and
        recovers, which a connection that comes now waits for or is refused."""
        found, before = self.backends(database), self.processes()[1:]
        self._signal(signal.SIGKILL, found)
        _until_gone(before)
        return len(found)

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection as the superuser, each statement its own transaction. Close it."""
        return psycopg.connect(self.url(database, "postgres"), autocommit=True, connect_timeout=10)

    def url(self, database: str, role: str = ROLE) -> str:
        """Where a database is, over TCP."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def database(self, template: str = "template0", name: str = "") -> Database:
        """A fresh database that belongs to `ROLE`: empty, or a copy of one that nobody is connected to."""
        name = name or f"test_{os.getpid()}_{next(self._numbers)}"
        with self.connect() as asking:
            asking.execute(f'CREATE DATABASE {name} OWNER {ROLE} TEMPLATE "{template}" STRATEGY file_copy')
        return self.known(name)

    def known(self, name: str) -> Database:
        """A database that was made before."""
        return Database(name, self.url(name), self.url(name, "postgres"))

    def names(self) -> list[str]:
        """Its databases."""
        with self.connect() as asking:
            return [
                str(row[0]) for row in asking.execute("SELECT datname FROM pg_database ORDER BY datname").fetchall()
            ]

    def drop(self, database: Database) -> None:
        """Take a database away, with whoever is connected to it."""
        with self.connect() as asking:
            asking.execute(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")

    def log(self) -> str:
        """What the server said."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def _answers(self, end: float) -> bool:
        assert self._process is not None
        while self._process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(psycopg.OperationalError), self.connect():
                return True
            time.sleep(0.02)
        if self._process.poll() is not None and self._port_is_taken():
            self.port = 0
        return False

    def _port_is_taken(self) -> bool:
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", self.port)) == 0

    def _as_user(self, *options: str) -> list[str]:
        change = ("--reuid", self.user, "--regid", self.user, "--init-groups") if os.geteuid() == 0 else ()
        return ["setpriv", *options, *change, "--"] if options or change else []

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        program = [str(self.programs / command[0]), *command[1:]]
        return subprocess.run([*self._as_user(), *program], capture_output=True, check=False, cwd=self.folder)  # noqa: S603

    def _signal(self, number: signal.Signals, pids: list[int]) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _made(data: Path) -> list[str]:
    command = ["initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
    return [*command, "--no-sync", "--no-instructions"]


def _copied(of: PostgresCluster, data: Path) -> list[str]:
    """The command that copies a server that runs, and lets the copy follow it (`-R`)."""
    command = ["pg_basebackup", "-D", str(data), "-d", of.url("postgres", "postgres")]
    return [*command, "-R", "-X", "stream", "-c", "fast", "--no-sync"]


def _free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


def runs(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _until_gone(pids: list[int]) -> None:
    end = time.monotonic() + START
    while any(runs(pid) for pid in pids):
        if time.monotonic() > end:
            raise TimeoutError("processes of PostgreSQL do not end")
        time.sleep(0.02)
