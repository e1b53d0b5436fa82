"""Reader service, over HTTP: from an address to the reason, what a reader pays, and what staff do about it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from unittest import mock

import pytest
from tests.billing.conftest import ALL
from tests.billing.memory_provider import DAY, MemoryProvider
from tests.django_home import SETTINGS
from tests.newsroom.room import Newsroom, body
from tests.readers.browser import Browser, last_code, last_link
from tests.readers.processes import DeskBrowser, served

from foldline.stores.database import transaction
from foldline.stores.home import Home
from foldline.stores.schema import connect

from .conftest import Log
from .staff_room import enter, make_staff, with_password

PLANS = """
[plan.all]
name = "All of it"
amount = "4.00"
currency = "eur"

[plan.yearly]
name = "A year of it"
amount = "40.00"
currency = "eur"
interval = "year"
trial-days = 14
"""
TILL = "http://127.0.0.1:9009"
NORA = "nora@example.test"


@pytest.fixture(scope="module")
def port(home: Home) -> Iterator[int]:
    with selling_desk(home) as port:
        yield port


@contextmanager
def selling_desk(home: Home, broken: str = "") -> Iterator[int]:
    """A desk of a publication that sells by a till. It never asks the till, which is not there."""
    home.settings_file.write_text(SETTINGS + PLANS, encoding="utf-8")
    try:
        with mock.patch.dict(os.environ, {"FOLDLINE_TILL": TILL}), served(home, "desk", broken=broken) as port:
            assert DeskBrowser(port).get("/sign-in").status == 200
            yield port
    finally:
        home.settings_file.write_text(SETTINGS, encoding="utf-8")


@dataclass
class Case:
    """A reader who is signed in with `browser` and subscribed; `there` is what the provider has, `number` which."""

    pk: int
    key: str
    browser: Browser
    there: MemoryProvider
    number: str
    article: int
    path: str

    def hear(self) -> None:
        """The ledger follows the provider, at the provider's hour."""
        from foldline.site.billing import ledger

        ledger.apply("till", self.there.subscription(self.number), int(time.time()))

    @property
    def page(self) -> str:
        return f"/service/{self.pk}"


@pytest.fixture
def nora(site: None, newsroom: Newsroom, home: Home) -> Iterator[Case]:
    from django.conf import settings
    from django.test import override_settings

    from foldline.site.billing import plans
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article
    from foldline.site.readers.models import Reader

    made = Article.objects.create(headline="A river’s way home", body=body(word="meadow"), access="subscribers")
    publishing.publish(made)
    browser = Browser()
    browser.sign_in(NORA)
    reader = Reader.objects.get(email=NORA)
    there = MemoryProvider(int(time.time()))
    with override_settings(FOLDLINE=replace(settings.FOLDLINE, plans=(ALL,))):
        number = there.subscribe(reader.key, plans.price_of(ALL))
        case = Case(reader.pk, reader.key, browser, there, number, made.pk, made.path)
        case.hear()
        yield case
    forget_subscriptions(home)


def forget_subscriptions(home: Home) -> None:
    """The log of billing refuses it; a test makes the tables empty for the next one all the same."""
    connection = connect(home.site_db)
    if home.database is not None:
        connection.execute("ALTER TABLE billing_billingevent DISABLE TRIGGER billing_billingevent_stays")
        with transaction(connection):
            for table in ("ownedentitlement", "billingevent", "subscription"):
                connection.execute(f"DELETE FROM billing_{table}")
        connection.execute("ALTER TABLE billing_billingevent ENABLE TRIGGER billing_billingevent_stays")
        connection.close()
        return
    guards = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'billing_billingevent'"
    ).fetchall()
    assert len(guards) == 2
    for name, _ in guards:
        connection.execute(f"DROP TRIGGER {name}")
    for table in ("ownedentitlement", "billingevent", "subscription"):
        connection.execute(f"DELETE FROM billing_{table}")
    for _, guard in guards:
        connection.execute(guard)
    connection.close()


