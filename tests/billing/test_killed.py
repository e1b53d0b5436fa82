"""The site is killed between a charge and its entitlement: a real process, a real till, and the verb as it is typed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.billing import till_room
from tests.billing.till_room import RunningTill

from foldline.site.billing.providers import till_secrets
from foldline.stores.home import Home

PLAN = '\n[plan.everything]\nname = "Everything"\namount = "4.00"\ncurrency = "eur"\n'

#: What the site does with a notice, stopped where the entitlement is written and nothing is committed yet.
SITE = """
import sys, time
import django
django.setup()
from foldline.site.billing import ledger, owned
from foldline.site.billing.provider import Notice
from foldline.site.billing.till.client import Till
from foldline.site.readers import moment

def stops(_reader):
    print("in the middle", flush=True)
    time.sleep(600)

owned.passes.refresh = stops
address, key, secret, subscription = sys.argv[1:]
ledger.notice(Till(address, key, secret), Notice("evt_1", "x", subscription, 0, False), moment.epoch())
"""


@pytest.fixture
def own_home(home: Home, tmp_path: Path) -> Home:
    """A home of its own with a plan and one reader."""
    from foldline.site.readers.models import Reader

    own = Home(tmp_path / "home")
    own.make()
    own.settings_file.write_text(home.settings_file.read_text(encoding="utf-8") + PLAN, encoding="utf-8")
    reader = Reader.objects.join("ada@example.test")
    try:
        with closing(sqlite3.connect(home.site_db)) as source, closing(sqlite3.connect(own.site_db)) as copy:
            source.backup(copy)
    finally:
        reader.delete()
    return own


@pytest.fixture
def till(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningTill]:
    """A till that opens to the key that this publication's processes derive."""
    key = till_secrets(os.environ["FOLDLINE_SECRET"].encode()).key
    monkeypatch.setattr(till_room, "KEY", key)
    with till_room.running_till(tmp_path) as till:
        yield till


def test_a_site_that_is_killed_between_charge_and_entitlement_loses_nothing(own_home: Home, till: RunningTill) -> None:
    (key,) = _asked(own_home, "SELECT key FROM readers_reader WHERE email = 'ada@example.test'")[0]
    subscription = till.subscribe(str(key))
    environ = {**os.environ, "FOLDLINE_HOME": str(own_home.path), "FOLDLINE_TILL": till.address}

    command = [sys.executable, "-c", SITE, till.address, till_room.KEY, till_room.SECRET, subscription]
    site = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert site.stdout is not None
        assert site.stdout.readline() == "in the middle\n"
    finally:
        site.send_signal(signal.SIGKILL)
        site.communicate(timeout=30)
    assert _asked(own_home, "SELECT * FROM readers_entitlement") == []
    assert _asked(own_home, "SELECT * FROM billing_seennotice") == []

    verb = [sys.executable, "-m", "foldline.cli.main", "billing", "reconcile"]
    told = subprocess.run(verb, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    assert "1 differed from what till has, 1 repaired." in told.stdout
    kinds = _asked(own_home, "SELECT kind, ended_at FROM readers_entitlement")
    assert kinds == [("paid", None)]


def _asked(home: Home, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(home.site_db)) as connection:
        return connection.execute(statement).fetchall()
