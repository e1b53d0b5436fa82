"""Where crawlers come from, as far as it is known: published lists, what host names said, and who waits to be asked.

A file of its own: what a stranger's visits write here never holds up anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from foldline.callers.address import network
from foldline.callers.crawlers import CRAWLERS, Crawlers, Listed, Looked, Named
from foldline.callers.networks import Address, read_range
from foldline.stores.home import Home
from foldline.stores.table_file import TableFile

#: For so many seconds a list is believed after its operator last confirmed it. Operators change them within weeks.
BELIEVED = 7 * 86_400
#: How many addresses may wait at once, and how many of one network: whoever claims a name from everywhere holds up
#: others for as long as these take, and no longer.
MOST_WAITING, MOST_OF_A_NETWORK = 1_000, 16
#: How many answers are kept. What was confirmed goes last.
MOST_KEPT = 5_000
#: What SQLite needs before an OFFSET.
ALL_OF_THEM = 2**62

Claim = tuple[str, Address]


@dataclass(frozen=True, slots=True)
class StoredList:
    """A crawler's list as it is kept. `confirmed_at` is when its operator last said so (0: never), `tried_at` when it
    was last asked for; `problem` is what was wrong then, "" for nothing."""

    crawler: str
    networks: tuple[str, ...] = ()
    etag: str = ""
    modified: str = ""
    confirmed_at: int = 0
    tried_at: int = 0
    problem: str = ""

    @property
    def until(self) -> int:
        """The epoch second at which it is believed no longer."""
        return self.confirmed_at + BELIEVED if self.confirmed_at else 0


class CrawlerStore(TableFile):
    """The file `crawlers.db`, or its schema."""

    NAME = "crawlers"

    def __init__(self, home: Home, *, timeout: float = 5.0) -> None:
        super().__init__(home.crawlers_db, timeout=timeout)

    def in_force(self, names: Iterable[str], now: int) -> Crawlers:
        """The verdicts on crawlers of these names, ready to be looked up."""
        listed = [
            Listed(one.crawler, tuple(read_range(net) for net in one.networks), one.until)
            for one in self.lists()
            if one.until > now
        ]
        rows = self._read(
            "SELECT crawler, address, named, until FROM foldline_crawler_names WHERE until > ? AND named != ?",
            now,
            Named.SILENT,
        )
        looked = [Looked(crawler, ip_address(address), Named(named), until) for crawler, address, named, until in rows]
        return Crawlers(names, listed, looked)

    def lists(self) -> list[StoredList]:
        """Every list that was ever asked for."""
        rows = self._read(
            "SELECT crawler, networks, etag, modified, confirmed_at, tried_at, problem FROM foldline_crawler_lists"
        )
        return [StoredList(row[0], tuple(row[1].split()), *row[2:]) for row in rows if row[0] in CRAWLERS]

    def keep_list(self, made: StoredList) -> None:
        """Keep a list in the place of the one before."""
        values = (made.crawler, "\n".join(made.networks), made.etag, made.modified)
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO foldline_crawler_lists"
                " (crawler, networks, etag, modified, confirmed_at, tried_at, problem) VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (crawler) DO UPDATE SET networks = excluded.networks, etag = excluded.etag,"
                " modified = excluded.modified, confirmed_at = excluded.confirmed_at, tried_at = excluded.tried_at,"
                " problem = excluded.problem",
                (*values, made.confirmed_at, made.tried_at, made.problem),
            )

    def wait(self, claims: Iterable[Claim], now: int) -> None:
        """Addresses whose names are to be asked. Beyond the bounds nobody waits: they come again, or they don't."""
        with self._writing() as connection:
            for crawler, address in claims:
                where = network(address)
                total, near = connection.execute(
                    "SELECT COUNT(*), COUNT(CASE WHEN network = ? THEN 1 END) FROM foldline_crawler_asked", (where,)
                ).fetchone()
                if total < MOST_WAITING and near < MOST_OF_A_NETWORK:
                    connection.execute(
                        "INSERT INTO foldline_crawler_asked (crawler, address, network, at)"
                        " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                        (crawler, str(address), where, now),
                    )

    def waiting(self, most: int) -> list[Claim]:
        """Who has waited longest."""
        rows = self._read(
            "SELECT crawler, address FROM foldline_crawler_asked ORDER BY at, crawler, address LIMIT ?", most
        )
        return [(crawler, ip_address(address)) for crawler, address in rows]

    def waits_since(self) -> int:
        """Since when somebody waits, in epoch seconds; 0 where nobody does."""
        return int(self._read("SELECT COALESCE(MIN(at), 0) FROM foldline_crawler_asked")[0][0])

    def keep_looked(self, answers: Iterable[Looked], now: int) -> None:
        """Keep what names said; who was answered waits no longer, and what is over is forgotten."""
        with self._writing() as connection:
            for one in answers:
                claim = (one.crawler, str(one.address))
                connection.execute("DELETE FROM foldline_crawler_asked WHERE crawler = ? AND address = ?", claim)
                connection.execute(
                    "INSERT INTO foldline_crawler_names (crawler, address, named, until) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (crawler, address) DO UPDATE SET named = excluded.named, until = excluded.until",
                    (*claim, one.named, one.until),
                )
            connection.execute("DELETE FROM foldline_crawler_names WHERE until <= ?", (now,))
            connection.execute(
                "DELETE FROM foldline_crawler_names WHERE (crawler, address) IN"
                " (SELECT crawler, address FROM foldline_crawler_names"
                " ORDER BY CASE WHEN named = ? THEN 0 ELSE 1 END, until DESC, crawler, address LIMIT ? OFFSET ?)",
                (Named.CONFIRMED, ALL_OF_THEM, MOST_KEPT),
            )

    def forget_over(self, now: int, waited: int) -> None:
        """Forget answers that are over, and whoever has waited for longer than so many seconds."""
        with self._writing() as connection:
            connection.execute("DELETE FROM foldline_crawler_names WHERE until <= ?", (now,))
            connection.execute("DELETE FROM foldline_crawler_asked WHERE at <= ?", (now - waited,))