def read(page: str) -> str:
    """What a person reads on a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page.partition("<main")[2].partition("</main>")[0])).split())


def part(page: str, heading: str) -> str:
    """The section of a page that a heading names by its id."""
    return read(
        "<main" + page.partition(f'<section aria-labelledby="{heading}">')[2].partition("</section>")[0] + "</main>"
    )


def mail_to(home: Home, email: str, seconds: float = 15) -> str:
    """The newest mail that the desk's process wrote to somebody; "" for none. Waits until there is one."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for file in sorted(home.mail.glob("*"), key=lambda one: one.stat().st_mtime, reverse=True):
            text = file.read_text(encoding="utf-8")
            if f"To: {email}" in text and text.rstrip().endswith("-" * 79):
                return text
        time.sleep(0.05)
    return ""


def test_from_an_address_to_the_reason_in_one_screen(desk: DeskBrowser, nora: Case) -> None:
    nora.there.fail(nora.number)
    nora.hear()
    nora.there.end(nora.number)
    nora.hear()
    enter(desk, "service")
    desk.get("/service/")
    found = desk.post("/service/", {"wanted": NORA}).headers["location"]
    page = desk.get(found).text
    why, bought = part(page, "why"), part(page, "bought")
    assert "All of the publication: ended on" in why
    assert "The preview." in why
    assert "What the reader was entitled to has ended." in why
    assert "subscription-ended" in why
    assert "All of it, €4 a month" in bought
    assert "Ended, or left unpaid: it opens nothing." in bought
    assert "Next charge none" in bought
    assert "payment-failed: active → past-due" in bought
    assert "ended: past-due → lapsed" in bought
    assert f'href="{TILL}/#{nora.number}"' in page


def test_what_is_paid_and_charged_next_is_told_from_the_ledger(desk: DeskBrowser, nora: Case) -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    enter(desk, "service")
    page = desk.get(nora.page).text
    end = datetime.fromtimestamp(nora.there.subscription(nora.number).period_end, ZoneInfo("America/New_York"))
    bought = part(page, "bought")
    assert f"Paid until {end:%Y-%m-%d %H:%M}" in bought
    assert f"Next charge €4 on {end:%Y-%m-%d}" in bought
    assert "Something that the reader is entitled to opens this article." in part(page, "why")
    assert "The whole." in part(page, "why")
    nora.there.will_end(nora.number, at_period_end=True)
    nora.hear()
    bought = part(desk.get(nora.page).text, "bought")
    assert "Cancelled: it opens until the end of what is paid." in bought
    assert "Next charge none" in bought


def test_the_answer_for_an_article_is_that_of_the_page_which_shows_it(desk: DeskBrowser, nora: Case, log: Log) -> None:
    from foldline.insight.decisions import last_decisions
    from foldline.site.readers.models import Change

    changes = Change.objects.count()
    enter(desk, "service")
    for wanted in ("river", nora.path, f"http://127.0.0.1:8080{nora.path}?utm=1"):
        page = desk.get(f"{nora.page}?q={wanted}").text
        link = re.search(r'href="(/see-as\?[^"]+)"', page)
        assert link is not None, wanted
        seen = desk.get(unescape(link[1])).text
        codes = re.findall(r"</span> ([a-z-]+)(?:<br>|</li>)", seen)
        assert codes
        assert re.findall(r'<span class="about">([a-z-]+)(?: ·[^<]*)?</span></li>', page) == codes
    assert "No published article has this" in desk.get(f"{nora.page}?q=nothing-like-it").text
    assert "No published article has this" in desk.get(f"{nora.page}?q=/nowhere").text
    assert log.changes() == []
    assert Change.objects.count() == changes
    from django.conf import settings

    assert last_decisions(settings.FOLDLINE.home.events, 10) == []


def test_who_is_signed_in_nowhere_or_closed_is_told_before_what_would_open(desk: DeskBrowser, nora: Case) -> None:
    from foldline.site.readers import passes
    from foldline.site.readers.models import Reader

    enter(desk, "service")
    assert "every device gets what a stranger gets" not in read(desk.get(nora.page).text)
    reader = Reader.objects.get(pk=nora.pk)
    passes.end_all(reader)
    assert "Signed in nowhere: every device gets what a stranger gets." in read(desk.get(nora.page).text)
    Reader.objects.filter(pk=nora.pk).update(is_active=False)
    assert "The account is closed, so nobody signs in to it" in read(desk.get(nora.page).text)


