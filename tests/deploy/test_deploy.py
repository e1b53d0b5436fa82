"""`foldline check --deploy` names what is wrong where a publication runs, and what it could not try."""

from __future__ import annotations

import base64
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.deploy.others import NameServer, Proxy, name_server, proxy_with_tls
from tests.django_home import copy_of_django_home
from tests.operations.room import free_ports

from foldline.config import MailSettings, Settings, load
from foldline.errors import Problem
from foldline.server.deploy import machine
from foldline.server.deploy.asked import Asking
from foldline.server.deploy.machine import problems_of_the_machine
from foldline.server.deploy.mail import problems_of_mail
from foldline.server.deploy.public import problems_of_the_public_address
from foldline.stores.address import Address, Schema
from foldline.stores.home import Home
from foldline.stores.hosts import HostRow, HostStore
from foldline.stores.schema import migrate
from foldline.testing.builders import home_at
from foldline.testing.postgres import Database

SECRET = "3kq8Zt0vYw1NfLxR7uPbHc5MgJd9SaEi4TnVoQy2"
HOST = "valley-post.example"
DOMAIN = "news.valley-post.example"
NOW = 1_795_000_000


def key(bits: int = 2048) -> str:
    public = rsa.generate_private_key(65537, bits).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


GOOD = {
    DOMAIN: ["v=spf1 include:_spf.mail.example -all", "another=record"],
    f"s1._domainkey.{DOMAIN}": [f"v=DKIM1; k=rsa; p={key()}"],
    f"_dmarc.{HOST}": ["v=DMARC1; p=reject; rua=mailto:postmaster@valley-post.example"],
}


def settings_at(folder: Path, url: str = f"https://{HOST}", more: str = "") -> Settings:
    home = Home(folder)
    home.make()
    home.path.chmod(0o700)
    home.settings_file.write_text(f'[publication]\nname = "The Post"\nurl = "{url}"\n{more}', encoding="utf-8")
    home.secret_file.write_text(SECRET + "\n", encoding="ascii")
    home.secret_file.chmod(0o600)
    migrate(home)
    return load(home, {})


def said(problems: Iterator[Problem]) -> dict[str, str]:
    """What was found, by its id; each with what and where."""
    return {found.id: f"{found.what} {found.where}" for found in problems}


# Mail


class Sink:
    """A mail host. `refuses` is what it says to a receiver."""

    refuses = ""

    def __init__(self) -> None:
        self.senders: list[str] = []
        self.messages = 0

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        self.senders.append(address)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages += 1
        return "250 OK"


@pytest.fixture(scope="module")
def sink() -> Iterator[tuple[Sink, MailSettings]]:
    handler = Sink()
    (port,) = free_ports(1)
    controller = Controller(handler, "127.0.0.1", port)
    controller.start()
    try:
        yield handler, MailSettings("127.0.0.1", port, "", "", f"readers@{DOMAIN}", "none", "s1")
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    with name_server(GOOD) as server:
        yield server


@pytest.fixture(autouse=True)
def _as_it_was(names: NameServer, sink: tuple[Sink, MailSettings]) -> None:
    names.records, names.silent, sink[0].refuses = dict(GOOD), False, ""


def test_good_mail_has_nothing_against_it_and_no_message_is_sent(
    names: NameServer, sink: tuple[Sink, MailSettings]
) -> None:
    handler, mail = sink
    assert said(problems_of_mail(mail, Asking(names.address))) == {}
    assert handler.senders[-1] == f"readers@{DOMAIN}", "the envelope is the sender: DMARC has both aligned"
    assert handler.messages == 0


