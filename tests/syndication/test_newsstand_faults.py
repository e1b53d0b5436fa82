"""The tests of the newsstand can fail: each defence is taken away, and its test goes red."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.syndication import test_cards as cards_asked
from tests.syndication import test_fetching as fetching_asked
from tests.syndication.feed_host import FeedHost, Said, feed_host, item, rss

from foldline.syndication.newsstand import cards, fetching, plain, xml_feed
from foldline.syndication.newsstand.entries import Entry

Patch = pytest.MonkeyPatch
INNER = "http://169.254.169.254/latest/meta-data/"


def _asks_inner(host: FeedHost, patch: Patch) -> None:
    fetching_asked.test_an_address_of_an_inner_network_is_never_asked(INNER, patch)


def _name_leads_inside(host: FeedHost, patch: Patch) -> None:
    fetching_asked.test_a_name_that_leads_into_an_inner_network_is_never_asked(["93.184.215.14", "10.0.0.1"], patch)


def _asks_any_port(host: FeedHost, patch: Patch) -> None:
    fetching_asked.test_what_is_no_address_of_the_web_is_not_asked("http://127.0.0.1:22/feed", "port 22")


def _redirected(host: FeedHost, patch: Patch) -> None:
    fetching_asked.test_a_redirect_is_judged_as_if_somebody_had_typed_it(
        host, 302, "http://127.0.0.2:{port}/feed", "port"
    )


def _redirected_without_end(host: FeedHost, patch: Patch) -> None:
    fetching_asked.test_a_redirect_within_the_web_is_followed_and_not_without_end(host)


def _is_large(host: FeedHost, patch: Patch) -> None:
    fetching_asked.test_a_feed_of_fifty_megabytes_is_not_read(host)


def _unpacks_large(host: FeedHost, patch: Patch) -> None:
    host.answers["/feed"] = Said(rss(item()))
    fetching_asked.test_a_feed_that_unpacks_to_too_much_or_is_damaged_is_refused(host, gzip.compress(bytes(50 << 20)))


def _keeps_no_body(host: FeedHost, patch: Patch) -> None:
    text = f"<content:encoded><![CDATA[<p>{cards_asked.BODY}</p>]]></content:encoded>"
    cards_asked.test_no_word_of_a_body_is_kept_whether_or_not_there_is_a_summary(text, "")


def _headline_is_text(host: FeedHost, patch: Patch) -> None:
    cards_asked.test_a_headline_is_text("&lt;script&gt;alert(1)&lt;/script&gt;Rain", "Rain")


def _no_notice(host: FeedHost, patch: Patch) -> None:
    cards_asked.test_a_notice_of_a_wall_stands_in_no_card("Want all of The Times? Subscribe.")


def _no_odd_date(host: FeedHost, patch: Patch) -> None:
    cards_asked.test_a_date_that_cannot_be_right_is_none("Thu, 01 Jan 1970 00:00:00 GMT", None)


def _no_entities(host: FeedHost, patch: Patch) -> None:
    cards_asked.test_what_is_no_feed_is_refused_before_it_costs_memory(cards_asked.READS_A_FILE, "entities")


def _stays_secure(host: FeedHost, patch: Patch) -> None:
    fetching_asked.test_a_redirect_never_leads_from_https_to_http(patch)


_honest_found, _honest_may_be_inner = fetching.found, fetching.Guest.may_be_inner
_honest_entries, _honest_place_of = xml_feed._entries, fetching.place_of


def _believing(place: Any, local: bool = False) -> Any:
    return _honest_found(place, local=True)


def _led_to_is_listed(guest: fetching.Guest, place: Any) -> bool:
    return _honest_may_be_inner(guest, place) or place.host == "127.0.0.2"


def _never_secure(address: str, guest: fetching.Guest) -> Any:
    return replace(_honest_place_of(address, guest), scheme="http")


def _with_bodies(entries: list[Any]) -> Iterator[Entry]:
    for entry, told in zip(entries, _honest_entries(entries), strict=True):
        body = " ".join(str(part.get("value")) for part in entry.get("content", ()))
        yield replace(told, summary=told.summary or body)


FAULTS: dict[str, tuple[Any, str, Any, Callable[[FeedHost, Patch], None]]] = {
    "an inner address is fetched": (fetching, "found", _believing, _asks_inner),
    "a name is believed when one of its addresses is outside": (fetching, "found", _believing, _name_leads_inside),
    "every port is asked": (fetching, "PORTS", range(1 << 16), _asks_any_port),
    "a redirect is not judged": (fetching, "Guest.may_be_inner", _led_to_is_listed, _redirected),
    "redirects are followed without end": (fetching, "MOST_REDIRECTS", 9, _redirected_without_end),
    "a redirect may leave https": (fetching, "place_of", _never_secure, _stays_secure),
    "a feed of any size is read": (fetching, "MOST", 64 << 20, _is_large),
    "a feed of any size is unpacked": (fetching, "unpacked", lambda body, *told: (body, True), _unpacks_large),
    "a body is kept": (xml_feed, "_entries", _with_bodies, _keeps_no_body),
    "a script stands in a headline": (cards, "text_of_html", lambda html: html, _headline_is_text),
    "a notice stands in a card": (plain, "is_notice", lambda sentence: False, _no_notice),
    "any date is believed": (cards, "believed", lambda at, now: at, _no_odd_date),
    "entities are let through": (xml_feed, "_refuse", lambda body: None, _no_entities),
}


@pytest.mark.parametrize("name", FAULTS)
def test_without_a_defence_its_test_goes_red(name: str, monkeypatch: Patch) -> None:
    where, what, instead, goes_red = FAULTS[name]
    with feed_host() as host:
        host.answers["/feed"] = Said(rss(item()), headers={"etag": '"a"'})
        with monkeypatch.context() as honest:
            goes_red(host, honest)
        host.asked.clear()
        name_of, _, last = what.rpartition(".")
        monkeypatch.setattr(getattr(where, name_of) if name_of else where, last, instead)
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            goes_red(host, monkeypatch)
