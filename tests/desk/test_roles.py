"""Who of the staff may see and do what: a table, asked over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.newsroom.room import Newsroom, body
from tests.readers.browser import Browser
from tests.readers.processes import DeskBrowser

from foldline.stores.home import Home
from foldline.stores.open_now import OpenNowStore
from foldline.stores.rule_sets import RuleSetStore

from .staff_room import enter

#: Each page with the roles that may see it. `N` stands for a reader's number, `A` for an article's.
PAGES = {
    "/": {"editor", "service", "revenue", "admin"},
    "/see-as": {"editor", "service", "revenue", "admin"},
    "/see-as?article=A&as=subscriber": {"editor", "service", "revenue", "admin"},
    "/see-as/frame?article=A&as=subscriber": {"editor", "service", "revenue", "admin"},
    "/newsroom/": {"editor", "admin"},
    "/newsroom/article/": {"editor", "admin"},
    "/newsroom/article/add/": {"editor", "admin"},
    "/newsroom/article/A/change/": {"editor", "admin"},
    "/newsroom/article/A/history/": {"editor", "admin"},
    "/newsroom/section/": {"editor", "admin"},
    "/newsroom/image/": {"editor", "admin"},
    "/jobs": {"editor", "admin"},
    "/service/": {"service", "admin"},
    "/service/N": {"service", "admin"},
    "/service/without-end": {"service", "admin"},
    "/readers/": {"service", "revenue", "admin"},
    "/readers/reader/": {"service", "admin"},
    "/readers/reader/N/change/": {"service", "admin"},
    "/readers/reader/add/": {"admin"},
    "/readers/entitlement/": {"service", "admin"},
    "/readers/entitlement/add/": {"service", "admin"},
    "/readers/product/": {"service", "revenue", "admin"},
    "/readers/product/add/": {"admin"},
    "/decisions": {"revenue", "admin"},
    "/open-now": {"editor", "admin"},
    "/newsstand": {"editor", "admin"},
    "/plans": {"service", "revenue", "admin"},
    "/rules": {"revenue", "admin"},
    "/rules/write": {"revenue", "admin"},
    "/audit": {"admin"},
}


@pytest.fixture
def numbers(site: None, newsroom: Newsroom) -> dict[str, str]:
    """A reader who is signed in and an article that is published."""
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article
    from foldline.site.readers.models import Reader

    article = Article.objects.create(headline="A river’s way home", body=body(), access="subscribers")
    publishing.publish(article)
    Browser().sign_in("nora@example.test")
    return {"A": str(article.pk), "N": str(Reader.objects.get(email="nora@example.test").pk)}


def filled(path: str, numbers: dict[str, str]) -> str:
    return path.replace("/N", f"/{numbers['N']}").replace("/A/", f"/{numbers['A']}/").replace("=A", f"={numbers['A']}")


@pytest.mark.parametrize("role", ["editor", "service", "revenue", "admin"])
def test_each_role_sees_its_pages_and_is_refused_at_all_others(
    desk: DeskBrowser, numbers: dict[str, str], role: str
) -> None:
    enter(desk, role)
    answers = {path: desk.get(filled(path, numbers)).status for path in PAGES}
    assert {path for path, status in answers.items() if status == 200} == {
        path for path, roles in PAGES.items() if role in roles
    }
    # Of a whole group of tables Django says that it isn't there, rather than that one may not see it.
    assert {status for status in answers.values() if status != 200} <= {403, 404}
    menu = desk.get("/").text
    places = (
        "/newsroom/",
        "/see-as",
        "/open-now",
        "/newsstand",
        "/service/",
        "/plans",
        "/rules",
        "/decisions",
        "/jobs",
        "/audit",
    )
    assert {path for path in places if f'<li><a href="{path}"' in menu} == {
        path for path in places if role in PAGES[path]
    }


@pytest.mark.parametrize("role", ["editor", "revenue"])
def test_nobody_but_service_and_admins_does_anything_to_a_reader(
    desk: DeskBrowser, numbers: dict[str, str], role: str
) -> None:
    from foldline.site.desk.models import ReaderNote
    from foldline.site.readers.models import Entitlement, PassFacts

    enter(desk, role)
    desk.get("/")
    page = f"/service/{numbers['N']}"
    forms = {
        "/service/": {"wanted": "nora@example.test"},
        f"{page}/give": {"product": "1", "days": "30", "note": "x"},
        f"{page}/end": {"entitlement": "1"},
        f"{page}/sign-out": {},
        f"{page}/code": {},
        f"{page}/note": {"text": "x"},
        f"{page}/merge": {"other": "omar@example.test", "confirmed": "1"},
    }
    assert {path: desk.post(path, form).status for path, form in forms.items()} == dict.fromkeys(forms, 403)
    assert not Entitlement.objects.exists()
    assert not ReaderNote.objects.exists()
    assert PassFacts.objects.get().ended_at == 0
    assert desk.get(f"/see-as?article={numbers['A']}&reader={numbers['N']}").status == 404


def test_service_changes_no_account_no_product_and_no_article(desk: DeskBrowser, numbers: dict[str, str]) -> None:
    from foldline.site.newsroom.models import Article
    from foldline.site.readers.models import Product, Reader

    enter(desk, "service")
    desk.get("/")
    changed = {"email": "other@example.test", "name": "", "is_active": "on", "number": "1", "headline": "x"}
    for path in ("/readers/reader/N/change/", "/readers/product/1/change/", "/newsroom/article/A/change/"):
        assert desk.post(filled(path, numbers), changed).status == 403, path
    assert not Reader.objects.filter(email="other@example.test").exists()
    assert Product.objects.get().name == "All of the publication"
    assert Article.objects.get().headline == "A river’s way home"


def test_revenue_cannot_edit_an_article(desk: DeskBrowser, numbers: dict[str, str]) -> None:
    from foldline.site.newsroom.models import Article

    enter(desk, "revenue")
    desk.get("/")
    action = {"action": "withdraw_chosen", "_selected_action": numbers["A"]}
    assert desk.post("/newsroom/article/", action).status == 403
    assert desk.post(filled("/newsroom/article/A/change/", numbers), {"access": "free"}).status == 403
    assert Article.objects.get().withdrawn_at is None


def test_staff_without_a_role_see_the_front_page_and_nothing_else(desk: DeskBrowser, numbers: dict[str, str]) -> None:
    from foldline.site.readers.models import Reader

    email = enter(desk, "editor")
    Reader.objects.get(email=email).groups.clear()
    assert "You have no role at the desk" in desk.get("/").text
    for path in PAGES:
        if path != "/":
            assert desk.get(filled(path, numbers)).status in (403, 404), path


@pytest.mark.parametrize("role", ["service", "revenue"])
def test_nobody_but_editors_and_admins_opens_anything_to_everybody(
    desk: DeskBrowser, numbers: dict[str, str], home: Home, role: str
) -> None:
    enter(desk, role)
    desk.get("/")
    form = {"scope": "site", "reason": "Public safety", "ends": "2030-01-01T00:00"}
    assert desk.post("/open-now", form).status == 403
    assert desk.post("/open-now/1/close").status == 403
    assert OpenNowStore(home).history() == []


@pytest.mark.parametrize("role", ["editor", "service"])
def test_nobody_but_revenue_and_admins_publishes_rules(
    desk: DeskBrowser, numbers: dict[str, str], home: Home, role: str
) -> None:
    enter(desk, role)
    desk.get("/")
    assert desk.post("/rules/write", {"text": "", "base": "0", "publish": "1"}).status == 403
    assert desk.post("/rules/back", {"active": "1"}).status == 403
    with RuleSetStore(home) as store:
        assert store.history() == []


def test_a_page_that_asks_for_a_sign_in_leads_back_to_itself(desk: DeskBrowser) -> None:
    assert desk.get("/decisions").headers["location"] == "/sign-in?next=/decisions"
    assert desk.post("/service/", {"wanted": "nora@example.test"}).headers.get("location", "/sign-in") == "/sign-in"


def test_a_migration_writes_the_groups_anew(site: None) -> None:
    from django.contrib.auth.models import Group
    from django.core.management import call_command

    from foldline.site.desk.roles import GROUPS, Role, group_of

    wanted = {name: set(group_of(role).permissions.values_list("codename", flat=True)) for role, name in GROUPS.items()}
    for name in wanted:
        Group.objects.get(name=name).permissions.clear()
    call_command("migrate", verbosity=0)
    found = {name: set(Group.objects.get(name=name).permissions.values_list("codename", flat=True)) for name in wanted}
    assert found == wanted
    assert "change_article" in wanted[GROUPS[Role.EDITOR]]
    assert wanted[GROUPS[Role.REVENUE]] == {
        "see_as",
        "see_payments",
        "see_rules",
        "change_rules",
        "see_decisions",
        "change_institutions",
        "view_product",
    }


def test_a_role_is_taken_away_with_its_powers(desk: DeskBrowser, numbers: dict[str, str]) -> None:
    from foldline.site.desk import staff
    from foldline.site.desk.roles import Role, role_of
    from foldline.site.readers.models import Reader

    from .staff_room import PASSWORD

    email = enter(desk, "admin")
    staff.add(email, Role.SERVICE, PASSWORD)
    assert role_of(Reader.objects.get(email=email)) is Role.SERVICE
    assert desk.get("/audit").status in (303, 403)


def test_an_entitlement_is_given_for_days_and_ended_by_service(desk: DeskBrowser, numbers: dict[str, str]) -> None:
    from foldline.site.readers import moment
    from foldline.site.readers.models import Entitlement

    email = enter(desk, "service")
    page = f"/service/{numbers['N']}"
    desk.get(page)
    assert desk.post(f"{page}/give", {"product": "1", "days": "14", "note": "late paper"}).headers["location"] == page
    given = Entitlement.objects.get()
    assert given.given_by is not None
    assert given.given_by.email == email
    assert given.ends_at is not None
    assert abs(given.ends_at - moment.now() - timedelta(days=14)) < timedelta(minutes=1)
    assert "late paper" in desk.get(page).text
    for days in ("0", "-1", "9999", "x", ""):
        assert desk.post(f"{page}/give", {"product": "1", "days": days, "note": "x"}).status == 400, days
    assert Entitlement.objects.count() == 1
    desk.get(page)
    assert desk.post(f"{page}/end", {"entitlement": str(given.pk)}).status == 303
    given.refresh_from_db()
    assert given.ended_at is not None
