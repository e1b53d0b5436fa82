"""The account in a real browser: a code, a passkey, a provider that is not ours, and devices."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.account_room import PATH, REST, Paper, give_authenticator, keys_of, running_paper
from tests.browser.press_room import LOOKS, Reader
from tests.browser.test_accessibility import findings
from tests.readers.provider import running_provider

Open = Callable[..., Reader]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    with running_provider() as provider, running_paper(tmp_path_factory.mktemp("paper"), provider) as runs:
        yield runs


@pytest.fixture
def device(chromium: Browser, paper: Paper) -> Iterator[Open]:
    """Makes browsers with a jar of their own, as a private window is one."""
    opened: list[Reader] = []

    def make(width: int = 1280, **options: Any) -> Reader:
        opened.append(Reader(chromium, paper, width=width, **options))  # type: ignore[arg-type]
        opened[-1].page.set_default_timeout(10_000)
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def ask_for_code(page: Page, address: str) -> None:
    page.get_by_label("E-mail").fill(address)
    page.get_by_role("button", name="Send me a code").click()
    page.wait_for_url("**/-/sign-in/code*")


def type_code(page: Page, code: str) -> None:
    page.get_by_label(re.compile("code", re.IGNORECASE)).fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()


def from_the_wall(one: Reader) -> Page:
    page = one.open(PATH)
    page.locator("aside.gate").get_by_role("link", name="Sign in").first.click()
    page.wait_for_url(re.compile("/-/sign-in"))
    return page


def sign_in_by_code(one: Reader, paper: Paper, address: str) -> Page:
    page = from_the_wall(one)
    ask_for_code(page, address)
    type_code(page, paper.code(address))
    page.wait_for_url("**#continue")
    return page


def reads(one: Reader) -> bool:
    return REST in one.open(PATH).content()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_load_state()


def stranger_to_cookies(page: Page) -> set[str]:
    return {cookie["name"] for cookie in page.context.cookies()}  # type: ignore[misc]


DECLARED = {"__Host-foldline-pass", "__Host-foldline-session", "__Host-foldline-csrf"}


def test_a_code_signs_in_and_the_account_is_two_clicks_from_everything(device: Open, paper: Paper) -> None:
    one = device()
    page = sign_in_by_code(one, paper, "nora@example.test")
    assert reads(one)
    page.locator("foldline-me a").click()
    page.wait_for_url("**/-/account")
    text = page.locator("main").inner_text()
    for part in ("nora@example.test", "Your subscriptions", "Your devices", "Your passkeys", "Other ways to sign in"):
        assert part in text
    assert "Chrome on Linux" in text
    assert "Sign in" not in page.locator("header.masthead").inner_text()
    assert stranger_to_cookies(page) == DECLARED
    assert not one.problems


def test_a_passkey_is_added_used_and_never_locks_out_a_code_on_a_second_device(device: Open, paper: Paper) -> None:
    one, second = device(), device()
    page = sign_in_by_code(one, paper, "pia@example.test")
    session, authenticator = give_authenticator(page)
    one.open("/-/account")
    page.get_by_label("Name of the new passkey").fill("Kitchen laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("The passkey is ready.").wait_for()
    (key,) = keys_of(session, authenticator)
    assert (key["rpId"], key["isResidentCredential"]) == ("localhost", True)
    assert "Kitchen laptop" in page.locator("main").inner_text()
    sign_out(page)
    assert not reads(one)

    page = from_the_wall(one)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"**{PATH}#continue")
    assert reads(one)
    box = page.locator(".rest > *").first.bounding_box()
    assert box is not None

    sign_in_by_code(second, paper, "pia@example.test")
    assert reads(second)
    assert not one.problems
    assert not second.problems


def test_a_passkey_that_this_device_has_already_is_not_made_twice(device: Open, paper: Paper) -> None:
    one = device()
    page = sign_in_by_code(one, paper, "pam@example.test")
    session, authenticator = give_authenticator(page)
    for _ in range(2):
        one.open("/-/account")
        page.get_by_role("button", name="Add a passkey").click()
        page.locator("main .message:visible").wait_for()
    assert "This device already has a passkey" in page.locator("#passkeys ~ form").last.inner_text()
    assert len(keys_of(session, authenticator)) == 1


def test_who_calls_off_the_browsers_dialogue_is_told_the_other_way(device: Open, paper: Paper) -> None:
    one = device()
    page = from_the_wall(one)
    session, authenticator = give_authenticator(page)
    session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("No passkey was used.").wait_for()
    assert findings(page) == []
    assert not reads(one)


def test_a_passkey_of_another_host_is_refused_with_a_sentence(device: Open, paper: Paper) -> None:
    """The browser itself offers no key of another host; an answer that names one is refused by us."""
    one = device()
    page = sign_in_by_code(one, paper, "pat@example.test")
    give_authenticator(page)
    one.open("/-/account")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("The passkey is ready.").wait_for()
    sign_out(page)
    page = from_the_wall(one)

    def elsewhere(route: Any) -> None:
        from base64 import urlsafe_b64decode, urlsafe_b64encode
        from urllib.parse import parse_qs, urlencode

        form = {name: values[0] for name, values in parse_qs(route.request.post_data).items()}
        answer = json.loads(form["credential"])
        told = urlsafe_b64decode(answer["response"]["clientDataJSON"] + "==").replace(b"localhost", b"evil.test")
        answer["response"]["clientDataJSON"] = urlsafe_b64encode(told).decode().rstrip("=")
        route.continue_(post_data=urlencode({**form, "credential": json.dumps(answer)}))

    page.route("**/-/sign-in/passkey", elsewhere)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("This passkey is not one of ours, or it belongs to another site.").wait_for()
    assert findings(page) == []
    page.unroute("**/-/sign-in/passkey")
    assert not reads(one)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_provider_that_is_not_ours_signs_in_and_leads_back(device: Open, paper: Paper, scripts: bool) -> None:
    address = f"ola{scripts}@example.test".lower()
    paper.provider.knows(address, email=address, email_verified=True)
    one = device(java_script_enabled=scripts)
    page = from_the_wall(one)
    page.get_by_role("button", name="Sign in with Elsewhere").click()
    page.wait_for_url(f"{paper.provider.issuer}/**")
    page.get_by_placeholder("sub").fill(address)
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"**{PATH}#continue")
    assert reads(one)
    one.open("/-/account")
    assert "Elsewhere" in page.locator("main").inner_text()
    ours = {cookie["name"] for cookie in page.context.cookies(paper.url)}  # type: ignore[misc]
    assert {name for name in ours if "foldline" in name} == DECLARED


def test_an_unverified_address_elsewhere_signs_nobody_in(device: Open, paper: Paper) -> None:
    paper.provider.knows("ursa", email="nora@example.test", email_verified=False)
    one = device()
    page = from_the_wall(one)
    page.get_by_role("button", name="Sign in with Elsewhere").click()
    page.get_by_placeholder("sub").fill("ursa")
    page.get_by_role("button", name="Authorize").click()
    page.get_by_text("Elsewhere has not confirmed your e-mail address").wait_for()
    assert page.evaluate("document.querySelector('[name=next]').value") == PATH
    assert findings(page) == []
    assert not reads(one)


def test_a_device_that_is_signed_out_from_another_gets_a_preview_within_a_second(device: Open, paper: Paper) -> None:
    here, there = device(), device(user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
    sign_in_by_code(here, paper, "dora@example.test")
    sign_in_by_code(there, paper, "dora@example.test")
    assert reads(there)
    page = here.open("/-/account")
    page.get_by_role("button", name="Sign out: Firefox on Linux").click()
    page.get_by_text("That device is signed out.").wait_for()
    end = time.monotonic() + 1
    while reads(there):
        assert time.monotonic() < end, "a second has passed"
    assert reads(here)
    assert there.page.locator("aside.gate").get_by_role("link", name="Sign in").count()


def test_a_private_window_signs_in_and_reads_like_any_other(device: Open, paper: Paper) -> None:
    """Every context of this browser is a private one: nothing is on disk, and the jar ends with it."""
    one = device()
    assert not stranger_to_cookies(one.open("/"))
    sign_in_by_code(one, paper, "priva@example.test")
    assert reads(one)
    one.page.reload()
    assert REST in one.page.content()
    assert not reads(device())


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing_on_the_account_and_the_pages_to_sign_in(
    device: Open, paper: Paper, width: int, scheme: Literal["light", "dark"]
) -> None:
    one = device(width, color_scheme=scheme)
    page = from_the_wall(one)
    assert findings(page) == []
    address = f"axe{width}{scheme}@example.test"
    paper.provider.knows(address, email=address, email_verified=True)
    page.get_by_role("button", name="Sign in with Elsewhere").click()
    page.get_by_placeholder("sub").fill(address)
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"**{PATH}#continue")
    give_authenticator(page)
    one.open("/-/account")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("The passkey is ready.").wait_for()
    page.get_by_text("Rename", exact=True).click()
    one.settle()
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for path in ("/-/account/address", "/-/account/erase"):
        one.open(path)
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    one.open("/-/account")
    sign_out(page)
    from_the_wall(one)
