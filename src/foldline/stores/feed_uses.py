"""From how many networks a private feed is asked for on a day. A network is a keyed hash that is another every day and
for every feed: it counts, and names nobody."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing

from foldline.errors import StoreUnavailable
from foldline.stores.database import FAILURES, connect, transaction
from foldline.stores.home import Home

#: (session, day as an ordinal, hash of the network).
Use = tuple[bytes, int, bytes]

#: How long a write may wait for another one, in seconds.
WRITE_WAIT = 0.5
#: More networks than this are not told apart for one feed and day.
MOST = 100


class FeedUses:
    """Writes what workers saw."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def write(self, uses: Collection[Use]) -> None:
        """Keep each use once. Of a feed that has ended meanwhile nothing is kept.

        Raises:
            StoreUnavailable: nothing was written; doing it again is safe.
        """
        rows = [(key := session.hex(), day, network.hex(), key, key, day, MOST) for session, day, network in uses]
        try:
            place = self._home.site_db
            with (
                closing(connect(place, existing=True, timeout=WRITE_WAIT)) as connection,
                transaction(connection),
            ):
                connection.executemany(
                    "INSERT INTO foldline_feed_uses (session, day, network) SELECT ?, ?, ?"
                    " WHERE EXISTS (SELECT 1 FROM foldline_pass_facts WHERE session = ? AND ended_at = 0)"
                    " AND (SELECT COUNT(*) FROM foldline_feed_uses WHERE session = ? AND day = ?) < ?"
                    " ON CONFLICT DO NOTHING",
                    rows,
                )
        except FAILURES as error:
            raise StoreUnavailable(f"uses of feeds: {error}") from error
