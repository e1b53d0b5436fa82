"""Last night's backup, restored on a clean folder: every process of a newspaper, and a payment provider beside it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.billing.paying_demo import ENDS, PayingDemo
from tests.billing.till_room import until
from tests.browser.press_room import METERED, SUBSCRIBERS, Demo
from tests.operations.room import SECRET, Running, clean_environ, newspaper_at, running, verb
from tests.readers.processes import DeskBrowser

from foldline.config import load
from foldline.policy.open_now import OpenNow
from foldline.signed import gift
from foldline.signed.keys import Keyring
from foldline.stores.gifts import Giving, SqliteGifts
from foldline.stores.home import Home
from foldline.stores.open_now import OpenNowStore
from foldline.stores.schema import connect

HOUR = 3600


@contextmanager
def provider_of(home: Home) -> Iterator[str]:
    """The payment provider, a machine of its own that no restore of ours touches; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "foldline.server.demo.till_process"],
            env=clean_environ(FOLDLINE_HOME=str(home.path), FOLDLINE_LISTEN_FD=str(number)),
            pass_fds=(number,),
        )
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(10)


@dataclass
class Night:
    """What was backed up, and what happened afterwards, before the machine was lost."""

    home: Home
    till: str
    backup: Path
    ada: DeskBrowser
    bea: DeskBrowser
    cid: DeskBrowser
    dan: DeskBrowser
    link: bytes


def paying(paper: Running, till: str) -> PayingDemo:
    facts = {"url": f"http://127.0.0.1:{paper.ports['gate']}", "desk": "", "till": till}
    return PayingDemo(Demo(facts, paper.home.path))


def pays(shop: PayingDemo, device: DeskBrowser) -> None:
    shop.pay(device)
    until(lambda: shop.opens(device), 20)


def opens(device: DeskBrowser) -> bool:
    return ENDS in device.get(SUBSCRIBERS).text


def gift_of(home: Home, article: int, now: int) -> bytes:
    """A gift of the publication's own; the token of its link."""
    with closing(SqliteGifts(home)) as store:
        giving = Giving(secrets.token_bytes(8), (), article, 1, now + HOUR, now, now + 48 * HOUR, 5, 10)
        made = store.publish(giving)
    return gift.issue(keyring(home), made.link).encode()


def keyring(home: Home) -> Keyring:
    settings = load(home, {"FOLDLINE_SECRET": SECRET})
    return Keyring(settings.secrets, settings.host)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("restored")
    home = newspaper_at(tmp_path_factory.getbasetemp(), folder / "home")
    with provider_of(home) as till:
        with running(home, folder / "said", FOLDLINE_TILL=till) as paper:
            shop = paying(paper, till)
            ada, bea, cid, dan = (paper.signed_in(f"{name}@night.example") for name in ("ada", "bea", "cid", "dan"))
            for device in (ada, bea):
                pays(shop, device)
            now = int(time.time())
            link = gift_of(home, paper.number_of(SUBSCRIBERS), now)
            with OpenNowStore(home) as entries:
                number = str(paper.number_of(METERED))
                opened = entries.add(OpenNow("article", number, "the flood", now, now + 6 * HOUR), "editor", now)
            done = verb(home, "backup", str(folder / "backups"))
            assert done.returncode == 0, done.stderr
            (backup,) = (folder / "backups").iterdir()

            # The day after: Bea is refunded, the gift is taken back, *open now* is closed, and Cid pays.
            shop.at_till(f"{till}/subscriptions/{shop.subscription_of('bea@night.example')}/refund")
            until(lambda: not opens(bea), 20)
            pays(shop, cid)
            with closing(SqliteGifts(home)) as store:
                assert store.take_back(gift.read(keyring(home), link).number, now) is not None
            with OpenNowStore(home) as entries:
                entries.end_early(opened, "editor", now)
        yield Night(home, till, backup, ada, bea, cid, dan, link)


