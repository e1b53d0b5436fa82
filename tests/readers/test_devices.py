"""The list of sign-ins: what it shows, what signing out does there and in the gate."""

from __future__ import annotations

import asyncio
import html
import os
import re
from collections.abc import Callable, Iterator

import pytest
from tests.gate.newspaper import REST, record

from foldline.config import load
from foldline.gate.request import Request
from foldline.policy.facts import Access
from foldline.server.worker import Worker
from foldline.signed import cookies
from foldline.signed.reader_pass import SESSION_SECONDS
from foldline.stores.home import Home
from foldline.stores.records import RecordWriter

from .browser import HOST, Browser

pytestmark = pytest.mark.usefixtures("site")

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def gate(home: Home) -> Iterator[Worker]:
    """A worker that serves one subscribers' article from the same home folder as the site."""
    writer = RecordWriter(home)
    writer.put_article(record(77, Access.REGISTERED, "/for-devices"))
    worker = Worker(load(home, os.environ), 0)
    worker.hear()
    yield worker
    writer.delete("/for-devices")
    writer.close()
    worker.parts.roll.close()


def opens(gate: Worker, browser: Browser) -> bool:
    cookie = f"{cookies.PASS}={browser.cookie(cookies.PASS)}".encode()
    headers = [(b"host", HOST.encode()), (b"cookie", cookie)]
    answer = asyncio.run(gate.app.run(Request("GET", b"/for-devices", b"", headers, "192.0.2.7")))
    assert answer.status == 200
    return REST.encode() in answer.body


def signed_in(user_agent: str, email: str = "nora@example.test") -> Browser:
    from django.core.cache import cache

    cache.clear()
    browser = Browser()
    browser.client.defaults["HTTP_USER_AGENT"] = user_agent
    browser.sign_in(email)
    return browser


