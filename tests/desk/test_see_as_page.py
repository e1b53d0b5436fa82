"""See as, over HTTP: choosing, the frame, and the trace beside it."""

from __future__ import annotations

import re
from html import unescape

import pytest
from tests.newsroom.room import Newsroom, body
from tests.readers.browser import Browser
from tests.readers.processes import DeskBrowser

from foldline.stores.home import Home

from .conftest import Log
from .staff_room import enter


@pytest.fixture
def article(site: None, newsroom: Newsroom) -> int:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article

    made = Article.objects.create(headline="A river’s <way> home", body=body(word="meadow"), access="metered")
    publishing.publish(made)
    return int(made.pk)


def frames(text: str) -> list[str]:
    return [unescape(found) for found in re.findall(r'<iframe class="frame" sandbox="" src="([^"]+)"', text)]


def test_an_article_is_found_by_headline_path_or_whole_address(desk: DeskBrowser, article: int) -> None:
    enter(desk, "editor")
    link = f"?article={article}&amp;as=anonymous"
    for query in ("river", "RIVER", "/a-rivers-way-home", "http://127.0.0.1:8080/a-rivers-way-home?x=1"):
        assert link in desk.get(f"/see-as?q={query}").text, query
    assert "No published article" in desk.get("/see-as?q=teapot").text
    assert "A river’s &lt;way&gt; home" in desk.get("/see-as").text


def test_a_metered_article_is_shown_before_and_after_it_is_counted(
    desk: DeskBrowser, newsroom: Newsroom, article: int
) -> None:
    enter(desk, "editor")
    page = desk.get(f"/see-as?article={article}&as=one-left").text
    first, then = frames(page)
    assert "What comes at once" in page
    assert "When it is counted" in page
    assert "meter-has-room" in page
    assert "foldline.toml [meter] limit" in page
    preview, whole = desk.get(first).text, desk.get(then).text
    assert "Paragraph 11 tells of the meadow" not in preview
    assert "Paragraph 11 tells of the meadow" in whole


def test_a_refusal_is_shown_with_every_finding_ticked_or_crossed(desk: DeskBrowser, article: int) -> None:
    enter(desk, "revenue")
    page = desk.get(f"/see-as?article={article}&as=none-left").text
    assert len(frames(page)) == 1
    found = re.findall(
        r'<li class="(good|bad)"><span aria-hidden="true">(.)</span><span class="sr">\w+:</span> ([\w-]+)', page
    )
    assert found == [("bad", "✗", "subscription-needed"), ("bad", "✗", "meter-is-spent")]
    assert "The preview" in page


def test_the_frame_may_run_nothing_and_stand_in_the_desk_only(desk: DeskBrowser, article: int) -> None:
    from foldline.site.desk.see_as import FRAME_POLICY

    enter(desk, "editor")
    answer = desk.get(f"/see-as/frame?article={article}&as=subscriber")
    assert answer.headers["content-security-policy"] == FRAME_POLICY
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["cache-control"] == "private, no-store"
    assert "sandbox;" in FRAME_POLICY
    assert "script-src" not in FRAME_POLICY
    page = desk.get(f"/see-as?article={article}&as=subscriber")
    assert "frame-src 'self';" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"


def test_the_files_of_a_page_are_served_to_a_frame_without_an_origin_and_nothing_else_is(
    desk: DeskBrowser, article: int
) -> None:
    enter(desk, "editor")
    whole = desk.get(f"/see-as/frame?article={article}&as=subscriber").text
    style = re.search(r'href="(/-/static/foldline\.[0-9a-f]+\.css)"', whole)
    assert style is not None
    desk.cookies.clear()
    answer = desk.get(style[1])
    assert answer.status == 200
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["access-control-allow-origin"] == "*"
    for path in (
        "/-/static/nothing.css",
        "/-/media/nothing.png",
        "/-/read",
        "/-/account",
        "/-/me",
        "/-/media/..%2fsecret",
    ):
        assert desk.get(path).status in (302, 303, 404), path
        assert "access-control-allow-origin" not in desk.get(path).headers
    assert desk.get(f"/see-as/frame?article={article}&as=subscriber").status == 303