@pytest.fixture(scope="module")
def restored(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("clean")
    home = Home(folder / "home")
    secret = folder / "kept-elsewhere"
    secret.write_text(SECRET + "\n", encoding="ascii")
    command = ["restore", str(night.backup), "--secret", str(secret)]
    done = verb(home, *command, FOLDLINE_TILL=night.till)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 entries of “open now” are closed" in done.stdout
    assert "1 gifts are taken back" in done.stdout
    with running(home, folder / "said", FOLDLINE_TILL=night.till) as paper:
        yield paper


def test_readers_are_still_signed_in_and_read_what_they_pay_for(night: Night, restored: Running) -> None:
    assert opens(night.ada)
    assert '"signed_in": true' in night.ada.get("/-/me").text
    assert night.ada.get("/-/account").status == 200, "the pages about an account know the device too"
    assert "ada@night.example" in night.ada.get("/-/account").text
    assert '"signed_in": true' in night.dan.get("/-/me").text


def test_who_was_refunded_since_the_backup_has_no_more_than_before_the_loss(night: Night, restored: Running) -> None:
    assert '"signed_in": true' in night.bea.get("/-/me").text
    assert not opens(night.bea)


def test_who_paid_since_the_backup_has_what_they_paid_for(night: Night, restored: Running) -> None:
    assert opens(night.cid)


def test_a_gift_that_was_taken_back_since_opens_nothing(night: Night, restored: Running) -> None:
    article = restored.number_of(SUBSCRIBERS)
    status, body = restored.read(article, gift=night.link.decode())
    assert status == 200
    assert b"gift-ended" in body
    assert ENDS.encode() not in body


def test_what_was_open_for_everyone_since_closed_is_closed(restored: Running) -> None:
    with OpenNowStore(restored.home) as entries:
        assert entries.running(int(time.time())) == []
        assert entries.history()[0].closed_by == "foldline restore"


def test_a_stranger_is_shown_previews(restored: Running) -> None:
    for path in (SUBSCRIBERS, METERED):
        status, body = restored.ask("gate", path)
        assert status == 200
        assert ENDS.encode() not in body
        assert b"data-state" in body or b"/-/read" in body


def test_numbers_that_were_given_since_the_backup_are_given_to_nothing_else(night: Night, restored: Running) -> None:
    """An opening that a device carries names an article by its number: it must never open another one."""
    for name in ("site_db", "public_db"):
        with closing(connect(getattr(night.home, name), read_only=True)) as lost:
            before = dict(lost.execute("SELECT name, seq FROM sqlite_sequence"))
        with closing(connect(getattr(restored.home, name), read_only=True)) as found:
            after = dict(found.execute("SELECT name, seq FROM sqlite_sequence"))
        behind = {table: (seq, after.get(table, 0)) for table, seq in before.items() if after.get(table, 0) <= seq}
        assert behind == {}, name


def test_the_secret_is_not_in_the_backup(night: Night) -> None:
    holds = [path for path in night.backup.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert holds == []
    assert {oct(path.stat().st_mode & 0o077) for path in (night.backup, *night.backup.rglob("*"))} == {"0o0"}


def test_nothing_is_restored_over_something(night: Night, tmp_path: Path) -> None:
    (tmp_path / "foldline.toml").write_text("", encoding="ascii")
    done = verb(Home(tmp_path), "restore", str(night.backup), FOLDLINE_SECRET=SECRET)
    assert done.returncode == 1
    assert "is not empty" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foldline.toml"]


def test_without_a_secret_nothing_is_restored(night: Night, tmp_path: Path) -> None:
    done = verb(Home(tmp_path / "new"), "restore", str(night.backup))
    assert done.returncode == 1
    assert "There is no secret" in done.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["site.db", "foldline.toml"])
def test_a_backup_that_was_changed_is_refused(night: Night, tmp_path: Path, name: str) -> None:
    import shutil

    copy = tmp_path / night.backup.name
    shutil.copytree(night.backup, copy)
    with (copy / name).open("r+b") as file:
        file.seek(100)
        file.write(b"\xff")
    done = verb(Home(tmp_path / "new"), "restore", str(copy), FOLDLINE_SECRET=SECRET)
    assert done.returncode == 1
    assert f"{name} was changed" in done.stderr
    assert not (tmp_path / "new").exists()
    assert os.listdir(tmp_path) == [night.backup.name]