def test_a_reader_is_found_by_key_and_by_the_number_of_a_subscription(desk: DeskBrowser, nora: Case) -> None:
    from foldline.site.billing.models import Subscription

    enter(desk, "service")
    desk.get("/service/")
    customer = Subscription.objects.get().customer
    for wanted in (nora.key, nora.key.upper(), nora.number, customer, f" {nora.number} "):
        assert desk.post("/service/", {"wanted": wanted}).headers.get("location") == nora.page, wanted
    for wanted in (nora.number[:-1], nora.key[:-1], "%%%", "___"):
        assert "No account has an address that begins so" in desk.post("/service/", {"wanted": wanted}).text, wanted
    Subscription.objects.update(reader=None)
    assert (
        f"The subscription {nora.number} belongs to no account here"
        in desk.post("/service/", {"wanted": nora.number}).text
    )


def test_who_may_not_see_payments_sees_none_and_finds_nobody_by_one(desk: DeskBrowser, nora: Case) -> None:
    from django.contrib.auth.models import Permission

    from foldline.site.desk.roles import Power
    from foldline.site.readers.models import Reader

    member = Reader.objects.get(email=enter(desk, "editor"))
    member.user_permissions.add(Permission.objects.get(codename=Power.SERVE_READERS.partition(".")[2]))
    page = desk.get(nora.page)
    assert page.status == 200
    assert 'id="bought"' not in page.text
    assert "€" not in page.text
    assert nora.number not in page.text
    assert "No account has" in desk.post("/service/", {"wanted": nora.number}).text
    assert desk.get("/plans").status == 403


def test_days_are_given_beside_a_subscription_and_only_they_are_ended(desk: DeskBrowser, nora: Case, log: Log) -> None:
    from foldline.site.readers.models import Entitlement

    enter(desk, "service")
    desk.get(nora.page)
    paid = Entitlement.objects.get()
    assert desk.post(f"{nora.page}/give", {"product": "1", "days": "14", "note": ""}).status == 400
    assert desk.post(f"{nora.page}/give", {"product": "1", "days": "14", "note": "late paper"}).status == 303
    comp = Entitlement.objects.exclude(pk=paid.pk).get()
    assert (comp.kind, comp.note) == ("complimentary", "late paper")
    for one in (paid, comp):
        desk.get(nora.page)
        assert desk.post(f"{nora.page}/end", {"entitlement": str(one.pk)}).status == 303
        one.refresh_from_db()
    assert (paid.ended_at is None, comp.ended_at is None) == (True, False)
    gave, ended = (entry.split("|")[1:] for entry in log.changes())
    given = f"complimentary, 14 days, until {comp.ends_at:%Y-%m-%d}"
    assert gave == ["gave", "entitlement", f"until {paid.ends_at:%Y-%m-%d}", given]
    assert ended == ["ended", "entitlement", f"until {comp.ends_at:%Y-%m-%d}", "ended now"]


def test_a_code_goes_to_the_reader_alone_and_works_where_it_was_asked_for(
    desk: DeskBrowser, nora: Case, home: Home, log: Log
) -> None:
    for file in home.mail.glob("*"):
        file.unlink()
    email = enter(desk, "service")
    assert "No browser waits for one." in read(desk.get(nora.page).text)
    waiting = Browser()
    waiting.ask(NORA)
    first, link = last_code(), last_link()
    assert waiting.get(link).status_code == 200
    assert "A browser waits for one." in read(desk.get(nora.page).text)
    answer = desk.post(f"{nora.page}/code")
    assert answer.headers["location"] == f"{nora.page}?done=code"
    mailed = mail_to(home, NORA)
    code = re.search(r"^\s{4}(\d{6})\s*$", mailed, re.MULTILINE)
    assert code is not None
    assert "/sign-in/link/" not in mailed
    shown = desk.get(answer.headers["location"])
    assert "A new code is on its way to the reader." in read(shown.text)
    assert code[1] not in shown.text + answer.text + str(answer.headers) + str(log.entries())
    assert log.changes() == [f"{email}|sent a code|reader||mailed to the reader"]
    assert waiting.get(link).status_code == 410
    if first != code[1]:
        assert waiting.type_code(first).status_code == 400
    assert Browser().get("/-/sign-in/code")["Location"] == "/-/sign-in"
    assert waiting.type_code(code[1]).status_code == 303
    assert waiting.get("/-/account").status_code == 200
    assert "No browser waits for one." in read(desk.get(nora.page).text)