def test_service_sees_any_article_as_one_reader_gets_it(desk: DeskBrowser, article: int, log: Log) -> None:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article
    from foldline.site.readers import entitlements
    from foldline.site.readers.models import Product, Reader

    one = Article.objects.get(pk=article)
    one.access = "subscribers"
    one.save()
    publishing.publish(one)
    enter(desk, "service")
    Browser().sign_in("nora@example.test")
    nora = Reader.objects.get(email="nora@example.test")
    desk.get("/service/")
    assert desk.post("/service/", {"wanted": "NORA@example.test"}).headers["location"] == f"/service/{nora.pk}"
    assert "No entitlement, now or before." in desk.get(f"/service/{nora.pk}").text
    address = f"/see-as?article={article}&reader={nora.pk}"
    page = desk.get(address).text
    assert "subscription-needed" in page
    assert "nora@example.test" in page
    assert "Paragraph 11" not in desk.get(frames(page)[0]).text
    right = entitlements.give(nora, Product.objects.get(), kind="staff")
    page = desk.get(address).text
    assert "subscription-covers" in page
    assert "Paragraph 11" in desk.get(frames(page)[0]).text
    entitlements.end(right)
    assert "subscription-ended" in desk.get(address).text
    assert log.changes() == []


def test_what_is_not_there_answers_404_and_a_draft_is_not_shown(desk: DeskBrowser, article: int) -> None:
    from foldline.site.newsroom.models import Article

    draft = Article.objects.create(headline="Not yet", body=body())
    enter(desk, "admin")
    for path in ("?article=999999", "?article=x", "?article=-1", "?article=1e3", f"?article={article}&reader=999999"):
        assert desk.get(f"/see-as{path}").status == 404, path
    assert desk.get("/see-as/frame").status == 404
    assert desk.get(f"/see-as/frame?article={article}&as=nobody").status == 404
    assert desk.get(f"/see-as/frame?article={draft.pk}&as=subscriber").status == 404
    assert "not on a page of its own: it is draft" in desk.get(f"/see-as?article={draft.pk}&as=subscriber").text
    assert desk.post("/see-as").status == 405


def test_readers_are_found_by_the_beginning_of_their_address_and_never_by_get(desk: DeskBrowser) -> None:
    from foldline.site.readers.models import Reader

    for name in ("nora", "norbert", "wilma"):
        Reader.objects.join(f"{name}@example.test")
    enter(desk, "service")
    desk.get("/service/")
    found = desk.post("/service/", {"wanted": "nor"}).text
    assert "nora@example.test" in found
    assert "norbert@example.test" in found
    assert "wilma" not in found
    assert "nora" not in desk.get("/service/?wanted=nora@example.test").text
    assert "No account" in desk.post("/service/", {"wanted": "zzz"}).text
    assert "wilma" not in desk.post("/service/", {"wanted": "w"}).text


def test_the_page_of_a_reader_says_what_keeps_them_from_reading(desk: DeskBrowser) -> None:
    from datetime import timedelta

    from foldline.site.desk.service.known import known_of
    from foldline.site.readers import moment, passes
    from foldline.site.readers.models import Entitlement, PassFacts, Product, Reader

    enter(desk, "service")
    Browser().sign_in("nora@example.test")
    nora = Reader.objects.get(email="nora@example.test")
    product, now = Product.objects.get(), moment.now()
    Entitlement.objects.create(
        reader=nora, product=product, starts_at=now + timedelta(days=2), ends_at=now + timedelta(days=9)
    )
    said = " ".join(known.what for known in known_of(nora) if not known.good)
    assert "starts only on" in said
    PassFacts.objects.update(products="1:5")
    assert any("A device carries another right" in known.what for known in known_of(nora))
    nora.is_active = False
    nora.save()
    passes.end_all(nora)
    page = desk.get(f"/service/{nora.pk}").text
    assert "Meter “site”: 0 of 3 articles read, until " in page
    for sentence in ("The account is closed.", "Signed in nowhere.", "No entitlement, now or before."):
        assert sentence in page


