"""Paying before real processes: what nobody proved changes nothing, and what was charged is never lost."""

from __future__ import annotations

import base64
import http.client
import json
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from tests.billing.paying_demo import NOTICE, RESTART, STOPPING, PayingDemo
from tests.billing.till_room import until
from tests.browser.press_room import SUBSCRIBERS, running_demo
from tests.readers.processes import DeskBrowser

from foldline.site.billing.signature import sign

LONG = os.environ.get("FOLDLINE_PROOF") == "long"
#: What is promised is a second. Where other tests run beside, a machine has more.
SOON = 1.0 if LONG else 10.0

Signatures = Callable[[bytes, str, int], Sequence[str]]


def log_of(home: Path) -> Path:
    """What the processes of a home log."""
    return home.with_suffix(".log")


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PayingDemo]:
    home = tmp_path_factory.mktemp("paying")
    with pytest.MonkeyPatch.context() as patch:
        before = os.environ.get("PYTHONPATH")
        patch.setenv("PYTHONPATH", f"{STOPPING}{os.pathsep}{before}" if before else str(STOPPING))
        with running_demo(home, errors=log_of(home)) as demo:
            runs = PayingDemo(demo)
            runs.notices_come("never")
            yield runs


@pytest.fixture(scope="module")
def charged(paper: PayingDemo) -> tuple[DeskBrowser, str]:
    """Somebody who paid and closed the window: any notice that is believed opens for them."""
    device = paper.signed_in("una@example.test")
    paper.pay(device)
    assert not paper.opens(device)
    return device, paper.subscription_of("una@example.test")


def notice(subscription: str, /, **more: object) -> bytes:
    told = {"id": f"evt_{subscription}", "kind": "paid", "subscription": subscription, "created": int(time.time())}
    return json.dumps({"object": "till.notice", "live": False} | told | more).encode()


def good(body: bytes, secret: str, now: int) -> str:
    return sign(body, secret, now)


UNPROVED: dict[str, Signatures] = {
    "without a signature": lambda body, secret, now: (),
    "with an empty one": lambda body, secret, now: ("",),
    "with a foreign one": lambda body, secret, now: (good(body, "of another newspaper", now),),
    "with one of six minutes ago": lambda body, secret, now: (good(body, secret, now - 360),),
    "with one of tomorrow": lambda body, secret, now: (good(body, secret, now + 86_400),),
    "with one of another body": lambda body, secret, now: (good(body + b"\n", secret, now),),
    "with a good one twice": lambda body, secret, now: (good(body, secret, now),) * 2,
    "with a good one behind an old one": lambda body, secret, now: (
        good(body, secret, now - 360),
        good(body, secret, now),
    ),
    "with two moments in one": lambda body, secret, now: (f"{good(body, secret, now)},t={now + 1}",),
    "with a scheme that is none": lambda body, secret, now: (good(body, secret, now).replace("v1=", "v0="),),
}


@pytest.mark.parametrize("how", UNPROVED)
def test_a_notice_that_nobody_proved_is_refused_by_the_gate_and_the_site_and_changes_nothing(
    paper: PayingDemo, charged: tuple[DeskBrowser, str], how: str
) -> None:
    device, subscription = charged
    body, before = notice(subscription), paper.money()
    assert paper.tell(body, UNPROVED[how](body, paper.secrets.notices, int(time.time()))) == 400
    assert paper.money() == before
    assert not paper.opens(device)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"live": True}, 400),
        ({"object": "event"}, 400),
        ({"subscription": "sub_of_another_account", "id": "evt_elsewhere"}, 200),
        ({"subscription": "", "id": "evt_about_nothing"}, 200),
        ({"subscription": "../../v1/checkouts", "id": "evt_of_a_path"}, 200),
    ],
)
def test_a_notice_of_the_other_mode_or_of_another_account_changes_nothing(
    paper: PayingDemo, charged: tuple[DeskBrowser, str], more: dict[str, object], status: int
) -> None:
    device, subscription = charged
    body, before = notice(subscription, **more), paper.money()
    assert paper.tell(body, [good(body, paper.secrets.notices, int(time.time()))]) == status
    assert paper.money() == before
    assert not paper.opens(device)