def test_no_code_is_sent_to_who_waits_for_none_tried_too_often_or_is_closed(
    desk: DeskBrowser, nora: Case, home: Home, log: Log
) -> None:
    from foldline.site.readers.models import Reader, SignInCode

    for file in home.mail.glob("*"):
        file.unlink()
    enter(desk, "service")
    desk.get(nora.page)
    none = f"{nora.page}?done=no-code"
    assert desk.post(f"{nora.page}/code").headers["location"] == none
    Browser().ask(NORA)
    asked = SignInCode.objects.get(spent_at=None)
    SignInCode.objects.filter(pk=asked.pk).update(tries=5)
    assert desk.post(f"{nora.page}/code").headers["location"] == none
    SignInCode.objects.filter(pk=asked.pk).update(tries=4)
    Reader.objects.filter(pk=nora.pk).update(is_active=False)
    assert desk.post(f"{nora.page}/code").headers["location"] == none
    assert "No code was sent" in read(desk.get(none).text)
    assert log.changes() == []
    assert list(home.mail.glob("*")) == []
    Reader.objects.filter(pk=nora.pk).update(is_active=True)
    assert desk.post(f"{nora.page}/code").headers["location"] == f"{nora.page}?done=code"
    assert SignInCode.objects.get(pk=asked.pk).tries == 4


def test_a_mailbox_is_not_flooded_from_the_desk(desk: DeskBrowser, site: None) -> None:
    from foldline.site.readers.models import Reader

    Browser().ask("much.mail@example.test")
    page = f"/service/{Reader.objects.get(email='much.mail@example.test').pk}"
    enter(desk, "service")
    desk.get(page)
    became = [desk.post(f"{page}/code").headers["location"].partition("=")[2] for _ in range(22)]
    assert became == ["code"] * 20 + ["too-many"] * 2


ACTS = ("give", "end", "code", "sign-out", "end-feed", "erase", "note", "merge")


def test_nothing_is_done_by_get_without_a_token_or_before_the_second_factor(
    desk: DeskBrowser, nora: Case, log: Log
) -> None:
    from foldline.site.readers.models import Entitlement, SignInCode

    Browser().ask(NORA)
    before = (list(Entitlement.objects.values()), list(SignInCode.objects.values()))
    form = {"product": "1", "days": "9", "note": "x", "text": "x", "email": NORA}
    form["entitlement"] = str(Entitlement.objects.get().pk)
    enter(desk, "service")
    desk.get(nora.page)
    for act in ACTS:
        assert desk.get(f"{nora.page}/{act}").status == 405, act
        assert desk.post(f"{nora.page}/{act}", {**form, "csrfmiddlewaretoken": "x" * 32}).status == 403, act
    fresh = DeskBrowser(desk.port)
    with_password(fresh, make_staff("service"))
    fresh.get("/second-factor")
    for act in ACTS:
        assert fresh.post(f"{nora.page}/{act}", form).headers["location"] == "/second-factor", act
    assert before == (list(Entitlement.objects.values()), list(SignInCode.objects.values()))
    assert log.changes() == []


def test_plans_are_listed_with_how_many_subscribe_and_how_the_last_comparison_went(
    desk: DeskBrowser, nora: Case
) -> None:
    from foldline.site.billing.models import Subscription
    from foldline.site.desk import due_jobs
    from foldline.site.desk.models import DueJob
    from foldline.site.desk.plan_list import RECONCILE

    enter(desk, "service")
    page = read(desk.get("/plans").text)
    assert "All of it all €4 a month All of the publication 1 1 active" in page
    assert "A year of it yearly €40 a year the first 14 days cost nothing All of the publication 0 nobody yet" in page
    assert "the payments are taken by till" in page
    assert "Not yet" in page
    due_jobs.enrol([(RECONCILE, DAY)])
    assert due_jobs.take(RECONCILE, "a test")
    due_jobs.done(RECONCILE, "a test", DAY, result="2 differed: 2 repaired; access taken away from 1.")
    Subscription.objects.update(plan="gone")
    page = read(desk.get("/plans").text)
    assert "gone sold no more as it was sold 1 1 active" in page
    assert "2 differed: 2 repaired; access taken away from 1." in page
    DueJob.objects.all().delete()


