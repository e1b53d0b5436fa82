"""A guest asks what robots.txt allows, slowly, within bounds, and nobody but the site that was named."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.survey.odd_site import HTML, TEXT, OddSite, front, html, moved, odd_site, stories

from foldline.sources.survey import guest, hosts
from foldline.sources.survey.guest import Bounds, Guest, arrive
from foldline.sources.survey.hosts import NoSuchSite, Place
from foldline.sources.survey.survey import survey


def refused(url: str) -> str:
    with pytest.raises(NoSuchSite) as found:
        asyncio.run(survey(url))
    return str(found.value)


def with_guest(site: OddSite, *addresses: str, bounds: Bounds | None = None, **more: Any) -> Guest:
    """A guest that has asked for these."""

    async def asked() -> Guest:
        here, _ = await arrive(site.url, bounds or Bounds(), **more)
        try:
            for address in addresses:
                await here.get(address)
        finally:
            here.close()
        return here

    return asyncio.run(asked())


def test_an_address_that_answers_nothing_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    assert "does not answer as a site does" in refused(f"http://127.0.0.1:{port}")


def test_a_host_that_nobody_knows_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*args: object, **more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert "nobody knows the host there-is-no.example" in refused("http://there-is-no.example")


@pytest.mark.parametrize(
    "url", ["ftp://paper.example", "http://", "http://ada:pw@paper.example/", "http://büch.example"]
)
def test_an_address_that_is_none_is_told_in_words(url: str) -> None:
    assert "a site has" in refused(url) or "ASCII" in refused(url)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (("404 Not Found", [HTML], b"<p>no"), "status 404"),
        (("500 Oops", [HTML], b""), "status 500"),
        (("200 OK", [("Content-Type", "application/json")], b"{}"), "not HTML but application/json"),
        (("200 OK", [], b"?"), "not HTML but nothing"),
        (moved("/"), "leads on and on"),
        (moved("http://elsewhere.example/"), "leads to another site"),
        (moved("https://127.0.0.1.nip.io/"), "leads to another site"),
        (moved("http://localhost/"), "leads to another site"),
        (moved("//evil\\@127.0.0.1/"), "leads"),
    ],
)
def test_a_front_page_that_is_none_is_told_in_words(answer: Any, said: str) -> None:
    with odd_site({"/": answer}) as site:
        assert said in refused(site.url)


def forbidden_asked(site: OddSite) -> list[str]:
    site.answers["/robots.txt"] = ("200 OK", [TEXT], b"User-agent: *\nDisallow: /private\nAllow: /private/open$\n")
    with_guest(site, "/private/a", "/private/open", "/private/open/b", "/fine")
    return [path for path in site.asked if path in ("/private/a", "/private/open/b")]


def test_what_robots_txt_forbids_is_never_asked_for() -> None:
    with odd_site(stories(1)) as site:
        assert forbidden_asked(site) == []
        assert "/private/open" in site.asked
        assert "/fine" in site.asked


def test_the_fault_of_not_reading_robots_txt_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Guest, "may", lambda self, url: True)
    with odd_site(stories(1)) as site:
        assert forbidden_asked(site) == ["/private/a", "/private/open/b"]


def test_a_site_that_forbids_us_is_left_alone() -> None:
    with odd_site(stories(3)) as site:
        site.answers["/robots.txt"] = ("200 OK", [TEXT], b"User-agent: Foldline\nDisallow: /\n")
        assert "forbids Foldline" in refused(site.url)
        assert site.asked == ["/robots.txt"]


def test_a_robots_txt_that_can_not_be_read_forbids_everything() -> None:
    with odd_site(stories(3)) as site:
        site.answers["/robots.txt"] = ("503 Busy", [TEXT], b"")
        assert "nothing may be asked" in refused(site.url)
        assert site.asked == ["/robots.txt"]


@pytest.fixture
def open_internet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine counts as a site of the open internet, where a guest must wait."""
    monkeypatch.setattr(guest, "is_loopback", lambda address: False)
    return


@pytest.mark.usefixtures("open_internet")
def test_off_this_machine_a_question_waits_for_the_one_before() -> None:
    with odd_site(stories(1)) as site:
        with_guest(site, "/a", "/b", "/c", bounds=Bounds(pause=0.06))
        gaps = [after - before for before, after in zip(site.times, site.times[1:], strict=False)]
        assert len(gaps) == 4
        assert min(gaps) > 0.05
        assert Bounds().pause == 1.0


@pytest.mark.usefixtures("open_internet")
def test_a_crawl_delay_is_kept_to() -> None:
    with odd_site(stories(1)) as site:
        site.answers["/robots.txt"] = ("200 OK", [TEXT], b"User-agent: *\nCrawl-delay: 0.2\n")
        here = with_guest(site, bounds=Bounds(pause=0.01))
        assert here.pause == 0.2


