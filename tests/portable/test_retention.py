"""What is kept about readers: every table is known, and what is beyond its time is told."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from foldline.stores.home import Home


def run(site: Home, *options: str) -> Result:
    from foldline.cli.main import verbs

    return CliRunner().invoke(verbs, ["retention", "--home", str(site.path), *options])


def tables(*files: Path) -> set[str]:
    found = set()
    for file in files:
        connection = sqlite3.connect(file)
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        found |= {str(name) for (name,) in rows}
        connection.close()
    return found


def test_every_table_of_the_site_and_of_the_meter_is_known_as_about_readers_or_not(site: Home) -> None:
    from django.apps import apps

    from foldline.site import retention

    listed = [kept.table for kept in retention.TABLES]
    assert len(listed) == len(set(listed))
    assert set(listed) & retention.NOT_ABOUT_READERS == set()
    models = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    # The desk's powers have a model and no table.
    assert models | tables(site.site_db, site.meter_db, site.reads_db) == set(listed) | retention.NOT_ABOUT_READERS


def test_no_table_that_leads_to_a_reader_is_called_one_without(site: Home) -> None:
    from django.apps import apps

    from foldline.site import retention
    from foldline.site.readers.models import Reader

    about = {Reader}
    while True:
        more = {
            model
            for model in apps.get_models(include_auto_created=True)
            if any(field.related_model in about for field in model._meta.fields)
        } - about
        if not more:
            break
        about |= more
    assert len(about) > 10
    assert {model._meta.db_table for model in about} <= {kept.table for kept in retention.TABLES}


def test_every_job_that_is_named_runs_in_the_site(site: Home) -> None:
    from foldline.server import due
    from foldline.site import retention

    assert {kept.job for kept in retention.TABLES if kept.job} <= {job.name for job in due.jobs()}
    assert [kept.table for kept in retention.TABLES if (kept.beyond is None) != (not kept.job)] == []


def withdrawn(at: int, *, settled_at: int, outcome: str = "done") -> None:
    from foldline.site.billing.models import Withdrawal

    Withdrawal.objects.create(
        at=at, email="nora@example.test", number="1", declared="x", language="en", outcome=outcome,
        settled_at=settled_at,
    )  # fmt: skip


@pytest.mark.parametrize(("years", "last"), [(1, 2027), (3, 2029), (30, 2056)])
def test_a_declaration_is_kept_to_the_end_of_the_year_in_which_claims_by_it_are_barred(
    site: Home, years: int, last: int
) -> None:
    from dataclasses import replace

    from django.conf import settings
    from django.db import transaction
    from django.test import override_settings

    from foldline.site.billing import withdrawals
    from foldline.site.billing.models import Withdrawal

    zone = settings.FOLDLINE.zone
    with transaction.atomic(), override_settings(FOLDLINE=replace(settings.FOLDLINE, withdrawal_years=years)):
        for settled in (datetime(2026, 1, 1, tzinfo=zone), datetime(2026, 12, 31, 23, 59, 59, tzinfo=zone)):
            withdrawn(1, settled_at=int(settled.timestamp()))
        withdrawn(1, settled_at=int(datetime(2027, 1, 1, tzinfo=zone).timestamp()))
        withdrawn(1, settled_at=0, outcome="late")
        withdrawals.forget(int(datetime(last, 12, 31, 23, 59, 59, tzinfo=zone).timestamp()))
        assert Withdrawal.objects.count() == 4
        withdrawals.forget(int(datetime(last + 1, 1, 1, tzinfo=zone).timestamp()))
        assert Withdrawal.objects.count() == 2
        assert Withdrawal.objects.filter(settled_at=0).exists()
        transaction.set_rollback(True)


def test_rows_beyond_their_time_are_counted_until_the_jobs_have_run(site: Home) -> None:
    from allauth.account.models import EmailAddress
    from django.contrib.sessions.models import Session

    from foldline.server import due
    from foldline.site.billing.models import SeenNotice, Withdrawal
    from foldline.site.desk.models import DueJob
    from foldline.site.readers import moment
    from foldline.site.readers.models import PassFacts, Reader, ReaderSession, SignInCode

    DueJob.objects.all().delete()
    long_ago = moment.now() - timedelta(days=400)
    typed = Reader.objects.create(email="typed@example.test", joined_at=long_ago)
    EmailAddress.objects.create(user=typed, email=typed.email)
    stays = Reader.objects.create(email="stays@example.test", joined_at=long_ago, last_login=long_ago)
    ReaderSession.objects.create(reader=stays, django_key="k", pass_session="5" * 32)
    PassFacts.objects.create(session="5" * 32, reader=stays.key, products="", session_until=1)
    Session.objects.create(session_key="k", session_data="", expire_date=long_ago)
    SignInCode.objects.create(lookup="l", code_hash="h", address="a", asked_at=long_ago)
    SeenNotice.objects.create(provider="till", event="e", at=1)
    withdrawn(1, settled_at=1)
    withdrawn(1, settled_at=0, outcome="late")
    meter = sqlite3.connect(site.meter_db)
    with meter:
        meter.execute(
            "INSERT INTO foldline_meter (owner, meter, window_number, ends, salt, article)"
            " VALUES (x'00', 'm', 1, 1, x'00', x'00')"
        )
    meter.close()
    beyond = {row["table"]: row["beyond"] for row in json.loads(run(site, "--json").output) if row["beyond"]}
    assert beyond == {
        "readers_reader": 1, "account_emailaddress": 1, "readers_readersession": 1, "foldline_pass_facts": 1,
        "django_session": 1, "readers_signincode": 1, "billing_seennotice": 1, "foldline_meter": 1,
        "billing_withdrawal": 1,
    }  # fmt: skip
    told = run(site)
    assert told.exit_code == 1
    assert "readers_signincode: 1 rows are beyond their time, and “prune sign-ins” has not run" in told.output
    loop = due.Loop(due.jobs())
    loop.look()
    assert not loop.failures
    after = run(site, "--json")
    assert after.exit_code == 0
    rows = {row["table"]: row for row in json.loads(after.output)}
    assert {row["beyond"] for row in rows.values()} == {0, None}
    assert rows["readers_reader"]["rows"] == 1
    assert rows["readers_signincode"]["pruned"].endswith("Z")
    assert rows["readers_entitlement"]["pruned"] is None
    assert "last pruned" in run(site).output
    DueJob.objects.all().delete()
    assert [one.settled_at for one in Withdrawal.objects.all()] == [0]
    Withdrawal.objects.all().delete()


def test_the_table_of_the_docs_is_the_table_of_the_verb(home: Home) -> None:
    from foldline.site.retention import TABLES

    page = (Path(__file__).parents[2] / "docs" / "retention.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{one.table}` | {one.holds} | {one.kept} | {one.why} | {one.job or '-'} |" for one in TABLES]
    assert ("there is none yet" in page) == (not any(one.legal for one in TABLES))