def test_every_reason_and_every_state_has_words_for_staff() -> None:
    from foldline.policy.reasons import Reason
    from foldline.site.billing.lifecycle import State
    from foldline.site.desk.service import bought, sayings

    assert set(sayings.SAYINGS) == set(Reason)
    assert set(bought.SAYINGS) == set(State)
    assert len(set(sayings.SAYINGS.values())) == len(Reason)


#: Defences of the desk, taken away all at once in a process of its own.
BROKEN = """
from foldline.site.desk.service import finding, reader_page, resending
from foldline.site.readers.models import Entitlement
finding.may = reader_page.may = lambda request, power: True
reader_page._keeps_out = lambda one, signed_in: ""
resending.waiting = resending.codes.waiting
resending.ratelimit.consume = lambda *args, **how: True
Entitlement.OF_SUBSCRIPTIONS = frozenset()
"""

#: Which of them each test stands for, and what it misses then.
FAULTS: dict[str, tuple[Callable[..., None], tuple[str, ...], str]] = {
    "payments are shown to everybody": (
        test_who_may_not_see_payments_sees_none_and_finds_nobody_by_one,
        ("nora",),
        "bought",
    ),
    "what a reader would get signed in is told of who can't": (
        test_who_is_signed_in_nowhere_or_closed_is_told_before_what_would_open,
        ("nora",),
        "Signed in nowhere: every device",
    ),
    "a closed account gets a code": (
        test_no_code_is_sent_to_who_waits_for_none_tried_too_often_or_is_closed,
        ("nora", "home", "log"),
        "done=no-code",
    ),
    "a mailbox may be flooded": (test_a_mailbox_is_not_flooded_from_the_desk, ("site",), "too-many"),
    "what a subscription owns is ended": (
        test_days_are_given_beside_a_subscription_and_only_they_are_ended,
        ("nora", "log"),
        "True, False",
    ),
}


@pytest.fixture(scope="module")
def broken_port(home: Home, port: int) -> Iterator[int]:
    with selling_desk(home, BROKEN) as broken:
        yield broken


@pytest.mark.parametrize("name", FAULTS)
def test_without_the_defence_its_test_goes_red(broken_port: int, request: pytest.FixtureRequest, name: str) -> None:
    test, needs, missed = FAULTS[name]
    given = {need: None if need == "site" else request.getfixturevalue(need) for need in needs}
    request.getfixturevalue("site")
    with pytest.raises(AssertionError) as red:
        test(desk=DeskBrowser(broken_port), **given)
    assert missed in str(red.value)


def test_a_private_feed_that_many_networks_ask_for_is_named_and_ended_at_the_desk(
    desk: DeskBrowser, nora: Case, log: Log
) -> None:
    from foldline.site.feeds import keys
    from foldline.site.feeds.models import FeedKey, FeedUse
    from foldline.site.readers import moment
    from foldline.site.readers.models import PassFacts, Reader

    reader = Reader.objects.get(pk=nora.pk)
    secret = keys.make(reader, "")
    feed = FeedKey.objects.get(reader=reader)
    for number in range(keys.MANY):
        FeedUse.objects.create(session=feed.pass_session, day=moment.today(), network=f"{number:032x}")
    enter(desk, "service")
    page = desk.get(nora.page).text
    assert f"asked for from {keys.MANY} networks on the busiest day this week" in page
    assert "the address was probably passed on" in page
    assert secret not in page
    assert desk.post(f"{nora.page}/end-feed", {"feed": str(feed.pk)}).status == 303
    assert not PassFacts.objects.filter(session=feed.pass_session).exists()
    assert "Private feeds" not in desk.get(nora.page).text
    assert any("ended a feed" in line for line in log.changes())
