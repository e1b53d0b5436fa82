"""The gate mounted in an application of its process, by WSGI and by ASGI: the same promises as before a site."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.mounted_room import CANARY, FREE, OURS, PATH, SECOND, Paper, mounted

from foldline.signed import cookies

SPELLED = (
    "/./two-diaries.html", "/x/../two-diaries.html", "/x/%2e%2e/two-diaries.html", "/two-diaries.html;x",
    "//two-diaries.html", "/two-diaries.html%00", "/two%5cdiaries.html", "/two%2564iaries.html", "/two-diaries.html%ff",
    "/TWO-DIARIES.HTML", "/%EF%BD%94wo-diaries.html", "/two-diaries%E2%80%8B.html", "/two-diaries.html%3Fx",
    "/two-diaries.html%23x", "/two-diaries.html/", "/two-diaries.html.", "/two-diaries.html%20",
)  # fmt: skip
Papers = tuple[Paper, Paper]


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Papers]:
    """Both kinds, for questions that change nothing."""
    folder = tmp_path_factory.mktemp("papers")
    with mounted("wsgi", folder / "wsgi") as one, mounted("asgi", folder / "asgi") as other:
        yield one, other


@pytest.fixture(params=["wsgi", "asgi"])
def paper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Paper]:
    with mounted(request.param, tmp_path / "home") as runs:
        yield runs


def test_nobody_gets_the_preview_of_the_applications_own_page(paper: Paper) -> None:
    answer = paper.get(PATH)
    text = answer.body.decode()
    assert answer.status == 200
    assert "a line for each flood" in text
    assert "Nothing of ours</footer>" in text
    assert 'data-kind="ask"' in text
    assert CANARY not in text
    assert "wordCount" not in text
    assert answer.header(b"cache-control") == b"no-cache"
    assert [(asked.method, asked.path) for asked in paper.site.asked] == [("GET", PATH)]


def test_a_subscriber_gets_the_whole_and_nobody_keeps_it(paper: Paper) -> None:
    answer = paper.get(PATH, *paper.subscriber())
    assert CANARY in answer.body.decode()
    assert answer.header(b"cache-control") == b"private, no-store"
    assert answer.header(b"etag") == b""


def test_the_gate_asks_as_itself_and_with_nothing_of_any_reader(paper: Paper) -> None:
    carries = (*paper.subscriber(), (b"user-agent", b"Reader/1"), (b"authorization", b"Basic x"), (b"x-mine", b"1"))
    assert CANARY in paper.get(f"{PATH}?utm=1", *carries).body.decode()
    (asked,) = paper.site.asked
    assert asked.asks
    assert (asked.method, asked.path, asked.query, asked.body) == ("GET", PATH, "", b"")
    assert set(asked.fields) == {
        "host", "user-agent", "accept", "accept-encoding", "x-forwarded-host", "x-forwarded-proto",
    }  # fmt: skip
    assert asked.fields["user-agent"].startswith("Foldline")


def test_one_question_is_enough_for_all_readers_while_an_answer_is_fresh(paper: Paper) -> None:
    for _ in range(5):
        assert paper.get(PATH).status == paper.get(PATH, *paper.subscriber()).status == 200
    assert len(paper.site.asked) == 1


def test_what_the_application_sets_on_an_article_reaches_no_reader(paper: Paper) -> None:
    for answer in (paper.get(PATH), paper.get(PATH, *paper.subscriber()), paper.get(FREE)):
        assert answer.header(b"set-cookie") == b""
        assert answer.header(b"x-foldline-outcome") == b""
        assert answer.header(b"etag") != b'"v1"'


def test_one_article_is_counted_a_reload_shows_it_and_the_next_one_is_refused(paper: Paper) -> None:
    answer = paper.read(PATH)
    assert 'data-outcome="open"' in answer.body.decode()
    jar = (b"cookie", b"; ".join(f"{name}={value}".encode() for name, value in answer.cookies.items()))
    assert cookies.OPENING.encode() in jar[1]
    assert CANARY in paper.get(PATH, jar).body.decode()
    refused = paper.read(SECOND, jar)
    assert 'data-outcome="refused"' in refused.body.decode()
    assert CANARY not in paper.get(SECOND, jar).body.decode()


def test_a_page_that_says_that_it_is_free_is_free(paper: Paper) -> None:
    assert CANARY in paper.get(FREE).body.decode()


def test_what_is_passed_reaches_the_application_as_it_was_sent_but_for_what_is_ours(paper: Paper) -> None:
    sent = (
        (b"cookie", b"basket=7; __Host-foldline-pass=abc; theme=dark"),
        (b"x-foldline-secret", b"forged"),
        (b"x-original-url", PATH.encode()),
        (b"x-script-name", b"/shop"),
        (b"x-forwarded-for", b"198.51.100.9"),
        (b"x-mine", b"1"),
        (b"content-type", b"text/plain"),
    )
    answer = paper.ask("POST", b"/shop/basket?item=4&item=5", sent, b"two of them")
    (asked,) = paper.site.asked
    assert (asked.method, asked.query, asked.body, asked.asks) == ("POST", "item=4&item=5", b"two of them", False)
    assert asked.fields["cookie"] == "basket=7; theme=dark"
    assert asked.fields["x-forwarded-for"] == "198.51.100.9"
    assert asked.fields["x-mine"] == "1"
    assert set(asked.fields) & {"x-foldline-secret", "x-original-url", "x-script-name"} == set()
    assert answer.status == 200
    assert answer.header(b"x-shop") == b"1"
    assert answer.header(b"set-cookie") == b"basket=1"
    assert answer.header(b"x-foldline-secret") == b""
    assert answer.body.endswith(b"two of them")


def test_a_listed_query_is_all_that_an_application_sees_of_it(paper: Paper) -> None:
    assert paper.get("/find/?q=x&page=2").status == 200
    assert paper.site.asked[0].query == "page=2"


def test_files_are_sent_and_texts_that_nobody_mapped_are_closed(paper: Paper) -> None:
    sheet = paper.get("/theme/site.css")
    assert (sheet.status, sheet.body, sheet.header(b"x-sendfile")) == (200, b"body { color: teal }", b"")
    for path in ("/unmapped", "/unmapped/two", "/pretends.css"):
        for headers in ((), ((b"range", b"bytes=0-9"), (b"if-none-match", b'"v1"'))):
            answer = paper.get(path, *headers)
            assert (answer.status, CANARY in answer.body.decode()) == (404, False), path
            assert answer.header(b"etag") == b""
    assert "range" not in paper.site.asked[-1].fields or paper.site.asked[-1].path == "/pretends.css"
    assert paper.get("/all.xml").status == 404
    assert paper.site.asked[-1].path != "/all.xml", "what is closed is not asked for"


def test_the_gates_own_pages_are_answered_without_the_application(paper: Paper) -> None:
    me = paper.get("/-/me", *paper.subscriber())
    assert (me.status, b'"signed_in": true' in me.body) == (200, True)
    sheet = re.search(r'href="(/-/static/wall[^"]*)"', paper.get(PATH).body.decode())
    assert sheet
    assert paper.get(sheet[1]).header(b"content-type").startswith(b"text/css")
    # The site process does not run here: an account page says that it can't be reached.
    assert paper.get("/-/sign-in").status == 502
    assert {asked.path for asked in paper.site.asked} == {PATH}


def test_head_and_gzip_and_conditions_are_answered_by_the_gate(paper: Paper) -> None:
    plain = paper.get(PATH)
    head = paper.get(PATH, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.header(b"content-length") == b"%d" % len(plain.body)
    packed = paper.get(PATH, (b"accept-encoding", b"gzip"))
    assert gzip.decompress(packed.body) == plain.body
    assert paper.get(PATH, (b"if-none-match", plain.header(b"etag"))).status == 304
    assert paper.get(PATH, (b"if-none-match", b'"v1"')).status == 200
    assert paper.get(PATH, (b"range", b"bytes=0-9")).body == plain.body
    assert paper.get(PATH, method="POST").status == 405


def test_another_host_is_not_served(paper: Paper) -> None:
    for path in (PATH, "/shop/basket", "/-/me"):
        assert paper.get(path, (b"host", b"other.example")).status == 421, path
    assert paper.site.asked == []


@pytest.mark.parametrize("spelled", SPELLED, ids=repr)
def test_a_path_that_can_be_read_in_two_ways_is_refused_or_closed(papers: Papers, spelled: str) -> None:
    for paper in papers:
        answer = paper.get(spelled, *paper.subscriber())
        assert answer.status in (400, 404), paper.kind
        assert b"ledger" not in answer.body


def test_an_application_that_fails_shows_the_last_good_page(paper: Paper) -> None:
    def failing(asked: object) -> tuple[int, list[tuple[str, str]], list[bytes]]:
        raise ValueError("on purpose")

    assert paper.get(PATH).status == 200
    paper.site.instead = failing
    paper.expire(PATH)
    assert CANARY not in paper.get(PATH).body.decode()
    assert len(paper.site.asked) == 2, "it was asked, and failed"
    assert CANARY in paper.get(PATH, *paper.subscriber()).body.decode()
    assert paper.get(SECOND).status == 502


def test_an_application_that_answers_less_than_it_told_or_too_much_or_nothing_is_not_believed(paper: Paper) -> None:
    html = [("Content-Type", "text/html")]
    odd = {
        "short": (200, [*html, ("Content-Length", "9000")], [b"<p>half"]),
        "huge": (200, html, (b"x" * 100_000 for _ in range(60))),
        "text": (200, [("Content-Type", "application/json")], [b"{}"]),
        "moved": (302, [("Location", "/elsewhere.html"), *html], [b"there"]),
        "gone": (410, html, [b"gone"]),
        "locked": (403, html, [CANARY.encode()]),
        "control": (200, [*html, ("Content-Language", "e\x01n")], [b"<p>x"]),
    }
    paper.site.instead = lambda asked: odd[asked.path.strip("/").removesuffix(".html")]
    found = {name: paper.get(f"/{name}.html").status for name in odd}
    wanted = {"short": 502, "huge": 502, "text": 404, "moved": 302, "gone": 410, "locked": 502, "control": 502}
    assert found == wanted
    assert paper.get("/moved.html").header(b"location") == b"/elsewhere.html"


def test_cookies_of_ours_never_reach_the_application(paper: Paper) -> None:
    for target in (PATH, "/shop/basket", "/find/", "/theme/site.css", "/unmapped"):
        paper.get(target, (b"cookie", b"a=1; __Host-foldline-pass=x; __Host-foldline-meter=y"))
    assert len(paper.site.asked) == 5
    assert all(OURS.decode() not in asked.fields.get("cookie", "") for asked in paper.site.asked)
