"""Behind a library's rewriting proxy: read, page 2, sign in, and no link that leads out of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.browser.press_room import Demo, running_demo
from tests.server.rewriting_proxy import MODES, Page, Patron

from foldline.stores.home import Home
from foldline.stores.institutions import InstitutionStore, Kind, StoredInstitution

HEARD = 5.0
NORA = "nora@valley.example"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("proxied") / "home") as runs:
        now = int(time.time())
        with InstitutionStore(Home(runs.home)) as store:
            library = StoredInstitution(Kind.LIBRARY, "Port Ellery Library", now - 60, now + 86_400, ("127.0.0.2",))
            store.save(library, "ada", now, confirmed=True)
        yield runs


@pytest.fixture(params=MODES)
def patron(demo: Demo, request: pytest.FixtureRequest) -> Patron:
    host = demo.url.partition("://")[2].strip("/")
    return Patron(host, int(host.rpartition(":")[2]), request.param)


def within(page: Page, patron: Patron) -> Page:
    """The page, none of whose addresses leads out of the proxy."""
    escaping = [url for url in page.leads() if not url.startswith((patron.base + "/", "data:")) and url != patron.base]
    assert escaping == []
    return page


def locked_article(patron: Patron) -> tuple[str, Page]:
    """An article of subscribers, and its page as the patron sees it, once the gate has heard of the library."""
    front = within(patron.get("/"), patron)
    paths = [urlpath for urlpath in re.findall(r'href="(/[a-z0-9-]+)"', front.text) if not urlpath.startswith("/-")]
    end = time.monotonic() + HEARD
    while True:
        for path in dict.fromkeys(paths):
            page = patron.get(path)
            if "Provided by Port Ellery Library" in page.text:
                return path, page
        assert time.monotonic() < end, paths


def test_a_patron_reads_the_whole_and_is_told_who_provides_it(patron: Patron) -> None:
    path, page = locked_article(patron)
    within(page, patron)
    assert (page.status, page.header("cache-control")) == (200, "private, no-store")
    assert 'data-kind="open"' in page.text
    # Without the proxy nobody reads it.
    stranger = Patron(patron.ours, patron.port, patron.mode, source="127.0.0.1")
    assert "Provided by" not in stranger.get(path).text


def test_the_request_of_the_script_is_answered_whatever_the_proxy_makes_of_its_headers(patron: Patron) -> None:
    """Where a cache before the gate has sent the preview."""
    _, page = locked_article(patron)
    element = page.tree.find(".//foldline-gate")
    fields = {"article": element.get("data-article"), "again": "", "answer": "fragment"}
    read = patron.post(element.get("data-read"), fields)
    assert (read.status, 'data-reason="in-institution"' in read.text) == (200, True)
    assert "Provided by Port Ellery Library" in read.text
    assert "answer-rest" in read.text


def test_whatever_the_patron_goes_on_to_stays_within_the_proxy(patron: Patron) -> None:
    front = within(patron.get("/"), patron)
    lists = [path for path in dict.fromkeys(front.tree.xpath("//nav//a/@href")) if path.startswith("/section/")]
    assert len(lists) > 2
    read = 0
    for path in lists:
        page = within(patron.get(path), patron)
        for article in list(dict.fromkeys(page.tree.xpath("//main//h2//a/@href | //main//h3//a/@href")))[:2]:
            read += "Provided by Port Ellery Library" in within(patron.get(article), patron).text
    assert read > 2


def test_a_patron_signs_in_through_the_proxy_and_stays_there(patron: Patron, demo: Demo) -> None:
    within(patron.get("/-/sign-in?next=/"), patron)
    asked = within(patron.submit(email=f"{patron.mode}-{NORA}"), patron)
    assert asked.url.endswith("/-/sign-in/code"), asked.text[-900:]
    front = within(patron.submit(code=code_for(demo, f"{patron.mode}-{NORA}")), patron)
    assert front.status == 200
    account = within(patron.get("/-/account"), patron)
    assert f"{patron.mode}-{NORA}" in account.text


def test_another_site_signs_nobody_in_and_reads_nothing(demo: Demo, patron: Patron) -> None:
    """What lets the proxy through must let nobody else through."""
    patron.get("/-/sign-in?next=/")
    assert patron.page is not None
    form = next(one for one in patron.page.tree.forms if "email" in one.fields)
    fields = {name: value or "" for name, value in form.form_values()} | {"email": NORA}
    for site in ("cross-site", "same-site", "none"):
        said = {"Origin": "https://evil.example", "Sec-Fetch-Site": site}
        said["Content-Type"] = "application/x-www-form-urlencoded"
        forged = Patron(patron.ours, patron.port, "passes", jar=patron.jar)
        answer = forged._ask("POST", f"{forged.base}/-/sign-in", said, urlencode(fields))
        assert answer.status == 403


def code_for(demo: Demo, address: str) -> str:
    """The code in the newest mail to an address."""
    end = time.monotonic() + HEARD
    while True:
        for mail in sorted((Path(demo.home) / "mail").glob("*"), key=lambda one: one.stat().st_mtime, reverse=True):
            text = mail.read_text(encoding="utf-8", errors="replace")
            found = re.search(r"Subject: .*?(\d{6})", text)
            if f"To: {address}" in text and found:
                return found[1]
        assert time.monotonic() < end, "no mail came"
        time.sleep(0.1)