@pytest.mark.parametrize(
    ("name", "records", "problem", "what"),
    [
        (DOMAIN, None, "FL362", "no SPF record"),
        (DOMAIN, ["v=spf1 -all", "v=spf1 ~all"], "FL362", "2 SPF records"),
        (DOMAIN, ["v=spf1 +all"], "FL362", "whole world"),
        (DOMAIN, ["v=spf1 a mx"], "FL362", "refuses nobody"),
        (f"s1._domainkey.{DOMAIN}", None, "FL363", "no DKIM key"),
        (f"s1._domainkey.{DOMAIN}", ["v=DKIM1; p="], "FL363", "withdrawn"),
        (f"s1._domainkey.{DOMAIN}", ["v=DKIM1; p=nonsense!"], "FL363", "can't be read"),
        (f"s1._domainkey.{DOMAIN}", [f"v=DKIM1; t=y; p={key()}"], "FL363", "tried out"),
        (f"_dmarc.{HOST}", None, "FL364", "no DMARC record"),
        (f"_dmarc.{HOST}", ["v=DMARC1; p=none"], "FL364", "p=none"),
        (f"_dmarc.{HOST}", ["v=DMARC1; rua=mailto:a@b.example"], "FL364", "no policy"),
        (f"_dmarc.{HOST}", ["v=DMARC1; p=reject; sp=none"], "FL364", "p=none"),
        (f"_dmarc.{DOMAIN}", ["v=DMARC1; p=reject", "v=DMARC1; p=none"], "FL364", "2 DMARC records"),
    ],
)  # fmt: skip
def test_what_is_missing_in_the_names_of_mail_is_named(
    names: NameServer, sink: tuple[Sink, MailSettings], name: str, records: list[str] | None, problem: str, what: str
) -> None:
    if records is None:
        del names.records[name]
    else:
        names.records[name] = records
    found = said(problems_of_mail(sink[1], Asking(names.address)))
    assert set(found) == {problem}
    assert what in found[problem]


def test_a_name_server_that_is_silent_is_not_taken_for_good(
    names: NameServer, sink: tuple[Sink, MailSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foldline.server.deploy.asked.PATIENCE", 0.2)
    names.silent = True
    found = list(problems_of_mail(sink[1], Asking(names.address)))
    assert [problem.id for problem in found] == ["FL379"] * 3


def test_a_selector_that_nobody_named_is_said(names: NameServer, sink: tuple[Sink, MailSettings]) -> None:
    found = said(problems_of_mail(replace(sink[1], dkim=""), Asking(names.address)))
    assert list(found) == ["FL379"]
    assert "[mail] dkim" in found["FL379"]


def test_a_mail_host_that_refuses_or_is_away_is_named(names: NameServer, sink: tuple[Sink, MailSettings]) -> None:
    handler, mail = sink
    handler.refuses = "550 nobody of this name"
    assert "550 nobody of this name" in said(problems_of_mail(mail, Asking(names.address)))["FL365"]
    for wrong in (replace(mail, security="starttls"), replace(mail, port=1), replace(mail, security="tls")):
        assert set(said(problems_of_mail(wrong, Asking(names.address)))) == {"FL365"}


# The public address and the clock


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    authority = tmp_path / "authority.pem"
    with proxy_with_tls(tmp_path, HOST, authority=authority) as found:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        yield found


def asked_of(proxy: Proxy, settings: Settings, *clocks: str) -> dict[str, str]:
    return said(problems_of_the_public_address(settings, Asking(connect=proxy.address, clocks=clocks)))


def test_a_good_public_address_has_nothing_against_it_but_an_unknown_clock(proxy: Proxy, tmp_path: Path) -> None:
    found = asked_of(proxy, settings_at(tmp_path / "home"))
    assert list(found) == ["FL379"]
    assert "clock" in found["FL379"]
    assert proxy.asked == [("/-/live", HOST)]


def test_hsts_and_another_site_are_named(proxy: Proxy, tmp_path: Path) -> None:
    settings = settings_at(tmp_path / "home")
    proxy.fields["Strict-Transport-Security"] = "max-age=86400"
    assert "1 days" in asked_of(proxy, settings)["FL368"]
    del proxy.fields["Strict-Transport-Security"]
    assert "missing" in asked_of(proxy, settings)["FL368"]
    proxy.body = b"<h1>It works!</h1>"
    assert "does not answer" in asked_of(proxy, settings)["FL369"]


def test_an_address_where_nobody_listens_is_named(tmp_path: Path) -> None:
    asking = Asking(connect="127.0.0.1:1")
    found = said(problems_of_the_public_address(settings_at(tmp_path), asking))
    assert "can't be reached" in found["FL369"]


@pytest.mark.parametrize(
    ("name", "days", "problem", "what"),
    [
        (HOST, 13, "FL367", "ends in 1"),
        (HOST, -1, "FL366", "expired"),
        ("other.example", 60, "FL366", "not valid for"),
    ],
)
def test_a_certificate_that_ends_or_is_for_another_name_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, days: float, problem: str, what: str
) -> None:
    authority = tmp_path / "authority.pem"
    with proxy_with_tls(tmp_path, name, days=days, authority=authority) as found:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        told = asked_of(found, settings_at(tmp_path / "home"))
    assert what in told[problem]


def test_a_certificate_of_nobody_is_named(tmp_path: Path) -> None:
    with proxy_with_tls(tmp_path, HOST) as found:
        assert "certificate" in asked_of(found, settings_at(tmp_path / "home"))["FL366"]


@pytest.mark.parametrize(("off", "named"), [(300, True), (-300, True), (5, False)])
def test_a_clock_that_is_five_minutes_off_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off: int, named: bool
) -> None:
    authority = tmp_path / "authority.pem"
    with proxy_with_tls(tmp_path, "127.0.0.1", authority=authority) as other:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        other.fields["Date"] = formatdate(time.time() - off, usegmt=True)
        settings = settings_at(tmp_path / "home", url="http://127.0.0.1:8080")
        asking = Asking(clocks=(f"https://{other.address}/",))
        found = said(problems_of_the_public_address(settings, asking))
    assert ("FL370" in found) is named
    if named:
        assert ("ahead of" if off > 0 else "behind") in found["FL370"]


