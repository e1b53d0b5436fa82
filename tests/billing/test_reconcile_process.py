"""`foldline billing reconcile` as it is typed, a process of its own, before a till with 170 subscriptions."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import subprocess
import sys
from contextlib import closing

from tests.billing import till_room
from tests.billing.test_killed import _asked, own_home, till
from tests.billing.till_room import MONTHLY, SITE, RunningTill

from foldline.stores.home import Home

__all__ = ["own_home", "till"]

#: What a site does with the notices that reach it.
HEARS = """
import json, sys
import django
django.setup()
from foldline.site.billing import ledger
from foldline.site.billing.provider import Notice
from foldline.site.billing.till.client import Till
from foldline.site.readers import moment

address, key, secret = sys.argv[1:]
for event, subscription in json.load(sys.stdin):
    assert ledger.notice(Till(address, key, secret), Notice(event, "x", subscription, 0, False), moment.epoch())
"""


def readers(home: Home, count: int) -> list[str]:
    """More readers like the first one; their keys."""
    keys = [f"{number:032x}" for number in range(count)]
    with closing(sqlite3.connect(home.site_db)) as site, site:
        named = [row[1] for row in site.execute("PRAGMA table_info(readers_reader)") if row[1] != "id"]
        values = ", ".join({"key": "?1", "email": "?2"}.get(name, name) for name in named)
        statement = f"INSERT INTO readers_reader ({', '.join(named)}) SELECT {values} FROM readers_reader LIMIT 1"
        site.executemany(statement, [(key, f"{key}@example.test") for key in keys])
    return keys


def subscribed(till: RunningTill, reader: str) -> str:
    """A subscription that began at the till; nobody here set out to it."""
    question = {
        "reader": reader, "email": "r@example.test", "back_url": SITE, "title": "Everything", "plan": MONTHLY.plan,
        "amount": 400, "currency": "eur", "interval": "month", "trial_days": 0, "first_amount": 0, "first_intervals": 0,
        "promotion_codes": False, "tax": "none",
    }  # fmt: skip
    made = till.book.once(f"key-of-{reader}", question, lambda: till.book.start_checkout(question))
    till.book.pay(made["id"], "works")
    return str(till.book.objects.get("checkout", made["id"])["subscription"])


def run(home: Home, till: RunningTill, *command: str, said: str = "") -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "FOLDLINE_HOME": str(home.path), "FOLDLINE_TILL": till.address, "COLUMNS": "300"}
    return subprocess.run(
        [sys.executable, *command], env=environ, input=said, capture_output=True, text=True, timeout=120, check=False
    )


def reconcile(home: Home, till: RunningTill) -> tuple[int, dict[str, str], str]:
    """Exit code, the line of each subscription that is listed, and the last line."""
    done = run(home, till, "-m", "foldline.cli.main", "billing", "reconcile", "--home", str(home.path))
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    return done.returncode, {line.split()[0]: line.rstrip() for line in lines if line.startswith("sub_")}, lines[-1]


def states(home: Home) -> dict[str, str]:
    with closing(sqlite3.connect(home.site_db)) as site:
        return dict(site.execute("SELECT provider_id, state FROM billing_subscription"))


def hear(home: Home, till: RunningTill, *told: str) -> None:
    """Notices about these subscriptions reach the site."""
    said = json.dumps([(f"evt_{secrets.token_hex(8)}", number) for number in told])
    done = run(home, till, "-c", HEARS, till.address, till_room.KEY, till_room.SECRET, said=said)
    assert done.returncode == 0, done.stderr


def test_the_verb_repairs_and_lists_what_30_dropped_notices_of_200_were_about_and_then_finds_none(
    own_home: Home, till: RunningTill
) -> None:
    numbers = [subscribed(till, key) for key in readers(own_home, 170)]
    hear(own_home, till, *numbers[15:])
    for number in numbers[140:155]:
        till.book.renewals.refund(number)
    for number in numbers[155:]:
        till.provider.cancel_at_period_end(number, f"key-of-{number}")
    hear(own_home, till, *numbers[140::2])
    unheard = {*numbers[:15], *numbers[141::2]}
    assert (len(unheard), 170 + 30 - len(unheard)) == (30, 170)

    code, listed, last = reconcile(own_home, till)
    assert (code, set(listed), last) == (0, unheard, "30 differed from what till has, 30 repaired.")
    # What the provider began without a word to us is given, and nobody loses anything unsaid.
    assert {number for number in unheard if listed[number].endswith("given")} == set(numbers[:15])
    assert {line.split()[-1] for number, line in listed.items() if number in numbers[140:]} == {"away"}
    wanted = dict.fromkeys(numbers[:140], "active") | dict.fromkeys(numbers[140:155], "refunded")
    assert states(own_home) == wanted | dict.fromkeys(numbers[155:], "cancelled")
    assert reconcile(own_home, till) == (0, {}, "Nothing differs from what till has.")

    stranger = subscribed(till, "f" * 32)
    code, listed, last = reconcile(own_home, till)
    assert (code, set(listed), last) == (1, {stranger}, "1 differed from what till has, 0 repaired.")
    assert "unknown-reader" in listed[stranger]
    assert _asked(own_home, "SELECT COUNT(*) FROM readers_entitlement WHERE ended_at IS NULL") == [(155,)]