def listed(browser: Browser) -> list[str]:
    """The lines about devices, as text."""
    page = browser.get("/-/account").content.decode()
    part = page.partition('<h2 id="devices">')[2].partition("</section>")[0]
    items = re.findall(r"<li>(.*?)</li>", part, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", item)).split()) for item in items]


def number_of(name: str) -> str:
    from foldline.site.readers.models import ReaderSession

    return str(ReaderSession.objects.get(device=name, ended_at=None).pk)


def test_each_device_has_a_name_in_plain_words_and_this_one_is_marked() -> None:
    here = signed_in(FIREFOX)
    signed_in(SAFARI)
    lines = listed(here)
    assert len(lines) == 2
    mine = next(line for line in lines if line.startswith("Firefox on Linux"))
    other = next(line for line in lines if line.startswith("Safari on iPhone"))
    assert mine.endswith("This device")
    assert "Sign out" not in mine
    assert other.endswith("Sign out")
    assert "Signed in on " in other
    assert "last used on " in other


def test_what_the_name_was_made_from_is_not_stored() -> None:
    from django.contrib.sessions.models import Session

    from foldline.site.readers.models import ReaderSession

    signed_in(FIREFOX)
    assert ReaderSession.objects.get().device == "Firefox on Linux"
    stored = f"{ReaderSession.objects.values().get()}{Session.objects.get().get_decoded()}"
    assert "Gecko" not in stored
    assert "145" not in stored


def test_a_user_agent_that_says_nothing_is_a_browser() -> None:
    assert listed(signed_in("<script>alert(1)</script>"))[0].startswith("A browser")


def test_a_device_that_is_signed_out_from_another_one_gets_the_preview_next(gate: Worker) -> None:
    here, there = signed_in(FIREFOX), signed_in(SAFARI)
    assert opens(gate, there)
    here.get("/-/account")
    answer = here.post("/-/account/devices", {"device": number_of("Safari on iPhone")})
    assert answer["Location"] == "/-/account?done=device#devices"
    gate.hear()
    assert not opens(gate, there)
    assert opens(gate, here)
    assert there.get("/-/account").status_code == 303
    assert "That device is signed out." in here.get("/-/account?done=device").content.decode()
    assert len(listed(here)) == 1


def test_all_other_devices_are_signed_out_at_once_and_this_one_stays(gate: Worker) -> None:
    here, there, third = signed_in(FIREFOX), signed_in(SAFARI), signed_in("Chrome/142.0 Windows")
    stranger = signed_in(FIREFOX, "omar@example.test")
    here.get("/-/account")
    assert here.post("/-/account/devices", {"device": "others"})["Location"] == "/-/account?done=others#devices"
    gate.hear()
    assert [opens(gate, one) for one in (here, there, third, stranger)] == [True, False, False, True]


@pytest.mark.parametrize("device", ["", "0", "-1", "x", "9" * 40, "all"])
def test_a_number_that_is_none_of_ones_own_devices_signs_nobody_out(device: str) -> None:
    here, stranger = signed_in(FIREFOX), signed_in(SAFARI, "omar@example.test")
    here.get("/-/account")
    for chosen in (device, number_of("Safari on iPhone"), number_of("Firefox on Linux")):
        assert here.post("/-/account/devices", {"device": chosen}).status_code == 303
    assert here.get("/-/account").status_code == stranger.get("/-/account").status_code == 200


def test_only_a_form_of_ours_signs_a_device_out() -> None:
    here = signed_in(FIREFOX)
    there = signed_in(SAFARI)
    number = number_of("Safari on iPhone")
    assert here.get(f"/-/account/devices?device={number}").status_code == 405
    assert here.post("/-/account/devices", {"device": number, "csrfmiddlewaretoken": ""}).status_code == 403
    assert Browser().get("/-/account/devices").status_code == 405
    assert there.get("/-/account").status_code == 200


def test_who_only_reads_is_seen_and_stays_signed_in_for_longer_than_the_session_of_these_pages(
    gate: Worker, later: Callable[[float], None]
) -> None:
    from foldline.site.readers import moment

    reading = signed_in(FIREFOX)
    for _ in range(3):
        later(150 * 86_400)
        cookie = f"{cookies.PASS}={reading.cookie(cookies.PASS)}".encode()
        headers = [(b"host", HOST.encode()), (b"cookie", cookie)]
        answer = asyncio.run(gate.app.run(Request("GET", b"/for-devices", b"", headers, "192.0.2.7")))
        assert REST.encode() in answer.body
        kept = dict(answer.headers)[b"set-cookie"].decode().partition(";")[0].partition("=")[2]
        reading.client.cookies[cookies.PASS] = kept
        gate.parts.roll.flush()
        assert gate.parts.roll._writing is not None
        assert gate.parts.roll._writing.result(10) == {}
    del reading.client.cookies["__Host-foldline-session"]
    assert reading.get("/-/account").status_code == 200
    (line,) = listed(reading)
    assert line.endswith("This device")
    from foldline.site.readers.models import PassFacts, ReaderSession

    assert PassFacts.objects.get().used_on == moment.today()
    assert PassFacts.objects.get().session_until == pytest.approx(moment.epoch() + SESSION_SECONDS, abs=86_400)
    assert ReaderSession.objects.count() == 1


def test_a_pass_whose_session_has_ended_signs_nobody_in_here() -> None:
    browser = signed_in(FIREFOX)
    kept = browser.cookie(cookies.PASS)
    browser.get("/-/account")
    browser.post("/-/sign-out")
    thief = Browser()
    thief.client.cookies[cookies.PASS] = kept
    assert thief.get("/-/account").status_code == 303
    assert not thief.cookie("__Host-foldline-session")


@pytest.mark.parametrize("forged", ["x", "AAAA", "é"])
def test_a_forged_pass_signs_nobody_in_here(forged: str) -> None:
    browser = Browser()
    browser.client.cookies[cookies.PASS] = forged
    assert browser.get("/-/account").status_code == 303
