"""After a day of reading: where codes, cookies, keys and addresses lie, and that they lie nowhere else."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser
from tests.browser.press_room import METERED, SUBSCRIBERS, Demo, Reader, running_demo
from tests.browser.test_journeys import newest_code, sign_in

from foldline.stores.home import Home
from foldline.stores.meter import SqliteMeter

ADDRESS = "corvina.quillfeather@example.test"
#: Where an address may lie: with the reader, in mails that were not sent but written, and in what an audit says.
ADDRESS_PLACES = {
    "site.db readers_reader.email",
    "site.db account_emailaddress.email",
    "mail",
}
#: A session's key is what the session's own tables find it by.
SESSION_PLACES = {
    "site.db django_session.session_key",
    "site.db readers_readersession.django_key",
}
WINDOW = 62 * 86_400


@dataclass
class Day:
    """A home after a day, what its processes said, and what must not be found there, by what it is."""

    home: Path
    errors: Path
    needles: dict[str, set[str]] = field(default_factory=dict)

    def know(self, kind: str, *values: str) -> None:
        self.needles.setdefault(kind, set()).update(value for value in values if len(value) >= 6)


@pytest.fixture(scope="module")
def day(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Reads, signs in, types wrong codes, forges cookies and signs out; then everything is stopped."""
    folder = tmp_path_factory.mktemp("day")
    found = Day(folder / "home", folder / "errors")
    with running_demo(found.home, errors=found.errors) as demo:
        one = Reader(chromium, demo)
        one.page.set_default_timeout(10_000)
        metered = [article["path"] for article in demo.facts["articles"] if article["access"] == "metered"]
        for path in metered[:2]:
            one.open(path)
            one.wait_for_rest()
        _keep_cookies(found, one)
        one.open(SUBSCRIBERS)
        sign_in(one.page, demo, ADDRESS)
        found.know("code", newest_code(demo))
        for path in metered[:3]:
            one.open(path)
            one.wait_for_rest()
        one.open("/-/account")
        _keep_cookies(found, one)
        _knock(demo, found)
        # Event lines are written once a second.
        time.sleep(1.5)
        one.close()
    found.know("secret", (found.home / "secret").read_text().strip())
    found.know("address", ADDRESS, ADDRESS.replace("@", "%40"))
    return found


def _keep_cookies(day: Day, one: Reader) -> None:
    for cookie in one.context.cookies():
        kind = "session" if cookie["name"].endswith("-session") else "cookie"
        day.know(kind, cookie["value"])


def _knock(demo: Demo, day: Day) -> None:
    """Requests that fail in every way, with things in them that nobody may write down."""
    planted = "planted-9f2b6c"
    for target, cookie in (
        (f"{METERED}?token={planted}", f"__Host-foldline-pass={planted}"),
        (f"/{planted}", f"__Host-foldline-meter={planted}"),
        (f"/-/sign-in/link/{planted}", f"__Host-foldline-session={planted}"),
        (f"/-/{planted}", ""),
        (f"//{planted}", ""),
        (f"/-/read?{planted}", ""),
    ):
        headers = {"Cookie": cookie, "User-Agent": planted, "Referer": f"http://{planted}/"}
        for body in (None, f"email={planted}@example.test&code={planted}".encode()):
            try:
                urlopen(Request(demo.url + target, data=body, headers=headers)).close()
            except HTTPError as error:
                error.close()
    day.know("planted", planted)


def places_of(day: Day, needle: str) -> set[str]:
    """Where something lies: `FILE TABLE.COLUMN` in a database, else the first part of a file's path; and `log`."""
    found = set()
    for path in [path for path in day.home.rglob("*") if path.is_file()]:
        name = path.relative_to(day.home).as_posix()
        if path.suffix == ".db":
            found |= {f"{name} {place}" for place in _columns_with(path, needle)}
        elif not name.endswith(("-wal", "-shm")) and needle.encode() in path.read_bytes():
            found.add(name.partition("/")[0])
    if needle.encode() in day.errors.read_bytes():
        found.add("log")
    return found


def _columns_with(database: Path, needle: str) -> Iterator[str]:
    connection = sqlite3.connect(database)
    try:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            cursor = connection.execute(f'SELECT * FROM "{table}"')
            columns = [column[0] for column in cursor.description]
            for row in cursor:
                for column, value in zip(columns, row, strict=True):
                    raw = value if isinstance(value, bytes) else str(value).encode()
                    if needle.encode() in raw:
                        yield f"{table}.{column}"
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        ("code", {"mail"}),
        ("cookie", set()),
        ("session", SESSION_PLACES),
        ("secret", {"secret"}),
        ("address", ADDRESS_PLACES),
        ("planted", set()),
    ],
)
def test_what_is_private_lies_where_it_belongs_and_nowhere_else(day: Day, kind: str, allowed: set[str]) -> None:
    assert day.needles[kind]
    found = {place for needle in day.needles[kind] for place in places_of(day, needle)}
    assert found - allowed == set()


def test_the_search_finds_what_lies_where_it_belongs(day: Day) -> None:
    # Otherwise a search that finds nothing would prove nothing.
    assert places_of(day, ADDRESS) >= {"site.db readers_reader.email", "mail"}
    (secret,) = day.needles["secret"]
    assert places_of(day, secret) == {"secret"}
    assert any(places_of(day, session) for session in day.needles["session"])


def test_events_name_articles_and_no_reader(day: Day) -> None:
    lines = [line for path in (day.home / "events").iterdir() for line in path.read_text().splitlines()]
    assert len(lines) > 5
    assert {line.count("\t") for line in lines} == {8}
    connection = sqlite3.connect(day.home / "site.db")
    keys = [key for (key,) in connection.execute("SELECT key FROM readers_reader")]
    keys += [key for (key,) in connection.execute("SELECT pass_session FROM readers_readersession")]
    connection.close()
    assert [key for key in keys for line in lines if key in line] == []


def test_after_the_window_nothing_tells_who_read_what(day: Day) -> None:
    home = Home(day.home)
    connection = sqlite3.connect(home.meter_db)
    hashes = [row[0] for row in connection.execute("SELECT article FROM foldline_meter")]
    connection.close()
    assert len(hashes) >= 3
    meter = SqliteMeter(home)
    assert meter.prune(int(time.time()) + WINDOW) == len(hashes)
    meter.close()
    kept = b"".join(path.read_bytes() for path in home.path.glob("meter.db*"))
    assert [article for article in hashes if article in kept] == []
