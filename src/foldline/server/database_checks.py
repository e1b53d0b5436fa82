"""What is wrong with a database that hosts share, before anything is served from it. Nothing of it is ever an opening:
what can't be read is closed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

from foldline.errors import Problem
from foldline.stores import schema
from foldline.stores.address import Schema
from foldline.stores.database import Failed
from foldline.stores.home import Home
from foldline.stores.moved_rows import MARK
from foldline.stores.postgres import PostgresConnection

#: The oldest PostgreSQL that Django and our triggers work with.
OLDEST = 14
#: What libpq says of something that listens and speaks another language.
_NO_POSTGRES = re.compile(r"(?i)invalid response|expected authentication|unsupported frontend|received invalid")
#: What a server says before a connection is made, when it tells no state.
_NOT_LET_IN = re.compile(r"does not exist|authentication failed|no pg_hba|not permitted|permission denied|no password")
#: What libpq says where none of the hosts is a primary: just then, or because nobody has made one of them so.
_ONLY_COPIES = re.compile(r"hot standby mode|session is read-only")
#: Half a megabyte that is written to the disk of the tables, and to no log.
_ROOM = (
    "CREATE TEMPORARY TABLE foldline_room ON COMMIT DROP AS"
    " SELECT md5(number::text) FROM generate_series(1, 8000) AS number"
)
_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


def database_problems(home: Home) -> tuple[Problem, ...]:
    """Everything at once, as far as it can be asked: FL342 to FL347. Nothing where a publication lies in files."""
    place = home.site_db
    if not isinstance(place, Schema):
        return ()
    with closing(PostgresConnection(place)) as connection:
        try:
            return tuple(_found(connection, home, str(place.address)))
        except Failed as error:
            return (problem_of(error, str(place.address)),)


def missing_tables(home: Home) -> list[str]:
    """What `foldline migrate` would make of our own tables and columns, by schema and name.

    Raises:
        Failed: the database can't be asked.
    """
    wanted: list[tuple[str, str, str]] = []
    for place, script in (*schema.scripts(home), (home.pictures, schema.PICTURES)):
        if isinstance(place, Schema):
            tables = re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", script)
            wanted += [(place.name, table, "") for table in tables]
            wanted += [(place.name, table, column) for table, column, _ in schema.ADDED if table in tables]
    place = home.site_db
    assert isinstance(place, Schema)
    with closing(PostgresConnection(place, read_only=True)) as connection:
        query = (
            "SELECT n.nspname, c.relname, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid"
            " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname LIKE 'foldline%' AND a.attnum > 0"
        )
        known = set(connection.execute(query).fetchall())
    known |= {(name, table, "") for name, table, _ in known}
    return [".".join(filter(None, one)) for one in wanted if one not in known]


def problem_of(error: Failed, where: str) -> Problem:
    """Why a database can't be used, from what it or the way to it said."""
    if _NO_POSTGRES.search(str(error)):
        hint = f"Name a PostgreSQL {OLDEST} or newer; is this another server's port?"
        return Problem("FL343", "what answers there is no PostgreSQL", where, hint)
    if error.state.startswith("53"):
        return Problem("FL346", f"the database is full: {error}", where, "Make room on its disk. Previews go on.")
    if error.state.startswith(("28", "3D", "42501")) or _NOT_LET_IN.search(str(error)):
        hint = "Look at the user, at the database's name, and at what the user may do there (docs/postgresql.md)."
        return Problem("FL344", f"the database does not let us in: {error}", where, hint)
    if error.state == "25006" or _ONLY_COPIES.search(str(error)):
        return _read_only(where)
    hint = "Start it, or mend the way to it: until then nothing is served that is not in memory."
    return Problem("FL342", f"the database can't be reached: {error}", where, hint)


def _read_only(where: str) -> Problem:
    hint = "Name the server that takes writes; where the url names several hosts, the one that does is found."
    return Problem("FL345", "the database takes no writes", where, hint)


def _found(connection: PostgresConnection, home: Home, where: str) -> Iterator[Problem]:
    version, read_only = _row(
        connection, "SELECT current_setting('server_version_num'), current_setting('transaction_read_only')"
    )
    if int(version) < OLDEST * 10_000:
        what = f"this is PostgreSQL {int(version) // 10_000}, and {OLDEST} is the oldest that we work with"
        yield Problem("FL343", what, where, "Upgrade it.")
    if read_only == "on":
        yield _read_only(where)
    wanted = [place.name for place, _ in schema.scripts(home) if isinstance(place, Schema)] + [home.pictures.name]
    made = {name for (name,) in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'foldline%'")}
    missing = [name for name in wanted if name not in made]
    if len(missing) == len(wanted):
        return
    if missing or _row(connection, "SELECT to_regclass(?) IS NOT NULL", f"foldline_site.{MARK}")[0]:
        what = f"{', '.join(missing)} is missing" if missing else "a copy into it was broken off"
        hint = "Run `foldline migrate`; after a copy that was broken off, drop the schemas foldline_* and copy again."
        yield Problem("FL347", f"the database is not whole: {what}", where, hint)
        return
    yield from _without_rights(connection, where)
    if read_only != "on":
        yield from _unwritable(connection, where)


def _without_rights(connection: PostgresConnection, where: str) -> Iterator[Problem]:
    query = (
        "SELECT schemaname || '.' || tablename, wanted FROM pg_tables, unnest(string_to_array(?, ',')) AS wanted"
        " WHERE schemaname LIKE 'foldline%' AND (NOT has_schema_privilege(schemaname, 'USAGE')"
        " OR NOT has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename), wanted))"
        " ORDER BY 1, 2 LIMIT 3"
    )
    found = connection.execute(query, (",".join(_RIGHTS),)).fetchall()
    if found:
        said = ", ".join(f"{wanted} on {table}" for table, wanted in found)
        hint = "GRANT them, or let the user own the schemas foldline_* (docs/postgresql.md)."
        yield Problem("FL344", f"the database's user lacks rights: {said}", where, hint)


def _unwritable(connection: PostgresConnection, where: str) -> Iterator[Problem]:
    """A change is written and taken back; then room is asked for that one row does not need, and given back."""
    for statement in ("INSERT INTO foldline_changes (kind, key, at) VALUES ('article', '', 0)", _ROOM):
        try:
            connection.begin((b"check",))
            try:
                connection.execute(statement)
            finally:
                connection.roll_back()
        except Failed as error:
            # Who may not make a temporary table is asked for less.
            if statement != _ROOM or error.state != "42501":
                yield problem_of(error, where)
                return


def _row(connection: PostgresConnection, query: str, *values: object) -> tuple[str, ...]:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return row