def test_the_gate_keeps_each_byte_of_a_notice_and_no_amount_of_it_is_believed(
    paper: PayingDemo, charged: tuple[DeskBrowser, str]
) -> None:
    """Bytes that any reading and writing again would change; one good `v1` of three is enough."""
    device, subscription = charged
    said = notice(subscription, amount=1, currency="usd", status="canceled", period_end=4_000_000_000, note="é")
    body = b"\r\n \t" + said.replace(b'": ', b'"  :\r\n') + "\n\u00e9".encode()[:1] + b" "
    secret, now = paper.secrets.notices, int(time.time())
    at, _, digest = good(body, secret, now).partition(",")
    assert paper.tell(body, [f"{at},v1={'0' * 64},{digest},v1={'f' * 64}"]) == 200
    row = dict(zip(_columns(paper, "billing_subscription"), paper.money()["billing_subscription"][-1], strict=True))
    assert (row["provider_id"], row["amount"], row["currency"], row["state"]) == (subscription, 400, "eur", "active")
    assert row["period_end"] < now + 32 * 86_400
    until(lambda: paper.opens(device), SOON)
    # And once more: dealt with, nothing moves.
    before = paper.money()
    assert paper.tell(body, [good(body, secret, now)]) == 200
    assert paper.money() == before


@pytest.mark.parametrize("size", [(256 << 10) + 1, (1 << 20) + 1])
def test_a_notice_that_is_larger_than_any_is_refused_however_well_it_is_signed(
    paper: PayingDemo, charged: tuple[DeskBrowser, str], size: int
) -> None:
    device, subscription = charged
    body, before = notice(subscription).ljust(size), paper.money()
    assert paper.tell(body, [good(body, paper.secrets.notices, int(time.time()))]) == 413
    assert paper.money() == before
    assert not paper.opens(device)


def test_a_notice_under_another_name_of_this_host_or_by_get_is_refused(
    paper: PayingDemo, charged: tuple[DeskBrowser, str]
) -> None:
    device, subscription = charged
    body, before = notice(subscription), paper.money()
    headers = {"Till-Signature": good(body, paper.secrets.notices, int(time.time()))}
    for method, named, status in (("POST", "elsewhere.example", 421), ("GET", "", 405), ("PUT", "", 405)):
        with closing(http.client.HTTPConnection("127.0.0.1", paper.port, timeout=20)) as line:
            line.request(method, NOTICE, body, headers | ({"Host": named} if named else {}))
            assert line.getresponse().status == status, (method, named)
    assert paper.money() == before
    assert not paper.opens(device)


def _columns(paper: PayingDemo, table: str) -> list[str]:
    with closing(sqlite3.connect(f"file:{paper.demo.home / 'site.db'}?mode=ro", uri=True)) as site:
        return [row[1] for row in site.execute(f"PRAGMA table_info({table})")]


def test_while_the_till_hangs_the_page_says_that_nothing_was_charged_and_the_same_form_pays_once(
    paper: PayingDemo,
) -> None:
    device = paper.signed_in("ole@example.test")
    form = paper.form(device)
    with paper.till_hangs():
        answer = device.post("/-/subscribe", form)
        assert answer.status == 503
        assert "Nothing was charged" in answer.text
        # What the wall shows needs no till.
        assert "The rest is for subscribers" in device.get(SUBSCRIBERS).text
    # What hung is answered now, behind our back; the form comes again, twice.
    pages = {device.post("/-/subscribe", form).headers["refresh"] for _ in range(2)}
    begun = [one for one in paper.at_the_till("checkout") if one["email"] == "ole@example.test"]
    assert len(begun) == 1
    (page,) = pages
    for _ in range(2):
        back = paper.at_till(page.removeprefix("0; url="), card="works").headers["location"]
    with paper.till_hangs():
        waiting = device.get(back.removeprefix(paper.demo.url))
        assert (waiting.status, waiting.headers["refresh"]) == (503, "5")
        assert "your payment is safe" in waiting.text
        assert not paper.opens(device)
    assert device.get(back.removeprefix(paper.demo.url)).status == 303
    assert paper.opens(device)
    assert paper.charges("ole@example.test") == 1


def test_a_site_process_that_is_killed_between_charge_and_entitlement_loses_nothing(paper: PayingDemo) -> None:
    device = paper.signed_in("kai@example.test")
    back = paper.pay(device)
    killed = paper.process("foldline.server.site_process site")
    answers: list[int] = []
    with paper.till_hangs():
        # The till has the money, the site asks about it, and dies while it waits.
        waiting = threading.Thread(target=lambda: answers.append(device.get(back).status))
        waiting.start()
        until(paper.is_asked)
        paper.kill_site()
        waiting.join(20)
    assert answers == [502]
    assert not paper.opens(device)
    until(lambda: device.get(back).status == 303, RESTART)
    assert paper.process("foldline.server.site_process site") != killed
    assert paper.opens(device)
    assert paper.charges("kai@example.test") == 1


