"""What `foldline export` wrote is what stands there again after importing it."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foldline.site.portable import cells, exporting
from foldline.site.portable.files import FILES, MANIFEST, Column, Kind
from foldline.stores.home import Home
from foldline.stores.schema import connect

from .conftest import empty

MICROSECOND = timedelta(microseconds=1)
BEGAN = datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)

#: Texts that files and spreadsheets get wrong, and any others.
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "=1+1",
            "'=1+1",
            "''",
            "+49 30",
            "-1",
            "@a",
            "\tb",
            "a,b",
            'a "b"',
            "a\nb",
            "a\r\nb",
            "\r",
            "ＮÜL\x00é",
            "＝x",
            "𝔘 ",
            " a ",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
MOMENTS = st.integers(-(10**14), 10**14).map(lambda n: BEGAN + n * MICROSECOND)
EPOCHS = st.integers(0, 4_000_000_000)


@st.composite
def sites(draw: Any) -> dict[str, list[dict[str, Any]]]:
    """Everything that an export holds, as rows for the tables. Readers are named by their place in the list."""
    from foldline.site.billing.lifecycle import State
    from foldline.site.billing.provider import Status
    from foldline.site.readers.models import Entitlement

    people = draw(st.integers(1, 4))
    readers = [
        {
            "email": f"{letter}-{draw(st.text('abc+.0', max_size=3)).strip('.').replace('..', '')}x@example.test",
            "name": draw(TEXTS),
            "joined_at": draw(MOMENTS),
            "last_login": draw(st.none() | MOMENTS),
            "is_active": draw(st.booleans()),
            "verified": draw(st.sampled_from([True, False, None])),
            "further": [f"{letter}{number}@further.test" for number in range(draw(st.integers(0, 2)))],
            "earlier": [f"{letter}{number}" * 16 for number in range(draw(st.integers(0, 2)))],
        }
        for letter in "abcd"[:people]
    ]
    one = st.integers(0, people - 1)
    subscriptions = [
        {
            "provider": "till", "provider_id": f"sub_{number}", "customer": draw(TEXTS),
            "reader": draw(st.none() | one),
            "plan": draw(TEXTS), "products": draw(st.sampled_from(["", "1", "1,2"])),
            "grace_days": draw(st.integers(0, 60)),
            "state": draw(st.sampled_from(State)), "status": draw(st.sampled_from(Status)), "period_end": draw(EPOCHS),
            "cancel_at_period_end": draw(st.booleans()), "trial_end": draw(st.none() | EPOCHS),
            "paused": draw(st.booleans()), "refunded": draw(st.booleans()), "disputed": draw(st.booleans()),
            "amount": draw(st.integers(0, 10**12)), "currency": "eur", "created": draw(EPOCHS), "version": draw(EPOCHS),
            "seen": draw(EPOCHS), "off": draw(st.integers(0, 10**12)), "off_until": draw(st.none() | EPOCHS),
        }
        for number in range(draw(st.integers(0, 3)))
    ]  # fmt: skip
    entitlements = []
    for place in range(draw(st.integers(0, 5))):
        owner = draw(st.none() | st.sampled_from(subscriptions)) if subscriptions else None
        kinds = set(Entitlement.Kind) if owner else set(Entitlement.Kind) - Entitlement.OF_SUBSCRIPTIONS
        kind = draw(st.sampled_from(sorted(kinds)))
        entitlements.append(
            {
                "reader": draw(one), "product_id": draw(st.sampled_from([1, 2])), "kind": kind,
                "starts_at": draw(MOMENTS),
                "ends_at": draw(MOMENTS | st.none() if kind == "staff" else MOMENTS), "note": draw(TEXTS),
                "given_at": draw(MOMENTS), "given_by": draw(st.none() | one), "ended_at": draw(st.none() | MOMENTS),
                "ended_by": draw(st.none() | one), "owner": owner and owner["provider_id"],
                "printed": f"P{place}" if draw(st.booleans()) else "",
            }
        )  # fmt: skip
    if draw(st.booleans()):
        entitlements += [{**row, "printed": ""} for row in entitlements[:1]]
        entitlements += [{**row, "ended_at": BEGAN, "printed": ""} for row in entitlements[:1]]
    orders = [
        {
            "reader": draw(st.none() | one), "plan": draw(TEXTS), "provider": "till",
            "checkout": draw(st.sampled_from(["", f"visit_{number}"])), "return_path": draw(TEXTS),
            "terms": draw(TEXTS),
            "terms_version": "t-1", "language": "en", "agreed_at": draw(EPOCHS), "confirmed_at": draw(EPOCHS),
            "became": draw(st.none() | st.sampled_from(subscriptions)) if subscriptions else None,
        }
        for number in range(draw(st.integers(0, 3)))
    ]  # fmt: skip
    return {"readers": readers, "subscriptions": subscriptions, "entitlements": entitlements, "orders": orders}


def fill(rows: dict[str, list[dict[str, Any]]]) -> None:
    from allauth.account.models import EmailAddress

    from foldline.site.billing.models import Order, OwnedEntitlement, Subscription
    from foldline.site.circulation import activating
    from foldline.site.desk.models import MergedAccount
    from foldline.site.readers.models import Entitlement, Product, Reader

    Product.objects.create(number=2, name="=Weekend, “extra”")
    Product.objects.filter(number=1).update(name="All of it")
    people: list[Any] = []
    for row in rows["readers"]:
        values = {name: value for name, value in row.items() if name not in ("verified", "further", "earlier")}
        people.append(Reader.objects.create(**values))
        if row["verified"] is not None:
            EmailAddress.objects.create(user=people[-1], email=row["email"], verified=row["verified"], primary=True)

        for address in row.get("further", ()):
            EmailAddress.objects.create(user=people[-1], email=address, verified=True, primary=False)
        for number, key in enumerate(row.get("earlier", ())):
            MergedAccount.objects.create(reader=people[-1], key=key, number=1000 * people[-1].pk + number)

    def with_people(row: dict[str, Any]) -> dict[str, Any]:
        names = ("reader", "given_by", "ended_by")
        return {
            name: people[value] if name in names and value is not None else value
            for name, value in row.items()
            if name not in ("owner", "printed")
        }

    owners = {row["provider_id"]: Subscription.objects.create(**with_people(row)) for row in rows["subscriptions"]}
    for row in rows["entitlements"]:
        entitlement = Entitlement.objects.create(**with_people(row))
        if row["owner"]:
            OwnedEntitlement.objects.create(subscription=owners[row["owner"]], entitlement=entitlement)
        if row.get("printed"):
            activating.restore(row["printed"], entitlement)
    for number, row in enumerate(rows["orders"]):
        became = row.get("became")
        values = {name: value for name, value in with_people(row).items() if name != "became"}
        Order.objects.create(token=str(number), subscription=became and owners[became["provider_id"]], **values)


def exported(home: Home, folder: Path, form: str) -> dict[str, bytes]:
    exporting.export(home, folder, form, lambda _: lambda done, of: None)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST}


def imported(folder: Path, *, dry: bool = False) -> list[Any]:
    from foldline.site.portable.restoring import Restoring

    return list(Restoring(folder, dry=dry).run(lambda _: lambda done, of: None))


def dump(home: Home) -> str:
    connection = connect(home.site_db, read_only=True)
    try:
        return "\n".join(connection.iterdump())
    finally:
        connection.close()


def told(verdicts: list[Any], outcome: str) -> list[str]:
    return [str(verdict) for verdict in verdicts if verdict.outcome == outcome]


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=st.deferred(sites), form=st.sampled_from(["csv", "jsonl"]))
def test_an_export_imported_into_an_empty_home_is_exported_as_the_same_bytes(
    site: Home, rows: dict[str, list[dict[str, Any]]], form: str
) -> None:
    empty()
    fill(rows)
    with TemporaryDirectory() as name:
        folder = Path(name)
        first = exported(site, folder / "first", form)
        empty()
        before = dump(site)
        judged = imported(folder / "first", dry=True)
        assert dump(site) == before
        verdicts = imported(folder / "first")
        assert [str(verdict) for verdict in judged] == [str(verdict) for verdict in verdicts]
        assert told(verdicts, "refused") + told(verdicts, "kept") + told(verdicts, "same") == []
        assert exported(site, folder / "again", form) == first
        standing = dump(site)
        assert {verdict.outcome for verdict in imported(folder / "first")} == {"same"}
        assert dump(site) == standing


NONE_YET: dict[str, list[dict[str, Any]]] = {"readers": [], "subscriptions": [], "entitlements": [], "orders": []}
NORA: dict[str, Any] = {
    "email": "nora@example.test", "name": "=HYPERLINK(1)", "joined_at": BEGAN, "last_login": None, "is_active": True,
    "verified": True,
}  # fmt: skip
GIFT: dict[str, Any] = {
    "reader": 0, "product_id": 1, "kind": "gift", "starts_at": BEGAN, "ends_at": BEGAN + timedelta(days=9), "note": "",
    "given_at": BEGAN, "given_by": None, "ended_at": None, "ended_by": None, "owner": None,
}  # fmt: skip


def test_no_cell_of_a_spreadsheet_begins_as_a_formula(site: Home, tmp_path: Path) -> None:
    fill({**NONE_YET, "readers": [NORA]})
    exported(site, tmp_path / "out", "csv")
    with (tmp_path / "out" / "readers.csv").open(encoding="utf-8", newline="") as file:
        (row,) = list(csv.DictReader(file))
    assert row["name"] == "'=HYPERLINK(1)"


@given(text=TEXTS)
def test_a_text_is_the_same_after_a_cell_of_csv(text: str) -> None:
    column = Column("name", Kind.TEXT, "", "")
    assert cells.from_csv(column, cells.to_csv(text)) == text


def test_the_folder_is_for_its_owner_alone_whatever_the_umask_is(site: Home, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        exported(site, tmp_path / "out", "csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()} == {0o600}


def test_an_export_that_fails_half_way_leaves_nothing(
    site: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill({**NONE_YET, "readers": [NORA], "entitlements": [GIFT]})

    def full(path: Path) -> str:
        if path.name.startswith("entitlements"):
            raise OSError(28, "No space left on device")
        return "0"

    monkeypatch.setattr(exporting, "digest_of", full)
    with pytest.raises(exporting.NotExported, match="No space left"):
        exported(site, tmp_path / "out", "csv")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_not_written_into(site: Home, tmp_path: Path) -> None:
    with pytest.raises(exporting.NotExported, match="is there already"):
        exported(site, tmp_path, "csv")
    assert list(tmp_path.iterdir()) == []


def test_an_export_holds_no_secret(site: Home, tmp_path: Path) -> None:
    from allauth.mfa.models import Authenticator

    from foldline.site.readers import codes
    from foldline.site.readers.models import PassFacts, Reader, ReaderSession, SignInCode

    staff = Reader.objects.create_user("edda@example.test", "a pass phrase that is long", is_staff=True)
    Authenticator.objects.create(user=staff, type=Authenticator.Type.TOTP, data={"secret": "TOTPSEED"})
    session = ReaderSession.objects.create(reader=staff, django_key="djangokey")
    PassFacts.objects.create(session=session.pass_session, reader=staff.key, products="", session_until=2_000_000_000)
    mailed = codes.make(staff.email, staff)
    fill({**NONE_YET, "orders": [{"reader": None, "plan": "all", "provider": "till", "checkout": "", "return_path": "/",
        "terms": "t", "terms_version": "t-1", "language": "en", "agreed_at": 1, "confirmed_at": 0}]})  # fmt: skip
    secrets = (staff.password, "TOTPSEED", "djangokey", session.pass_session, mailed.code, mailed.lookup, mailed.opaque)
    database = dump(site)
    assert [
        one
        for one in (staff.password, "TOTPSEED", "djangokey", session.pass_session, mailed.lookup)
        if one not in database
    ] == []
    for form in ("csv", "jsonl"):
        written = b"".join(exported(site, tmp_path / form, form).values()).decode()
        assert "edda@example.test" in written
        assert [one for one in secrets if one in written] == []
    Authenticator.objects.all().delete()
    SignInCode.objects.all().delete()


def test_an_export_reads_one_moment_and_keeps_nobody_from_writing(
    site: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.site.readers.models import Product, Reader

    fill({**NONE_YET, "readers": [NORA]})

    def join(name: str) -> Any:
        if name == "readers":
            Product.objects.create(number=3, name="late")
            Reader.objects.join("late@example.test")
        return lambda done, of: None

    counts = exporting.export(site, tmp_path / "out", "csv", join)
    assert (counts["readers"], counts["products"]) == (1, 2)
    assert Reader.objects.count() == 2


def test_a_file_that_was_cut_off_or_changed_is_refused_before_anything_is_written(site: Home, tmp_path: Path) -> None:
    from foldline.site.portable.reading import NotReadable
    from foldline.site.readers.models import Reader

    fill({**NONE_YET, "readers": [NORA]})
    exported(site, tmp_path / "out", "csv")
    empty()
    file = tmp_path / "out" / "consents.csv"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(NotReadable, match=r"consents\.csv.*not what was written"):
        imported(tmp_path / "out")
    assert not Reader.objects.exists()
    (tmp_path / "out" / MANIFEST).unlink()
    with pytest.raises(NotReadable, match="no folder that `foldline export` wrote"):
        imported(tmp_path / "out")


def edited(folder: Path, name: str, change: Any) -> None:
    """Change a line of JSONL on purpose: its digest is taken out, as the message says."""
    path = folder / f"{name}.jsonl"
    lines = [json.dumps(change(json.loads(line))) for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    del manifest["files"][path.name]["sha256"]
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "changed", "why"),
    [
        ("entitlements", {"kind": "paid"}, "only a subscription gives one of the kind paid"),
        ("entitlements", {"kind": "golden"}, "'golden' is no kind"),
        ("entitlements", {"ends": None}, "may have no end"),
        ("entitlements", {"ends": "tomorrow"}, "has to be a moment"),
        ("entitlements", {"starts": "9999-12-31T23:59:59-12:00"}, "has to be a moment"),
        ("entitlements", {"reader": "0" * 32}, "is the key of no reader"),
        ("entitlements", {"product": 77}, "there is no product 77"),
        ("entitlements", {"product": True}, "has to be a number"),
        ("entitlements", {"note": "x" * 301}, "note"),
        ("readers", {"email": "nobody"}, "valid email"),
        ("readers", {"email": "Nora@example.test"}, "has to be written nora@example.test"),
        ("readers", {"key": "no key"}, "valid value"),
        ("readers", {"name": "\ud800"}, "half a letter"),
        ("readers", {"further_emails": "Nora@b.test"}, "has to be written nora@b.test"),
        ("readers", {"further_emails": "nobody"}, "valid email"),
        ("readers", {"earlier_keys": "no key"}, "valid value"),
    ],
)
def test_a_row_that_is_wrong_is_named_with_its_line_and_the_others_are_imported(
    site: Home, tmp_path: Path, name: str, changed: dict[str, Any], why: str
) -> None:
    from foldline.site.readers.models import Entitlement, Reader

    other = {**NORA, "email": "omar@example.test"}
    fill({**NONE_YET, "readers": [NORA, other], "entitlements": [GIFT, {**GIFT, "reader": 1}]})
    exported(site, tmp_path / "out", "jsonl")
    empty()
    first = iter([True])
    edited(tmp_path / "out", name, lambda row: {**row, **changed} if next(first, False) else row)
    refused = told(imported(tmp_path / "out"), "refused")
    assert refused[0].startswith(f"{name}.jsonl:1 refused")
    assert why in refused[0]
    assert Reader.objects.filter(email="omar@example.test").exists()
    assert Entitlement.objects.filter(reader__email="omar@example.test").count() == 1


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_export_from_before_accounts_were_made_one_is_imported_all_the_same(
    site: Home, tmp_path: Path, form: str
) -> None:
    from foldline.site.readers import known_as
    from foldline.site.readers.models import Reader

    fill({**NONE_YET, "readers": [NORA]})
    exported(site, tmp_path / "out", form)
    empty()
    file = tmp_path / "out" / f"readers.{form}"
    if form == "jsonl":
        edited(tmp_path / "out", "readers", lambda row: dict(list(row.items())[:7]))
    else:
        with file.open(encoding="utf-8", newline="") as text:
            rows = [row[:7] for row in csv.reader(text)]
        with file.open("w", encoding="utf-8", newline="") as text:
            csv.writer(text).writerows(rows)
        manifest = json.loads((tmp_path / "out" / MANIFEST).read_text(encoding="utf-8"))
        del manifest["files"][file.name]["sha256"]
        (tmp_path / "out" / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert told(imported(tmp_path / "out"), "refused") == []
    assert known_as.addresses(Reader.objects.get()) == ["nora@example.test"]


def test_an_address_or_a_key_that_leads_to_somebody_here_is_not_given_to_another(site: Home, tmp_path: Path) -> None:
    from foldline.site.readers.models import Reader

    further, earlier = ["n@further.test", "o@further.test"], ["ab" * 16]
    fill({**NONE_YET, "readers": [{**NORA, "further": further, "earlier": earlier}]})
    exported(site, tmp_path / "out", "jsonl")
    for taken in ({"email": "o@further.test"}, {"email": "else@example.test", "key": "ab" * 16}):
        empty()
        Reader.objects.create(**taken)
        (refused,) = told(imported(tmp_path / "out"), "refused")
        assert "another reader has" in refused
        assert Reader.objects.count() == 1


def test_what_stands_here_is_never_changed_by_an_import(site: Home, tmp_path: Path) -> None:
    from foldline.site.readers import moment
    from foldline.site.readers.models import Entitlement, Reader

    fill({**NONE_YET, "readers": [NORA], "entitlements": [GIFT]})
    exported(site, tmp_path / "out", "csv")
    Reader.objects.update(name="Nora, as she is called here")
    Entitlement.objects.update(ended_at=moment.now())
    before = dump(site)
    verdicts = imported(tmp_path / "out")
    assert [line.partition(": ")[2] for line in told(verdicts, "kept")] == ["name differ here", "ended_at differ here"]
    assert dump(site) == before


def test_what_an_import_gives_reaches_the_passes_of_who_is_signed_in(site: Home, tmp_path: Path) -> None:
    from foldline.site.readers.models import Change, Entitlement, PassFacts, Reader

    running = {**GIFT, "ends_at": datetime(2099, 1, 1, tzinfo=UTC)}
    fill({**NONE_YET, "readers": [NORA], "entitlements": [running]})
    exported(site, tmp_path / "out", "csv")
    Entitlement.objects.all().delete()
    key = Reader.objects.get().key
    PassFacts.objects.create(session="5" * 32, reader=key, products="", session_until=4_000_000_000)
    imported(tmp_path / "out")
    assert PassFacts.objects.get().products.startswith("1:")
    assert [change.key for change in Change.objects.all()] == ["5" * 32]


def test_the_verbs_write_and_read_and_tell(site: Home, tmp_path: Path) -> None:
    from foldline.cli.main import verbs
    from foldline.site.desk.models import AuditEntry

    fill({**NONE_YET, "readers": [NORA], "entitlements": [GIFT]})
    at_home = ["--home", str(site.path)]
    result = CliRunner().invoke(verbs, ["export", "--to", str(tmp_path / "out"), "--format", "jsonl", *at_home])
    assert result.exit_code == 0, result.output
    assert "1 readers" in result.output
    empty()
    again = ["import", "readers", str(tmp_path / "out"), *at_home]
    dry = CliRunner().invoke(verbs, [*again, "--dry-run"])
    assert "readers.jsonl:1 new nora@example.test" in dry.output
    assert "nothing was written" in dry.output
    assert not AuditEntry.objects.exists()
    first = CliRunner().invoke(verbs, again)
    assert (first.exit_code, "readers.jsonl: 1 new" in first.output) == (0, True)
    assert [(entry.by, entry.what) for entry in AuditEntry.objects.all()] == [("command line", "imported")]
    assert "Nothing changed." in CliRunner().invoke(verbs, again).output
    assert AuditEntry.objects.count() == 1


def test_a_receipt_s_order_number_is_good_where_an_export_was_imported(site: Home, tmp_path: Path) -> None:
    from foldline.site.billing import orders
    from foldline.site.billing.models import Order, Subscription

    bought = {
        "provider": "till", "provider_id": "sub_1", "customer": "c", "reader": 0, "plan": "all", "products": "1",
        "grace_days": 7, "state": "active", "status": "active", "period_end": 2_000_000_000,
        "cancel_at_period_end": False, "trial_end": None, "paused": False, "refunded": False, "disputed": False,
        "amount": 400, "currency": "eur", "created": 1, "version": 1, "seen": 1,
    }  # fmt: skip
    order = {
        "reader": 0, "plan": "all", "provider": "till", "checkout": "visit_1", "return_path": "/", "terms": "t",
        "terms_version": "t-1", "language": "en", "agreed_at": 5, "confirmed_at": 6, "became": bought,
    }  # fmt: skip
    fill({**NONE_YET, "readers": [NORA], "subscriptions": [bought], "orders": [order]})
    number = Order.objects.get().number
    written = exported(site, tmp_path / "out", "csv")
    assert f",{number},sub_1\r\n" in written["consents.csv"].decode()
    empty()
    assert told(imported(tmp_path / "out"), "refused") == []
    assert orders.number_of(Subscription.objects.get()) == number
    assert told(imported(tmp_path / "out"), "new") == []


def test_all_that_is_stored_about_one_reader_is_printed_or_written_for_who_asks_by_letter(
    site: Home, tmp_path: Path
) -> None:
    from foldline.cli.main import verbs
    from foldline.site.readers import my_data
    from foldline.site.readers.models import Reader

    fill({**NONE_YET, "readers": [{**NORA, "further": ["n@further.test"]}], "entitlements": [GIFT]})
    nora = Reader.objects.get()
    base = ["export", "--home", str(site.path), "--reader"]
    for wanted in ("NORA@example.test", "n@further.test", nora.key):
        printed = CliRunner().invoke(verbs, [*base, wanted])
        assert json.loads(printed.output) == my_data.told(nora), wanted
    file = tmp_path / "nora.json"
    assert CliRunner().invoke(verbs, [*base, "nora@example.test", "--to", str(file)]).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text(encoding="utf-8")) == my_data.told(nora)
    again = CliRunner().invoke(verbs, [*base, "nora@example.test", "--to", str(file)])
    assert (again.exit_code, "Nothing was written" in again.output) == (1, True)
    nobody = CliRunner().invoke(verbs, [*base, "nor"])
    assert (nobody.exit_code, "No account has exactly this address or key." in nobody.output) == (1, True)


def test_every_column_of_an_export_stands_in_the_docs_with_its_kind_and_meaning() -> None:
    page = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
    for file in FILES:
        assert f"### {file.name}" in page
        section = page.partition(f"### {file.name}")[2].partition("\n#")[0]
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert rows == [
            f"| `{one.name}` | {one.kind.value}{', or none' if one.optional else ''} | {one.meaning} |"
            for one in file.columns
        ]


def test_a_large_export_is_written_in_little_memory(site: Home, tmp_path: Path) -> None:
    import tracemalloc

    big = Home(tmp_path / "big")
    big.path.mkdir()
    for own, path in ((site.meter_db, big.meter_db), (site.site_db, big.site_db)):
        database, source = sqlite3.connect(path), connect(own, read_only=True)
        for (sql,) in source.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"):
            database.execute(sql)
        database.commit()
        source.close()
    with database:
        database.executemany(
            "INSERT INTO readers_reader (password, is_superuser, email, name, key, is_staff, is_active, joined_at)"
            " VALUES ('', 0, ?, ?, ?, 0, 1, '2026-01-01 00:00:00')",
            ((f"r{n}@example.test", "n" * 120, f"{n:032x}") for n in range(10_000)),
        )
    database.close()
    tracemalloc.start()
    try:
        assert exporting.export(big, tmp_path / "out", "csv", lambda _: lambda done, of: None)["readers"] == 10_000
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    written = (tmp_path / "out" / "readers.csv").stat().st_size
    assert written > 1_500_000
    assert most < written
