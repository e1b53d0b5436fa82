from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from foldline.signed import cookies
from foldline.signed.counting import Charge, article_names, reader_owner
from foldline.signed.reader_pass import Pass, read
from foldline.stores.home import Home
from foldline.stores.meter import SqliteMeter

from .browser import Browser, last_code
from .processes import DeskBrowser, served


@pytest.fixture
def demo(site: None, home: Home) -> Iterator[Browser]:
    """The site as the demonstration runs it, and a browser on this machine."""
    from django.conf import settings
    from django.test import override_settings

    from foldline.server import urls
    from foldline.server.demo.readers import seed_readers

    for file in home.mail.glob("*"):
        file.unlink()
    foldline = replace(settings.FOLDLINE, demo=True)
    addresses = ModuleType("demo_urls")
    addresses.__dict__.update(vars(urls), urlpatterns=urls.addresses(foldline))
    seed_readers()
    with override_settings(FOLDLINE=foldline, ROOT_URLCONF=addresses):
        yield Browser(address="127.0.0.1")


def become(browser: Browser, kind: str, next_path: str = "", **headers: str) -> Any:
    """As a tool on this machine asks: no token, no cookie, no page."""
    data = {"next": next_path} if next_path else {}
    return browser.client.post(f"/-/demo/become/{kind}", data, headers={"Host": browser.host, **headers})


def carried(browser: Browser) -> Pass:
    from foldline.site.readers import passes

    return read(passes.keyring(), browser.cookie(cookies.PASS).encode())


def test_one_may_become_each_kind_of_reader_without_a_token(demo: Browser) -> None:
    assert become(demo, "registered").status_code == 204
    assert (carried(demo).products, carried(demo).ended_on) == (frozenset(), 0)
    become(demo, "subscriber")
    assert carried(demo).products == {1}
    become(demo, "lapsed")
    assert carried(demo).products == frozenset()
    assert carried(demo).ended_on > 0
    assert "lapsed@example.test" in demo.get("/-/account").content.decode()


def test_one_comes_back_to_where_one_was_and_nowhere_else(demo: Browser) -> None:
    answer = become(demo, "subscriber", "/an-article")
    assert (answer.status_code, answer["Location"]) == (303, "/an-article")
    assert become(demo, "subscriber", "//evil.example")["Location"] == "/"


@pytest.mark.parametrize("kind", ["anonymous", "googlebot"])
def test_to_be_nobody_ends_the_pass_in_the_store_and_takes_every_cookie(demo: Browser, kind: str) -> None:
    from foldline.site.readers.models import PassFacts

    become(demo, "subscriber")
    answer = become(demo, kind)
    for name in (cookies.PASS, cookies.OPENING, cookies.METER):
        assert str(answer.cookies[name]["max-age"]) == "0"
    assert PassFacts.objects.get().ended_at
    assert demo.get("/-/account").status_code == 303


def test_to_be_nobody_forgets_what_the_readers_of_the_demonstration_have_read(demo: Browser, home: Home) -> None:
    from foldline.site.readers import passes

    become(demo, "registered")
    ring = passes.keyring()
    owner, store = reader_owner(ring, carried(demo).reader), SqliteMeter(home)
    store.spend(Charge(owner, "site", 7, 2_000_000_000, 3, article_names(ring, 1)))
    become(demo, "subscriber")
    assert store.used(owner, "site", 7) == 1
    become(demo, "anonymous")
    assert store.used(owner, "site", 7) == 0


def test_only_the_crawler_carries_the_mark_of_the_crawler(demo: Browser) -> None:
    become(demo, "googlebot")
    assert demo.cookie("foldline-demo-agent") == "googlebot"
    become(demo, "registered")
    assert demo.cookie("foldline-demo-agent") == ""


def test_an_unknown_kind_is_not_there_and_a_get_changes_nothing(demo: Browser) -> None:
    assert become(demo, "editor").status_code == 404
    assert become(demo, "owner").status_code == 404
    assert demo.get("/-/demo/become/subscriber").status_code == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"X-Forwarded-For": "192.0.2.9"},
        {"X-Forwarded-For": "127.0.0.1, 192.0.2.9"},
        {"X-Forwarded-For": "nonsense"},
    ],
)
def test_a_page_of_another_site_and_another_machine_are_refused(demo: Browser, headers: dict[str, str]) -> None:
    answer = become(demo, "subscriber", **headers)
    assert answer.status_code == 403
    assert cookies.PASS not in answer.cookies