# The machine


def on(settings: Settings, now: float | None = None) -> dict[str, str]:
    settings.home.last_backup.write_text(f"{NOW - 3600} {settings.home.path}\n", encoding="ascii")
    os.utime(settings.home.secret_file, (NOW, NOW))
    return said(problems_of_the_machine(settings, now or NOW))


def test_a_good_machine_has_nothing_against_it(tmp_path: Path) -> None:
    assert on(settings_at(tmp_path)) == {}


def test_a_disk_that_is_nearly_full_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LEAST_FREE", 1 << 60)
    assert "are free" in on(settings_at(tmp_path))["FL371"]
    monkeypatch.setattr(machine, "LEAST_FREE", 0)
    monkeypatch.setattr(machine, "LEAST_INODES", 1 << 60)
    assert "more files" in on(settings_at(tmp_path))["FL371"]


def test_a_home_that_others_read_is_named(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    settings.home.path.chmod(0o755)
    assert "other users" in on(settings)["FL372"]


@pytest.mark.parametrize(
    ("lines", "age", "what"),
    [
        ([("ab" * 40)], 0, "repeats itself"),
        ([SECRET, SECRET], 0, "twice"),
        ([SECRET, SECRET[::-1]], 181, "not ended"),
        ([SECRET], 800, "2 years old"),
    ],
)
def test_a_secret_that_is_weak_old_or_half_rotated_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], age: int, what: str
) -> None:
    # A test of the site's may have set one for its process.
    monkeypatch.delenv("FOLDLINE_SECRET", raising=False)
    settings = settings_at(tmp_path)
    settings.home.secret_file.write_text("\n".join(lines), encoding="ascii")
    found = on(load(settings.home, {}), NOW + age * 86_400)
    assert what in found["FL373"]
    assert SECRET not in str(found)


def test_what_listens_to_the_world_is_named(tmp_path: Path) -> None:
    more = '[listen]\nhost = "0.0.0.0"\nhops = 1\n[desk]\nhost = "0.0.0.0"\n[metrics]\nlisten = "0.0.0.0:9101"\n'
    found = [problem.where for problem in problems_of_the_machine(settings_at(tmp_path, more=more), NOW)]
    assert {"[listen] host", "[desk] host", "[metrics] listen"} <= set(found)
    more = '[metrics]\nlisten = "10.0.0.7:9101"\n'
    assert "FL376" not in on(settings_at(tmp_path, more=more))


