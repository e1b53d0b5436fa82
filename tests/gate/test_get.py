"""GET of a page: the right part, the right headers, and no effect."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import pytest
from tests.gate.newspaper import PREVIEW, REST, START, Newspaper, record

from foldline.gate.response import Response
from foldline.signed import cookies
from foldline.stores.records import RecordWriter

YEAR = 365 * 86_400


def has_rest(response: Response) -> bool:
    return REST.encode() in response.body


def header(response: Response, name: str) -> str:
    values = [value.decode() for key, value in response.headers if key == name.encode()]
    assert len(values) <= 1
    return values[0] if values else ""


@pytest.mark.parametrize("path", ["/registered", "/metered", "/subscribers"])
def test_nobody_gets_the_preview_of_a_closed_article(paper: Newspaper, path: str) -> None:
    answer = paper.get(path)
    assert answer.status == 200
    assert PREVIEW.encode() in answer.body
    assert not has_rest(answer)
    assert header(answer, "cache-control") == "no-cache"
    assert header(answer, "cdn-cache-control") == "max-age=30, stale-while-revalidate=10, stale-if-error=86400"
    assert header(answer, "x-accel-expires") == "30"
    assert not header(answer, "set-cookie")


def test_a_metered_article_asks_and_a_closed_one_says_what_it_needs(paper: Newspaper) -> None:
    assert b'data-reason="ask"' in paper.get("/metered").body
    assert b'data-reason="subscription-needed"' in paper.get("/subscribers").body
    assert b'data-reason="not-signed-in"' in paper.get("/registered").body


def test_a_subscriber_gets_the_whole_in_the_first_response_and_nobody_keeps_it(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    answer = paper.get("/subscribers")
    assert has_rest(answer)
    assert header(answer, "cache-control") == "private, no-store"
    assert header(answer, "x-accel-expires") == "0"
    assert not header(answer, "etag")
    assert not header(answer, "cdn-cache-control")
    assert not header(answer, "last-modified")


def test_a_registered_reader_opens_registered_articles_and_no_others(paper: Newspaper) -> None:
    paper.sign_in()
    assert has_rest(paper.get("/registered"))
    assert not has_rest(paper.get("/subscribers"))


def test_a_lapsed_reader_is_told_so_at_once_and_no_cache_keeps_it(paper: Newspaper) -> None:
    paper.sign_in({1: START - 60})
    answer = paper.get("/subscribers")
    assert b'data-reason="subscription-ended"' in answer.body
    assert not has_rest(answer)
    assert header(answer, "cache-control") == "private, no-store"
    assert not header(answer, "cdn-cache-control")
    assert b"Nov" in answer.body


def test_somebody_signed_in_is_never_asked_to_sign_in(paper: Newspaper) -> None:
    paper.sign_in()
    answer = paper.get("/subscribers").body
    assert b'data-reason="subscription-needed"' in answer
    assert b"You are signed in" in answer
    assert b"Sign in" not in answer


def test_whose_payment_failed_is_told_so_after_the_days_of_grace_and_led_to_pay(paper: Newspaper) -> None:
    paper.sign_in({1: START - 5}, payment_failed=True)
    for _asked_again in range(2):
        answer = paper.get("/subscribers")
        assert b'data-reason="payment-failed"' in answer.body
        assert b'href="/-/account#plans"' in answer.body
        assert b"Subscribe" not in answer.body.partition(b"<aside")[2].partition(b"</aside>")[0]
        assert not has_rest(answer)
        # Once more when the pass is no longer fresh, and the store says it.
        paper.clock.time += 400


def test_that_a_payment_failed_is_told_beside_the_article_and_never_in_it(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR}, payment_failed=True)
    page, me = paper.get("/subscribers").body, paper.get("/-/me").body
    assert b'"/-/account#plans", "text": "Your payment failed"' in me
    assert b"Your payment failed" not in page
    paper.sign_in({1: START + YEAR})
    assert b"Your payment failed" not in paper.get("/-/me").body


def test_get_spends_nothing_however_often(paper: Newspaper) -> None:
    for number in range(10, 20):
        answer = paper.get(f"/metered-{number}")
        assert not has_rest(answer)
        assert not header(answer, "set-cookie")
    assert not paper.jar


def test_a_free_article_is_whole_for_everybody_and_cacheable(paper: Newspaper) -> None:
    answer = paper.get("/free")
    assert b'data-reason="free"' in answer.body
    assert header(answer, "cache-control") == "no-cache"
    assert not header(answer, "x-robots-tag")


def test_an_unknown_access_level_is_closed_to_a_subscriber_too(paper: Newspaper) -> None:
    writer = RecordWriter(paper.home)
    writer.put_article(record(50, None, "/unknown"))
    writer.close()
    paper.sign_in({1: START + YEAR})
    answer = paper.get("/unknown")
    assert b'data-reason="access-is-unknown"' in answer.body
    assert not has_rest(answer)


@pytest.mark.parametrize("path", ["/free", "/metered", "/subscribers", "/", "/nothing-here"])
def test_gzip_is_one_correct_member_and_says_the_same(paper: Newspaper, path: str, tmp_path: Path) -> None:
    plain, packed = paper.get(path), paper.get(path, ("accept-encoding", "br, gzip"))
    assert header(packed, "content-encoding") == "gzip"
    assert not header(plain, "content-encoding")
    _verify(packed.body, plain.body, tmp_path)


def test_the_gzipped_whole_has_the_right_trailer(paper: Newspaper, tmp_path: Path) -> None:
    paper.sign_in({1: START + YEAR})
    plain, packed = paper.get("/subscribers"), paper.get("/subscribers", ("accept-encoding", "gzip"))
    assert has_rest(plain)
    _verify(packed.body, plain.body, tmp_path)
    read = paper.read(4, ("accept-encoding", "gzip"))
    assert REST.encode() in gzip.decompress(read.body)


def _verify(packed: bytes, plain: bytes, folder: Path) -> None:
    file = folder / "page.gz"
    file.write_bytes(packed)
    subprocess.run(["gzip", "-t", str(file)], check=True)
    assert gzip.decompress(packed) == plain


def test_a_condition_is_compared_with_the_variant_that_access_chose(paper: Newspaper) -> None:
    tag = header(paper.get("/subscribers"), "etag")
    again = paper.get("/subscribers", ("if-none-match", tag))
    assert (again.status, again.body) == (304, b"")
    assert header(again, "etag") == tag
    assert "default-src 'none'" in header(again, "content-security-policy")
    paper.sign_in({1: START + YEAR})
    whole = paper.get("/subscribers", ("if-none-match", tag))
    assert (whole.status, has_rest(whole)) == (200, True)
    assert paper.get("/subscribers", ("if-none-match", "*")).status == 200


def test_validators_differ_between_encodings(paper: Newspaper) -> None:
    tags = {header(paper.get("/metered", ("accept-encoding", coding)), "etag") for coding in ("gzip", "identity")}
    assert len(tags) == 2


def test_an_old_path_leads_to_the_new_one_with_no_text_behind_it(paper: Newspaper) -> None:
    answer = paper.get("/old-name")
    assert (answer.status, header(answer, "location"), answer.body) == (308, "/metered", b"")


def test_a_slash_behind_a_path_leads_to_the_path_and_opens_nothing(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    answer = paper.get("/subscribers/")
    assert (answer.status, header(answer, "location"), answer.body) == (308, "/subscribers", b"")
    assert paper.get("/nothing-here/").status == 404
    assert paper.get("/subscribers/x/").status == 404


def test_a_withdrawn_article_is_gone_for_a_subscriber_too(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    assert paper.get("/withdrawn").status == 410


def test_head_says_what_get_says(paper: Newspaper) -> None:
    assert paper.get("/metered", method="HEAD").headers == paper.get("/metered").headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "JEFF", "get"])
def test_other_methods_are_refused_without_a_word_of_the_article(paper: Newspaper, method: str) -> None:
    paper.sign_in({1: START + YEAR})
    answer = paper.get("/subscribers", method=method)
    assert (answer.status, header(answer, "allow")) == (405, "GET, HEAD")
    assert PREVIEW.encode() not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        "//metered", "/./metered", "/x/../metered", "/%2e/metered", "/%2e%2e/metered", "/..;/metered", "/metered%2f",
        "/metered\\", "/%5cmetered", "/%252e/metered", "/metered;x=1", "/metered%3b", "/metered%00", "/metered%0a",
        "/metered%ff", "/metered%zz", "/metered%", "/met%c3%28red", "/metered%23", "/metered%3f", "/métered",
        "/metered ",
    ],
)  # fmt: skip
def test_a_path_that_can_be_read_in_two_ways_is_refused(paper: Newspaper, path: str) -> None:
    paper.sign_in({1: START + YEAR})
    answer = paper.get(path)
    assert answer.status == 400
    assert not has_rest(answer)


@pytest.mark.parametrize(
    "path",
    ["/Metered", "/metered.css", "/metered/x.css", "/%6detered", "/metered.json", "/metered~", "/metere"],
)
def test_another_spelling_of_a_path_is_not_found(paper: Newspaper, path: str) -> None:
    paper.sign_in({1: START + YEAR})
    answer = paper.get(path)
    assert (answer.status, header(answer, "cache-control")) == (404, "private, no-store")
    assert b"There is nothing here" in answer.body


def test_a_query_changes_nothing(paper: Newspaper) -> None:
    assert paper.get("/metered?gift=x&unlocked=1&preview=true") == paper.get("/metered")


def test_an_unknown_host_is_refused(paper: Newspaper) -> None:
    for host in (b"other.example", b"", b"127.0.0.1", b"127.0.0.1:8080."):
        assert paper.ask("GET", "/metered", host=host).status == 421
    assert paper.ask("GET", "/metered", [("host", "127.0.0.1:8080")]).status == 400


def test_a_gate_that_serves_any_host_would_be_seen(paper: Newspaper) -> None:
    paper.worker.state.hosts |= {b"other.example"}
    with pytest.raises(AssertionError, match="421"):
        test_an_unknown_host_is_refused(paper)


@pytest.mark.parametrize("name", [cookies.PASS, cookies.METER, cookies.OPENING])
def test_two_cookies_of_one_name_mean_none(paper: Newspaper, name: str) -> None:
    paper.sign_in({1: START + YEAR})
    paper.read(10)
    held = paper.jar.get(name, "x")
    paper.jar = {name: held}
    twice = ("cookie", f"{name}={held}")
    assert not has_rest(paper.get("/subscribers", twice))


def test_the_case_of_a_cookie_name_matters(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    paper.jar = {"__HOST-foldline-pass": paper.jar[cookies.PASS]}
    assert not has_rest(paper.get("/subscribers"))


def test_every_answer_says_how_it_may_be_kept_and_is_never_sniffed(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    for path in ("/", "/free", "/metered", "/subscribers", "/old-name", "/withdrawn", "/nothing", "/a//b", "/-/me"):
        answer = paper.get(path)
        assert header(answer, "cache-control")
        assert header(answer, "x-content-type-options") == "nosniff"
        assert "default-src 'none'" in header(answer, "content-security-policy")
