"""How a connection to PostgreSQL is made, and what it begins with. Imported only where a publication lies there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from foldline.stores.address import Address

Result = TypeVar("Result")

#: Seconds for a connection to be made. libpq takes no less than two.
CONNECT_SECONDS = 2
#: How much longer the answer itself may take than the server's own limit, in seconds: then the server or the way to it
#: hangs, and the connection is given up.
GRACE = 1.0
#: A transaction that does nothing for so many seconds is ended by the server: its process hangs, or its network is cut.
IDLE_SECONDS = 10
#: What of `target_session_attrs` leads to a copy: it is behind, and changes would be heard in another order.
_COPIES = ("standby", "prefer-standby", "read-only")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a session waits for a lock of somebody else, that one statement takes, and that a transaction does
    nothing."""

    lock: float
    statement: float
    idle: float = IDLE_SECONDS


class Bounded(psycopg.Connection[tuple[Any, ...]]):
    """A connection that waits for no answer longer than `patience` seconds, whatever becomes of the network."""

    patience = 60.0 + GRACE

    def wait(self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None) -> Result:
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.OperationalError:
            if timeout is None and self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                # An answer that comes later must not be taken for that of the next question.
                self.pgconn.finish()
            raise


def parameters(address: Address) -> dict[str, Any]:
    """Where and how to connect, as psycopg takes it. Of several hosts the primary is meant, whichever it is by now."""
    given: dict[str, Any] = conninfo_to_dict(address.url)
    return {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 5000,
        **({"target_session_attrs": "primary"} if _several_hosts(given) else {}),
        **given,
        **({"password": address.password} if address.password else {}),
        "application_name": "foldline",
    }


def _several_hosts(given: Mapping[str, Any]) -> bool:
    return any("," in str(given.get(name, "")) for name in ("host", "hostaddr"))


def beginning(schema: str, limits: Limits, *, read_only: bool = False) -> str:
    """What a session is told before anything else. Not as `options` of the connection: a pool such as PgBouncer refuses
    those, and libpq takes a session that began read-only for that of a server which is."""
    told = {
        "search_path": schema,
        "lock_timeout": f"{limits.lock * 1000:.0f}",
        "statement_timeout": f"{limits.statement * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{limits.idle * 1000:.0f}",
        # Who waits for a lock sees what was committed meanwhile, or an article would be counted beyond its limit.
        "default_transaction_isolation": "'read committed'",
        # What is asked is the first few of many rows: processes beside would read ahead what nobody wants.
        "max_parallel_workers_per_gather": "0",
        # A database that was made read-only stays so.
        **({"default_transaction_read_only": "on"} if read_only else {}),
    }
    return "; ".join(f"SET {name} TO {value}" for name, value in told.items())


def opened(address: Address, schema: str, limits: Limits, *, read_only: bool = False) -> Bounded:
    """A connection in autocommit mode.

    Raises:
        psycopg.Error: there is none.
    """
    raw = Bounded.connect(**parameters(address), autocommit=True)
    try:
        raw.patience = limits.statement + GRACE
        raw.execute(beginning(schema, limits, read_only=read_only).encode())
    except BaseException:
        raw.close()
        raise
    return raw


def check_address(address: Address) -> None:
    """Whether libpq understands all of an address, and whether it leads to a server that has what was written last.

    Raises:
        ValueError: it does not, with what in words.
    """
    try:
        given = conninfo_to_dict(address.url)
    except psycopg.ProgrammingError as error:
        raise ValueError(str(error).strip()) from None
    wanted = given.get("target_session_attrs")
    if wanted in _COPIES or (wanted == "any" and _several_hosts(given)):
        raise ValueError(
            f"target_session_attrs={wanted} may lead to a copy, which is behind; leave it out, and of several hosts the"
            " primary is found"
        )