def test_more_workers_than_cores_are_named(tmp_path: Path) -> None:
    assert "64 gate workers" in on(settings_at(tmp_path, more="[listen]\nworkers = 64\n"))["FL377"]


def test_a_backup_that_is_missing_or_old_is_named(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    os.utime(settings.home.secret_file, (NOW, NOW))
    assert "no backup" in said(problems_of_the_machine(settings, NOW))["FL378"]
    settings.home.last_backup.write_text(f"{NOW - 27 * 3600} /backups/x\n", encoding="ascii")
    assert "27 hours old" in said(problems_of_the_machine(settings, NOW))["FL378"]
    settings.home.last_backup.write_text(f"{NOW - 3600} /nowhere/x\n", encoding="ascii")
    assert "is not here" in said(problems_of_the_machine(settings, NOW))["FL379"]


def break_pages(path: Path) -> None:
    """Bytes of pages behind the first, as a bad disk leaves them."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 8192)


def test_a_database_that_is_broken_held_or_read_only_is_named(
    django: Home, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    from foldline.server.deploy import databases

    home = copy_of_django_home(tmp_path_factory, tmp_path / "copy")
    settings = replace(load(django, os.environ), home=home)
    assert said(databases.problems_of_databases(settings)) == {}
    path = home.meter_db
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = path.read_bytes()
    try:
        break_pages(path)
        assert "broken" in said(databases.problems_of_databases(settings))["FL374"]
    finally:
        path.write_bytes(kept)
    assert said(databases.problems_of_databases(settings)) == {}


# PostgreSQL


def test_a_clock_that_is_off_that_of_the_database_is_named(
    tmp_path: Path, with_tables: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.server.deploy import databases

    monkeypatch.setattr(databases.time, "time", lambda real=time.time: real() - 300)
    place = Home(tmp_path, Address.of(with_tables.url)).site_db
    assert isinstance(place, Schema)
    assert "300 s behind that of the database" in said(databases._clock_of(place))["FL370"]


def test_a_database_that_forgets_what_it_answered_is_named(tmp_path: Path, with_tables: Database) -> None:
    import psycopg

    from foldline.server.deploy import databases

    place = Home(tmp_path, Address.of(with_tables.url)).site_db
    assert isinstance(place, Schema)
    with psycopg.connect(with_tables.superuser_url, autocommit=True) as superuser:
        for value, named in (("off", True), ("on", False)):
            superuser.execute(f'ALTER DATABASE "{with_tables.name}" SET synchronous_commit = {value}')  # type: ignore[call-overload]
            found = said(databases._durability_of(place))["FL375"]
            assert ("synchronous_commit" in found) is named
            # A test's own cluster never syncs: nobody takes its power away.
            assert "fsync" in found


def test_a_database_that_takes_fewer_connections_than_hosts_may_hold_is_named(
    with_tables: Database, tmp_path: Path
) -> None:
    import psycopg

    from foldline.server.deploy import databases

    made = home_at(tmp_path / "home", database=Address.of(with_tables.url))
    place = made.home.site_db
    assert isinstance(place, Schema)
    with psycopg.connect(with_tables.superuser_url) as superuser:
        rows = superuser.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        )
        ((takes,),) = rows.fetchall()
    most = (takes - databases.CONNECTIONS_BESIDE) // databases.CONNECTIONS_OF_A_WORKER
    assert list(databases._connections_of(replace(made, workers=most), place)) == []
    told = said(databases._connections_of(replace(made, workers=most + 1), place))["FL349"]
    assert f"{most + 1} workers on 1 host may hold" in told
    # Another host that serves needs as many.
    with HostStore(made.home) as store:
        for name in ("one", "two"):
            store.tell(HostRow(name, ("a",), "", "0", 0))
    assert "on 2 hosts" in said(databases._connections_of(replace(made, workers=most), place))["FL349"]
