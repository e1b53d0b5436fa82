"""Two hosts on one PostgreSQL: two home folders, each with workers of its own, and nginx before both."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.server.caches import USER, Cache, _running, free_port, printed, program

from foldline.clock import SystemClock
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.testing.builders import HOST
from foldline.testing.postgres import Database
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

CANARY = "the ferryman kept the seventh ledger under the floor of the boat"
REST = f"What nobody had asked was where {CANARY}.\n"


@dataclass
class House:
    """`world` has written the newspaper; `gates` serve it, one a host; `nginx` stands before both."""

    world: World
    gates: tuple[GateProcess, GateProcess]
    homes: tuple[Home, Home]
    nginx: Cache


def other_host(home: Home, folder: Path) -> Home:
    """Another host's home folder, on the same database."""
    other = Home(folder, home.database)
    other.make()
    for mine, copied in ((home.settings_file, other.settings_file), (home.secret_file, other.secret_file)):
        shutil.copy2(mine, copied)
    return other


@contextlib.contextmanager
def house(folder: Path, database: Database, workers: int = 1) -> Iterator[House]:
    address = Address.of(database.url)
    with World(folder / "one", rests(REST), SystemClock(), database=address) as world:
        homes = (world.home, other_host(world.home, folder / "two"))
        with (
            gate_of(homes[0], database, workers, folder) as one,
            gate_of(homes[1], database, workers, folder) as two,
            nginx_before_both(world.home.path, (one.address[1], two.address[1]), folder / "nginx") as nginx,
        ):
            yield House(world, (one, two), homes, nginx)


def gate_of(home: Home, database: Database, workers: int, folder: Path) -> GateProcess:
    environ = {"FOLDLINE_DATABASE": database.url}
    return GateProcess(home, HOST, workers, errors=folder / f"{home.path.name}.log", environ=environ)


@contextlib.contextmanager
def nginx_before_both(home: Path, ports: tuple[int, ...], folder: Path) -> Iterator[Cache]:
    """nginx with the recipe for two hosts, as it is printed."""
    command = program("nginx", "nginx-light")
    folder.mkdir()
    port = free_port()
    gates = [word for each in ports for word in ("--gate", f"127.0.0.1:{each}")]
    (folder / "foldline.conf").write_text(printed(home, "nginx", "--listen", f"127.0.0.1:{port}", *gates))
    paths = " ".join(f"{name}_temp_path {folder}/{name};" for name in ("fastcgi", "uwsgi", "scgi", "proxy"))
    (folder / "nginx.conf").write_text(
        f"{USER}daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; {paths} include {folder}/foldline.conf; }}\n"
    )
    arguments = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with _running([command, *arguments], (port,), folder) as process:
        yield Cache("nginx", port, "", HOST, process, folder)


@contextlib.contextmanager
def caddy_before_both(home: Path, ports: tuple[int, ...], folder: Path) -> Iterator[Cache]:
    """Caddy with the recipe for two hosts, as it is printed."""
    command = program("caddy", "caddy")
    folder.mkdir()
    port = free_port()
    gates = [word for each in ports for word in ("--gate", f"127.0.0.1:{each}")]
    (folder / "Caddyfile").write_text(printed(home, "caddy", "--listen", f"127.0.0.1:{port}", *gates))
    arguments = ["run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    with _running([command, *arguments], (port,), folder) as process:
        yield Cache("caddy", port, "", HOST, process, folder)


def killed(gate: GateProcess) -> None:
    """The host's power is gone: its workers, and what listens."""
    for process in gate.processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, 9)
        process.wait(10)
    gate.close_socket()
