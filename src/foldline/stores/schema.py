"""The tables that the gate reads beside Django's, the article records, the meter and the others. Idempotent.

Written once, in SQLite's words; `stores.tables_in_postgres` spells them for PostgreSQL.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from foldline.stores.address import Place
from foldline.stores.database import connect, sqlite
from foldline.stores.home import Home

__all__ = ["connect", "migrate", "scripts"]

# Who gated a site that is not ours, or let it stand in shadow, and when. Read by every gate worker.
MODE = """
CREATE TABLE IF NOT EXISTS foldline_mode (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mode TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    note TEXT NOT NULL,
    digest TEXT NOT NULL
);
"""

# Both are read by every gate worker. Columns may be added, never renamed or reused: an older worker may still run.
SITE = """
CREATE TABLE IF NOT EXISTS foldline_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS foldline_pass_facts (
    session TEXT PRIMARY KEY,
    reader TEXT NOT NULL,
    products TEXT NOT NULL,
    session_until INTEGER NOT NULL,
    ended_at INTEGER NOT NULL DEFAULT 0,
    used_on INTEGER NOT NULL DEFAULT 0,
    payment_failed BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX IF NOT EXISTS foldline_pass_facts_reader ON foldline_pass_facts (reader);
CREATE TABLE IF NOT EXISTS foldline_feed_uses (
    id INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    day INTEGER NOT NULL,
    network TEXT NOT NULL,
    UNIQUE (session, day, network)
);
CREATE TABLE IF NOT EXISTS foldline_rule_sets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL,
    version TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    note TEXT NOT NULL,
    back_to INTEGER NOT NULL DEFAULT 0,
    digest TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS foldline_open_now (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    closed_by TEXT NOT NULL DEFAULT '',
    closed_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS foldline_open_now_ends ON foldline_open_now (ends);
CREATE TABLE IF NOT EXISTS foldline_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL,
    act TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS foldline_hosts (
    name TEXT PRIMARY KEY,
    keys TEXT NOT NULL,
    rules TEXT NOT NULL,
    version TEXT NOT NULL,
    clock INTEGER NOT NULL,
    seen INTEGER NOT NULL
);
"""

# Libraries and companies. `ranges` and `domains` hold one a line. Rows end and stay: event lines name them.
INSTITUTIONS = """
CREATE TABLE IF NOT EXISTS foldline_institutions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    ranges TEXT NOT NULL,
    domains TEXT NOT NULL,
    product INTEGER NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at INTEGER NOT NULL
);
"""

#: Columns that came later: table, name, definition. A table that is there already gets them by `migrate`.
ADDED = (
    ("foldline_pass_facts", "used_on", "INTEGER NOT NULL DEFAULT 0"),
    ("foldline_pass_facts", "payment_failed", "BOOLEAN NOT NULL DEFAULT FALSE"),
    ("rests", "after_plain", "BLOB"),
    ("rests", "after_deflated", "BLOB"),
)

# kind: article, page, redirect, gone. `facts` is JSON; the text of a page lies in `fragments`.
PUBLIC = """
CREATE TABLE IF NOT EXISTS records (
    path TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    article INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    facts TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS numbers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE
);
CREATE INDEX IF NOT EXISTS records_article ON records (article) WHERE kind = 'article';
CREATE TABLE IF NOT EXISTS fragments (
    path TEXT NOT NULL REFERENCES records (path) ON DELETE CASCADE,
    name TEXT NOT NULL,
    plain BLOB NOT NULL,
    deflated BLOB NOT NULL,
    PRIMARY KEY (path, name)
) WITHOUT ROWID;
"""

SEALED = """
CREATE TABLE IF NOT EXISTS rests (
    article INTEGER NOT NULL,
    version INTEGER NOT NULL,
    plain BLOB NOT NULL,
    deflated BLOB NOT NULL,
    whole_end BLOB NOT NULL,
    PRIMARY KEY (article, version)
);
"""

# One row for each article that somebody has read in a window. `owner`, `salt` and `article` are keyed hashes (what they
# stand for is in `signed/counting.py`); nothing says when. `ends` is the epoch second at which the window does.
METER = """
CREATE TABLE IF NOT EXISTS foldline_meter (
    id INTEGER PRIMARY KEY,
    owner BLOB NOT NULL,
    meter TEXT NOT NULL,
    window_number INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    salt BLOB NOT NULL,
    article BLOB NOT NULL,
    handed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (owner, meter, window_number, article)
);
CREATE INDEX IF NOT EXISTS foldline_meter_ends ON foldline_meter (ends);
"""

# `gift` is the random number that links carry; `owner` the giver's keyed hash, empty for the publication's own and for
# one whose giver was erased. Of who opened it `openers` has keyed hashes that say nothing beside another gift, and
# loses them with its end. `counts_until` is the end of the month that it counts in, `taken_back` the epoch second of
# that, or 0.
GIFTS = """
CREATE TABLE IF NOT EXISTS foldline_gifts (
    id INTEGER PRIMARY KEY,
    gift BLOB NOT NULL UNIQUE,
    owner BLOB NOT NULL,
    published INTEGER NOT NULL,
    article INTEGER NOT NULL,
    month INTEGER NOT NULL,
    counts_until INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    most INTEGER NOT NULL,
    opened INTEGER NOT NULL DEFAULT 0,
    taken_back INTEGER NOT NULL DEFAULT 0,
    giver TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS foldline_gifts_owner ON foldline_gifts (owner, month);
CREATE INDEX IF NOT EXISTS foldline_gifts_ends ON foldline_gifts (ends);
CREATE TABLE IF NOT EXISTS foldline_gift_openers (
    gift BLOB NOT NULL,
    opener BLOB NOT NULL,
    PRIMARY KEY (gift, opener)
) WITHOUT ROWID;
"""

# `reads` is how often an article was read (docs/reads.md), `shown` the figure on its cards; `listed` is 0 until the
# lists are to be written with it. A mark (`signed/reading.py`) stands until its day is forgotten, so that nobody counts
# twice; `forgotten` is the last such day, an ordinal. `taken` and `wiped` are bytes of a segment of event lines: up to
# where it was counted, and up to where its marks are overwritten.
READS = """
CREATE TABLE IF NOT EXISTS foldline_reads (
    article INTEGER PRIMARY KEY,
    reads INTEGER NOT NULL,
    shown INTEGER NOT NULL DEFAULT 0,
    listed INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS foldline_read_marks (
    who TEXT PRIMARY KEY,
    day INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS foldline_read_marks_day ON foldline_read_marks (day);
CREATE TABLE IF NOT EXISTS foldline_read_segments (
    name TEXT PRIMARY KEY,
    taken INTEGER NOT NULL,
    wiped INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS foldline_read_days (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    forgotten INTEGER NOT NULL,
    garbled INTEGER NOT NULL DEFAULT 0,
    late INTEGER NOT NULL DEFAULT 0
);
"""

# `told` is what the origin said of its pages by itself: what was asked for before `at` is not kept any more, and of a
# withdrawn page nothing is. The empty page stands for all of them.
FETCHED = """
CREATE TABLE IF NOT EXISTS fetched (
    page BLOB PRIMARY KEY,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    digest TEXT NOT NULL,
    fetched_at INTEGER NOT NULL,
    checked_at INTEGER NOT NULL,
    fresh_until INTEGER NOT NULL,
    etag BLOB NOT NULL,
    last_modified BLOB NOT NULL,
    size INTEGER NOT NULL,
    used_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS fetched_used ON fetched (used_at, size);
CREATE TABLE IF NOT EXISTS told (
    page BLOB PRIMARY KEY,
    at REAL NOT NULL,
    withdrawn INTEGER NOT NULL DEFAULT 0
);
"""

# In files pictures are files. Where hosts share a database each of them must find each picture.
PICTURES = """
CREATE TABLE IF NOT EXISTS pictures (
    name TEXT PRIMARY KEY,
    data BLOB NOT NULL
);
"""

# What operators publish, and what host names said. `networks` are lines; `problem` is what was wrong at the last try,
# with its id before it. Whoever claims to be a crawler and is not known waits in `asked`, without what they asked for.
CRAWLERS = """
CREATE TABLE IF NOT EXISTS foldline_crawler_lists (
    crawler TEXT PRIMARY KEY,
    networks TEXT NOT NULL DEFAULT '',
    etag TEXT NOT NULL DEFAULT '',
    modified TEXT NOT NULL DEFAULT '',
    confirmed_at INTEGER NOT NULL DEFAULT 0,
    tried_at INTEGER NOT NULL DEFAULT 0,
    problem TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS foldline_crawler_names (
    crawler TEXT NOT NULL,
    address TEXT NOT NULL,
    named TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (crawler, address)
);
CREATE TABLE IF NOT EXISTS foldline_crawler_asked (
    crawler TEXT NOT NULL,
    address TEXT NOT NULL,
    network TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (crawler, address)
);
"""


def scripts(home: Home) -> tuple[tuple[Place, str], ...]:
    """Every place of a home, with the tables that belong there."""
    return (
        (home.site_db, SITE + MODE + INSTITUTIONS),
        (home.public_db, PUBLIC),
        (home.sealed_db, SEALED),
        (home.meter_db, METER + GIFTS),
        (home.reads_db, READS),
        (home.fetched_db, FETCHED),
        (home.crawlers_db, CRAWLERS),
    )


def migrate(home: Home) -> None:
    """Create what is missing. Run by `foldline migrate` beside Django's own migrations."""
    home.make()
    distant: list[tuple[Place, str]] = []
    for place, script in scripts(home):
        if isinstance(place, Path):
            _migrate_file(place, script)
        else:
            distant.append((place, script))
    if distant:
        distant.append((home.pictures, PICTURES))
        # Only a publication that lies in PostgreSQL pays for its driver.
        from foldline.stores.tables_in_postgres import make

        make(distant)


def _migrate_file(path: Path, script: str) -> None:
    connection = sqlite(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(script)
        _add_columns(connection)
    finally:
        connection.close()


def _add_columns(connection: sqlite3.Connection) -> None:
    for table, column, definition in ADDED:
        known = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        if known and column not in known:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {definition}")