@pytest.mark.usefixtures("open_internet")
def test_a_crawl_delay_of_an_hour_ends_the_looking_instead_of_lasting() -> None:
    with odd_site(stories(1)) as site:
        site.answers["/robots.txt"] = ("200 OK", [TEXT], b"User-agent: *\nCrawl-delay: 3600\n")
        made = asyncio.run(survey(site.url))
        assert any("seconds are over, or would be" in note for note in made.notes)
        assert made.articles == []
        assert site.asked == ["/robots.txt", "/"]


def test_on_this_machine_there_is_no_pause_and_the_guest_says_who_it_is() -> None:
    with odd_site(stories(1)) as site:
        assert with_guest(site).pause == 0
        assert site.seen[-1]["HTTP_USER_AGENT"].startswith("Foldline/")
        assert "HTTP_COOKIE" not in site.seen[-1]


def test_no_other_site_is_ever_asked_whoever_leads_there() -> None:
    with odd_site(stories(1)) as site, odd_site(stories(1)) as other:
        site.answers["/away"] = moved(other.url + "/")
        here = with_guest(site, "/away", other.url + "/", "//elsewhere.example/x", "javascript:alert(1)", "http://[::1")
        assert other.asked == []
        assert "another site" in here.missed[site.url + "/away"]
        assert here.missed[other.url + "/"] == "another site"


def test_a_redirect_within_the_site_is_followed_and_a_loop_ends() -> None:
    with odd_site(stories(1)) as site:
        site.answers["/old"] = moved("/stories/0-x.html")
        site.answers["/round"] = moved("/round")
        here = with_guest(site, "/old", "/round")
        assert "/stories/0-x.html" in site.asked
        assert "on and on" in here.missed[site.url + "/round"]
        assert site.asked.count("/round") <= 6


def test_bytes_pages_and_seconds_are_bounded() -> None:
    with odd_site(stories(1)) as site:
        site.answers["/large"] = ("200 OK", [HTML], (b"x" * 65536 for _ in range(1600)))
        bomb = gzip.compress(bytes(50 << 20))
        site.answers["/bomb"] = ("200 OK", [HTML, ("Content-Encoding", "gzip")], bomb)
        site.answers["/brotli"] = ("200 OK", [HTML, ("Content-Encoding", "br")], b"??")
        here = with_guest(site, "/large", "/bomb", "/brotli", "/one more", bounds=Bounds(pages=5, most=1 << 20))
        assert "longer than 1 MB" in here.missed[site.url + "/large"]
        assert "unpacks to more" in here.missed[site.url + "/bomb"]
        assert "unpacks to more" in here.missed[site.url + "/brotli"]
        assert "5 pages were asked for" in here.missed[site.url + "/one%20more"]


@pytest.mark.parametrize(
    "address", ["10.0.0.8", "127.0.0.1", "169.254.169.254", "192.168.1.1", "fd00::1", "::1", "0.0.0.0"]
)
def test_a_name_that_somebody_else_chose_never_leads_into_an_inner_network(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hosts.is_local(address)
    answers = [(0, 0, 0, "", ("93.184.215.14", 80)), (0, 0, 0, "", (address, 80))]

    async def told(*args: object, **more: object) -> list[Any]:
        return answers

    async def asked(local: bool) -> str:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", told, raising=False)
        return (await hosts.found(Place("http", "paper.example", 80), local=local)).host

    with pytest.raises(NoSuchSite, match="inner network"):
        asyncio.run(asked(local=False))
    assert asyncio.run(asked(local=True)) in (address, "93.184.215.14")


def test_who_typed_an_open_address_is_not_led_into_an_inner_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """paper.example leads to www.paper.example, which is the same site by name, and on this machine by address."""
    asked: list[bool] = []

    async def found(place: Place, *, local: bool) -> Any:
        asked.append(local)
        if place.host.startswith("www.") and not local:
            raise NoSuchSite("an inner network")
        return hosts.Address("127.0.0.1", port)

    with odd_site({"/": lambda: moved(f"http://www.paper.example:{port}/")}) as site:
        port = int(site.url.rpartition(":")[2])
        monkeypatch.setattr(guest, "found", found)
        monkeypatch.setattr(guest, "is_local", lambda address: False)
        assert "inner network" in refused(f"http://paper.example:{port}")
    assert asked == [True, False]


def test_pages_without_any_article_are_said_to_be_none() -> None:
    with odd_site({"/": html(front(0, '<a href="/about">About</a>')), "/about": html("<p>We are.")}) as site:
        made = asyncio.run(survey(site.url))
        assert made.articles == []
        assert made.proposal is None
        assert made.sign == ""


@given(
    st.one_of(
        st.text(max_size=60), st.from_regex(r"(https?:)?//[ -~]{0,30}"), st.from_regex(r"[/?#%.a-z\x7f-\xff]{0,30}")
    )
)
def test_any_address_is_one_of_the_site_in_ascii_or_none(address: str) -> None:
    here = Guest(Place("http", "paper.example", 8000), Bounds(), lambda url: None)
    own = here.own(address)
    assert own is None or re.fullmatch(r"http://paper\.example:8000/[!-~]*", own)
    assert own is None or here.own(own) == own