def test_a_host_that_is_not_loopback_is_refused(demo: Browser) -> None:
    from django.test import override_settings

    with override_settings(ALLOWED_HOSTS=["news.example"]):
        assert become(demo, "subscriber", Host="news.example").status_code == 403
        assert demo.client.get("/-/demo/mail", headers={"Host": "news.example"}).status_code == 403


def test_where_the_demonstration_is_off_its_views_refuse_even_if_they_are_reached(demo: Browser) -> None:
    from django.conf import settings
    from django.test import override_settings

    with override_settings(FOLDLINE=replace(settings.FOLDLINE, demo=False)):
        assert become(demo, "subscriber").status_code == 403
        assert demo.get("/-/demo/mail").status_code == 403


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("path", ["become/subscriber", "become/anonymous", "mail", "desk", "enter", ""])
def test_without_the_demonstration_nothing_of_it_has_an_address(path: str) -> None:
    browser = Browser(address="127.0.0.1")
    assert browser.get(f"/-/demo/{path}").status_code == 404
    assert browser.client.post(f"/-/demo/{path}", headers={"Host": browser.host}).status_code in (403, 404)


def test_seeding_twice_changes_nothing(demo: Browser) -> None:
    from foldline.server.demo.readers import seed_readers
    from foldline.site.readers.models import Entitlement, Reader

    before = (list(Reader.objects.values()), list(Entitlement.objects.values()))
    seed_readers()
    assert (list(Reader.objects.values()), list(Entitlement.objects.values())) == before
    assert {reader.name for reader in Reader.objects.all()} == {
        "Reba Registered", "Sam Subscriber", "Lena Lapsed",
        "Edda Editor", "Sasha Service", "Rory Revenue", "Ada Admin",
    }  # fmt: skip


def test_the_mail_page_shows_codes_newest_first(demo: Browser) -> None:
    from django.core.cache import cache
    from django.test import override_settings

    assert "No mail yet." in demo.get("/-/demo/mail").content.decode()
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.filebased.EmailBackend"):
        for email in ("first@example.test", "second@example.test"):
            cache.clear()
            Browser(address="127.0.0.1").ask(email)
    page = demo.get("/-/demo/mail").content.decode()
    assert page.index("second@example.test") < page.index("first@example.test")
    assert page.count('<p class="code">') == 2
    assert '<a href="http://127.0.0.1:8080/-/sign-in/link/' in page


def test_a_mail_of_somebody_else_is_shown_as_text(demo: Browser, home: Home) -> None:
    text = "Subject: <script>x</script>\nTo: a@example.test\n\n<img src=x> http://evil.example/\n"
    (home.mail / "1.log").write_text(text, encoding="utf-8")
    page = demo.get("/-/demo/mail").content.decode()
    assert "<script>x" not in page
    assert "<img" not in page
    assert 'href="http://evil' not in page


def test_a_mail_is_shown_with_all_of_its_letters(demo: Browser, home: Home) -> None:
    """“€4” and typographic quotes are in no Latin-1."""
    from foldline.server.demo.mailbox import read_mails

    text = (
        "Subject: Paid\nTo: a@example.test\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
        "\nIt cost “€4”.\n"
    )
    (home.mail / "1.log").write_text(text, encoding="utf-8")
    (mail,) = read_mails(home.mail, "http://127.0.0.1:8080")
    assert mail.text == "It cost “€4”.\n"


def test_the_demonstration_has_the_same_sign_in_as_everywhere(demo: Browser) -> None:
    demo.ask("nora@example.test", "/an-article")
    assert demo.type_code(last_code())["Location"] == "/an-article#continue"


def test_the_way_to_the_desk_is_shown(demo: Browser) -> None:
    assert demo.get("/-/demo/desk")["Location"] == "http://127.0.0.1:8081/"


def test_at_the_demonstrations_desk_one_button_for_each_role_lets_staff_in(demo: Browser, home: Home) -> None:
    with served(home, "desk", demo=True) as port:
        desk = DeskBrowser(port)
        sign_in = desk.get("/sign-in").text
        for role in ("editor", "service", "revenue", "admin"):
            assert f"Enter as the demo {role}" in sign_in
        assert DeskBrowser(port).post("/demo/enter").status == 403
        assert desk.post("/demo/enter", **{"Sec-Fetch-Site": "cross-site"}).status == 403
        assert desk.post("/demo/enter").headers["location"] == "/"
        index = desk.get("/").text
        assert "/newsroom/" in index
        assert "/service/" not in index
        assert desk.post("/demo/enter", {"role": "owner"}).status == 404
        assert desk.post("/demo/enter", {"role": "service"}).headers["location"] == "/"
        index = desk.get("/").text
        assert "/service/" in index
        assert "/newsroom/" not in index