def test_one_session_is_ended_and_the_others_go_on(desk: DeskBrowser) -> None:
    from foldline.site.readers.models import Reader, ReaderSession

    enter(desk, "service")
    first, second = Browser(), Browser(address="192.0.2.8")
    for browser in (first, second):
        browser.sign_in("nora@example.test")
    nora = Reader.objects.get(email="nora@example.test")
    page = f"/service/{nora.pk}"
    session = ReaderSession.objects.filter(reader=nora).earliest("started_at")
    assert desk.get(page).text.count('name="session"') == 2
    assert desk.post(f"{page}/sign-out", {"session": str(session.pk)}).status == 303
    assert first.get("/-/account").status_code == 303
    assert second.get("/-/account").status_code == 200
    assert desk.post(f"{page}/sign-out").status == 303
    assert second.get("/-/account").status_code == 303
    assert desk.post(f"{page}/sign-out", {"session": "x"}).status == 404


def test_a_note_is_kept_with_who_wrote_it_and_goes_with_the_account(desk: DeskBrowser) -> None:
    from foldline.site.desk.models import ReaderNote
    from foldline.site.readers.models import Reader

    email = enter(desk, "service")
    nora = Reader.objects.join("nora@example.test")
    page = f"/service/{nora.pk}"
    desk.get(page)
    desk.post(f"{page}/note", {"text": "Rang about <the> paper."})
    shown = desk.get(page).text
    assert "Rang about &lt;the&gt; paper." in shown
    assert email in shown
    assert desk.post(f"{page}/note", {"text": ""}).status == 400
    nora.delete()
    assert not ReaderNote.objects.exists()


def test_an_account_is_erased_by_typing_its_address_once_more(desk: DeskBrowser, home: Home, log: Log) -> None:
    from django.contrib.sessions.models import Session

    from foldline.site.readers.models import Reader

    waiting = Browser()
    waiting.sign_in("nora@example.test")
    Browser().ask("nora@example.test")
    enter(desk, "service")
    nora = Reader.objects.get(email="nora@example.test")
    page = f"/service/{nora.pk}"
    desk.get(page)
    assert desk.post(f"{page}/erase", {"email": "omar@example.test"}).status == 400
    assert Reader.objects.filter(pk=nora.pk).exists()
    assert desk.post(f"{page}/erase", {"email": " Nora@Example.test "}).status == 303
    assert not Reader.objects.filter(pk=nora.pk).exists()
    assert waiting.get("/-/account").status_code == 303
    assert "nora@example.test" not in str([row.get_decoded() for row in Session.objects.all()])
    assert [entry.partition("|")[2] for entry in log.changes()] == ["erased|reader||"]


def test_a_reader_whose_subscription_is_renewed_is_not_erased_at_the_desk(desk: DeskBrowser, log: Log) -> None:
    from foldline.site.billing.models import Subscription
    from foldline.site.readers.models import Reader

    enter(desk)
    nora = Reader.objects.join("nora@example.test")
    running = Subscription.objects.create(
        provider="memory", provider_id="sub_of_nora", customer="cus", reader=nora, plan="all", products="1",
        grace_days=7, state="active", status="active", period_end=0, cancel_at_period_end=False, paused=False,
        refunded=False, disputed=False, amount=400, currency="eur", created=0, version=1, seen=0,
    )  # fmt: skip
    try:
        desk.get(f"/service/{nora.pk}")
        refused = desk.post(f"/service/{nora.pk}/erase", {"email": "nora@example.test"})
        assert refused.status == 400
        assert "End it at the payment provider first." in refused.text
        assert Reader.objects.filter(email="nora@example.test").exists()
        assert log.changes() == []
    finally:
        running.delete()


def test_staff_are_not_erased_at_the_desk(desk: DeskBrowser) -> None:
    from foldline.site.readers.models import Reader

    email = enter(desk, "service")
    one = Reader.objects.get(email=email)
    assert "Erase the account" not in desk.get(f"/service/{one.pk}").text
    assert desk.post(f"/service/{one.pk}/erase", {"email": email}).status == 400
    assert Reader.objects.get(email=email).is_active