def test_a_notice_that_met_a_killed_site_comes_again_and_opens_for_who_never_came_back(paper: PayingDemo) -> None:
    device = paper.signed_in("mia@example.test")
    address = paper.begin(device)
    paper.notices_come("at once")
    try:
        paper.kill_site()
        paper.at_till(address, card="works")
        until(lambda: paper.opens(device), RESTART)
    finally:
        paper.notices_come("never")
    assert paper.charges("mia@example.test") == 1


NAME = "Ophelia Marlowe"


def opened(paper: PayingDemo, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run a statement in the newspaper's database, and take what it gives."""
    with closing(sqlite3.connect(paper.demo.home / "site.db", timeout=10)) as site, site:
        return site.execute(statement, values).fetchall()


def told_in_sessions(paper: PayingDemo) -> bytes:
    """What all sessions hold: in the file they are packed, and a search of its bytes would miss it."""
    told = []
    for (data,) in opened(paper, "SELECT session_data FROM django_session"):
        packed = str(data).partition(":")[0]
        raw = base64.urlsafe_b64decode(packed.lstrip(".") + "===")
        told.append(zlib.decompress(raw) if packed.startswith(".") else raw)
    return b"".join(told)


def files_with(paper: PayingDemo, *words: str) -> dict[str, int]:
    """The files of the home, and the log, in which words stand, and how often. The till is another firm: its books are
    left out."""
    home = paper.demo.home
    files = [file for file in (*home.rglob("*"), log_of(home)) if file.is_file() and "till.db" not in file.name]
    held = {file.name: file.read_bytes().lower() for file in files}
    counts = {name: sum(data.count(word.lower().encode()) for word in words) for name, data in held.items()}
    return {name: count for name, count in counts.items() if count}


def test_after_erasing_a_subscriber_no_file_of_the_home_has_them_but_the_legal_table(paper: PayingDemo) -> None:
    address = "ophelia@example.test"
    device = paper.signed_in(address)
    device.get(paper.pay(device))
    assert paper.opens(device)
    opened(paper, "UPDATE readers_reader SET name = ? WHERE email = ?", NAME, address)
    ((key, number),) = opened(paper, "SELECT key, id FROM readers_reader WHERE email = ?", address)
    waiting = DeskBrowser(paper.port)
    waiting.get("/-/sign-in")
    waiting.post("/-/sign-in", {"email": address, "next": "/"})
    desk = DeskBrowser(int(str(paper.demo.facts["desk"]).rstrip("/").rpartition(":")[2]))
    desk.get("/sign-in")
    assert desk.post("/demo/enter", {"role": "service"}).status == 303
    desk.get("/service/")
    assert desk.post("/service/", {"wanted": address}).headers["location"] == f"/service/{number}"
    desk.get(f"/service/{number}")
    desk.post(f"/service/{number}/give", {"product": "1", "days": "9", "note": f"{NAME} rang"})
    desk.post(f"/service/{number}/note", {"text": f"{NAME} <{address}> has moved"})
    ((subscription,),) = opened(paper, "SELECT id FROM billing_subscription WHERE reader_id = ?", number)
    device.get(f"/-/account/subscriptions/{subscription}/cancel")
    assert device.post(f"/-/account/subscriptions/{subscription}/cancel").status == 303
    device.get("/-/withdraw")
    declared = {"name": NAME, "email": address, "number": "none that is known"}
    device.post("/-/withdraw", declared)
    assert device.post("/-/withdraw", {**declared, "confirmed": "1"}).status == 200
    words = (address, NAME, str(key))
    until(lambda: sum("Subject: Your withdrawal" in file.read_text() for file in mails_to(paper, address)) == 1)
    before = files_with(paper, *words)
    assert {file.name for file in mails_to(paper, address)} < set(before)
    assert {"site.db", "site.db-wal"} & set(before)
    assert address.encode() in told_in_sessions(paper)
    device.get("/-/account/erase")
    assert device.post("/-/account/erase").status == 200

    rows = opened(paper, "SELECT * FROM billing_withdrawal WHERE email = ?", address)
    legal = sum(str(value).lower().count(word.lower()) for row in rows for value in row for word in words)
    assert legal >= 4
    until(lambda: files_with(paper, *words) == {"site.db": legal})
    held = told_in_sessions(paper)
    assert [word for word in words if word.encode() in held] == []
    assert opened(paper, "SELECT state, customer != '' FROM billing_subscription WHERE id = ?", subscription)
    assert paper.opens(device) is False


def mails_to(paper: PayingDemo, address: str) -> list[Path]:
    return [file for file in (paper.demo.home / "mail").iterdir() if f"To: {address}" in file.read_text()]


PLACES = ("before ledger.apply", "after owned.follow", "before orders.confirm", "before passes.give_pass")
WAYS = ("their reader comes back", "a notice comes again", "somebody compares")
#: The short form meets each way once, the long one every pair that can be: a notice gives no pass.
SHORT = [(PLACES[1], WAYS[1]), (PLACES[2], WAYS[2]), (PLACES[3], WAYS[0])]
KILLS = [pair for pair in product(PLACES, WAYS) if pair != (PLACES[3], WAYS[1])] if LONG else SHORT


@pytest.mark.parametrize(("place", "way"), KILLS)
def test_a_site_that_is_killed_inside_of_what_a_payment_does_loses_nothing_and_does_nothing_twice(
    paper: PayingDemo, place: str, way: str
) -> None:
    address = f"k{KILLS.index((place, way))}@example.test"
    here, elsewhere = (paper.signed_in(address) for _ in range(2))
    page = paper.begin(here)
    with paper.killed_at(place) as killed, ThreadPoolExecutor(1) as asking:
        if way == "a notice comes again":
            paper.notices_come("at once")
        try:
            back = paper.at_till(page, card="works").headers["location"].removeprefix(paper.demo.url)
            if way != "a notice comes again":
                answer = asking.submit(here.get, back)
            killed()
            if way != "a notice comes again":
                assert answer.result(20).status == 502
            # In the middle of the transaction nothing is kept, after it all of it.
            committed = place in PLACES[2:]
            assert paper.entitlements(address) == [("paid", 0)] * committed
            if way == "their reader comes back":
                until(lambda: here.get(back).status == 303, RESTART)
            elif way == "somebody compares":
                compared = paper.reconcile()
                assert compared.returncode == 0, compared.stderr
                assert (paper.subscription_of(address) in compared.stdout) is not committed
            until(lambda: paper.opens(here) and paper.opens(elsewhere), RESTART)
            until(lambda: paper.receipts(address) == 1, RESTART)
        finally:
            paper.notices_come("never")
    # Whatever else comes, nothing is done twice.
    until(lambda: here.get(back).status == 303, RESTART)
    if LONG or way == "somebody compares":
        assert "Nothing differs" in paper.reconcile().stdout
    assert paper.entitlements(address) == [("paid", 0)]
    assert (paper.charges(address), paper.receipts(address)) == (1, 1)


def test_a_payment_opens_here_at_once_and_on_another_device_soon_and_a_refund_closes_both(paper: PayingDemo) -> None:
    """In the long form within the second that is promised, of which the figures are printed."""
    until(lambda: paper.signed_in("warm@example.test").get("/-/account").status == 200, RESTART)
    took: dict[str, list[float]] = {"opened elsewhere": [], "closed here": [], "closed elsewhere": []}
    for number in range(10 if LONG else 1):
        address = f"ida{number}@example.test"
        here, elsewhere = (paper.signed_in(address) for _ in range(2))
        assert not paper.opens(elsewhere)
        back = paper.pay(here)
        answer = here.get(back)
        began = time.monotonic()
        assert (answer.status, answer.headers["location"]) == (303, f"{SUBSCRIBERS}#continue")
        assert paper.opens(here), "the first question after paying"
        until(lambda device=elsewhere: paper.opens(device), SOON)  # type: ignore[misc]
        took["opened elsewhere"].append(time.monotonic() - began)
        paper.notices_come("at once")
        try:
            paper.at_till(f"{paper.till}/subscriptions/{paper.subscription_of(address)}/refund")
            began = time.monotonic()
            until(lambda device=here: not paper.opens(device), SOON)  # type: ignore[misc]
            took["closed here"].append(time.monotonic() - began)
            until(lambda device=elsewhere: not paper.opens(device), SOON)  # type: ignore[misc]
            took["closed elsewhere"].append(time.monotonic() - began)
        finally:
            paper.notices_come("never")
    print({name: f"{max(times):.2f} s at most, of {len(times)}" for name, times in took.items()})
