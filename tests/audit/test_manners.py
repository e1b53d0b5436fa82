"""An audit asks one host, slowly, within bounds, and stops when it is told to; what it can't do it says by name."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.audit.audits import FAST, audited
from tests.audit.leaky_wall import SESSION, Asked, Said, Wall, wall

from foldline.errors import ConfigurationError
from foldline.proof.audit.asking import MOST_RATE, Bounds, Stopped, arrive, sent_fields
from foldline.proof.audit.finding import CantAudit
from foldline.proof.audit.ownership import PATH, prove, token_of
from foldline.proof.audit.probes import ask
from foldline.proof.audit.run import Wish
from foldline.sources.survey.hosts import NoSuchSite

AWAY = "https://elsewhere.example/news/vellmoor"


@pytest.fixture
def off_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the site were another machine's."""
    monkeypatch.setattr("foldline.proof.audit.asking.is_loopback", lambda address: False)


def plain_asks(site: Wall, count: int, bounds: Bounds = FAST, stop_file: Path | None = None) -> str:
    """So many questions; why no more of them were asked, "" where all were."""

    async def run() -> str:
        visitor = await arrive(site.url, bounds, stop_file=stop_file)
        try:
            for _ in range(count):
                await visitor.ask(ask("/"))
        except Stopped as stop:
            return str(stop)
        finally:
            visitor.close()
        return ""

    return asyncio.run(run())


class Hours:
    """A clock that goes on by sleeping alone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("foldline.proof.audit.asking.time", self)
        monkeypatch.setattr("foldline.proof.audit.asking.sleep", self.sleep)

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_800_000_000 + self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.usefixtures("off_loopback")
@pytest.mark.parametrize(("wanted", "slept"), [(0, 5.0), (50, 5.0), (0.25, 40.0)])
def test_off_loopback_no_rate_is_more_than_two_a_second(
    wanted: float, slept: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = Hours(monkeypatch)
    with wall() as site:
        assert plain_asks(site, 11, Bounds(rate=wanted)) == ""
    # Ten pauses between eleven questions.
    assert hours.now == slept
    assert MOST_RATE == 2


def test_a_site_that_says_when_is_left_alone_until_then_and_two_minutes_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hours = Hours(monkeypatch)
    later = ["90", "99999", "Fri, 15 Jan 2027 08:03:30 GMT"]

    def busy(asked: Asked) -> Said | None:
        return Said("", 503, headers=[("retry-after", later.pop(0))]) if later and len(site.seen) % 2 else None

    with wall() as site:
        site.before = busy
        assert plain_asks(site, 3, Bounds(rate=0, seconds=10_000)) == ""
    # 08:03:30 is 210 seconds after the clock's beginning at 08:00, which it had just reached.
    assert hours.now == 90 + 120
    assert later == []


def test_on_loopback_there_is_no_pause_unless_one_is_wanted() -> None:
    async def rate_of(site: Wall, wanted: float) -> float:
        visitor = await arrive(site.url, Bounds(rate=wanted))
        visitor.close()
        return visitor.bounds.rate

    with wall() as site:
        assert asyncio.run(rate_of(site, 0)) == 0
        assert asyncio.run(rate_of(site, 50)) == 50


def test_a_stop_file_ends_the_questions(tmp_path: Path) -> None:
    stop = tmp_path / "stop"

    def seen(asked: Asked) -> None:
        if len(site.seen) == 5:
            stop.touch()

    with wall() as site:
        site.before = seen
        assert plain_asks(site, 50, stop_file=stop) == f"the stop file {stop} is there"
        assert len(site.seen) == 5


def test_a_site_that_asks_for_patience_is_waited_for_and_three_times_in_a_row_it_is_left() -> None:
    busy = Said("later", 503, headers=[("retry-after", "0")])
    with wall() as site:
        site.before = lambda asked: busy if len(site.seen) % 3 else None
        assert plain_asks(site, 4) == ""
        assert len(site.seen) == 12
        site.before = lambda asked: Said("too many", 429, headers=[("retry-after", "0")])
        assert plain_asks(site, 4) == "the site asked for no more questions (429)"
        assert len(site.seen) == 15


def test_a_503_without_a_word_of_when_is_an_answer() -> None:
    with wall() as site:
        site.before = lambda asked: Said("broken", 503)
        assert plain_asks(site, 4) == ""


def test_a_bound_of_questions_is_kept_and_what_was_left_out_is_said() -> None:
    with wall("feed") as site:
        report = audited(site, bounds=Bounds(questions=150, rate=0))
        assert len(site.seen) == 150
    assert report.stopped == "150 questions were asked, which is the bound (--most)"
    assert report.left > 50
    assert any("planned were not asked" in line for line in report.undriven)
    assert [finding.vector for finding in report.findings] == ["B01"]
    with wall() as site:
        # A bound that somebody chose is no failure.
        assert audited(site, bounds=Bounds(questions=150, rate=0)).code == 0


def test_time_and_bytes_have_bounds_too() -> None:
    with wall() as site:
        assert "minutes are over" in plain_asks(site, 3, Bounds(seconds=-1, rate=0))
        assert "MB were received" in plain_asks(site, 3, Bounds(all_bytes=100, rate=0))


def test_a_site_that_dies_in_the_middle_leaves_a_report_of_what_was_found_before() -> None:
    with wall("json-ld") as site:
        site.before = lambda asked: _die() if len(site.seen) > 60 else None
        report = audited(site)
    assert report.stopped == "the site did not answer 6 questions in a row"
    assert report.unanswered == 6
    assert [finding.vector for finding in report.findings] == ["A08"]
    assert report.code == 1
    with wall() as site:
        site.before = lambda asked: _die() if len(site.seen) > 60 else None
        report = audited(site)
    assert report.code == 2


def _die() -> Said:
    # A body that is shorter than it was told to be: the server drops the connection.
    return Said(b"", headers=[("content-length", "9"), ("bad header", "x")])


def test_where_an_answer_leads_is_followed_within_the_site_alone_and_never_for_ever() -> None:
    def moved(asked: Asked) -> Said | None:
        loops = {"/round": "/and-round", "/and-round": "/round"}
        if asked.path in loops:
            return Said("", 302, headers=[("location", loops[asked.path])])
        if asked.path == "/feed":
            return Said("", 301, headers=[("location", AWAY)])
        if asked.path == "/old":
            return Said("", 301, headers=[("location", site.stories[0].path)])
        return None

    with wall() as site:
        site.before = moved
        report = audited(site, Wish(("/old", "/round"), SESSION))
        hosts = {asked.headers["host"] for asked in site.seen}
    assert [article.path for article in report.articles] == [site.stories[0].path]
    assert report.without == ["/round"]
    assert report.led_away["/feed"] == AWAY
    assert "elsewhere.example" not in hosts
    assert report.findings == []


def test_of_a_huge_page_the_beginning_is_read_and_the_report_says_that_it_was_not_whole() -> None:
    with wall() as site:
        site.before = lambda asked: Said("x" * 400_000, kind="text/plain") if asked.path == "/llms.txt" else None
        report = audited(site, bounds=Bounds(questions=4000, rate=0, one=100_000))
    assert report.unread == 1
    assert any("too long, cut off or in a coding" in line for line in report.undriven)
    assert report.code == 0


def test_a_cookie_that_opens_nothing_is_told_by_name_with_what_it_may_be() -> None:
    with wall() as site, pytest.raises(CantAudit) as refused:
        audited(site, Wish((site.stories[0].path,), "session=of-nobody"))
    assert refused.value.problem.id == "FL331"
    assert site.stories[0].path in refused.value.problem.where
    assert "--stranger-cookie-file" in refused.value.problem.hint


def test_articles_that_are_not_there_are_told_by_name() -> None:
    with wall() as site, pytest.raises(CantAudit) as refused:
        audited(site, Wish(("/news/nothing",), SESSION))
    assert refused.value.problem.id == "FL334"
    assert "/news/nothing: status 404" in refused.value.problem.where


def proved(site: Wall, token: str, records: dict[str, list[str]] | None = None) -> str:
    async def run() -> str:
        visitor = await arrive(site.url, FAST)
        try:
            return await prove(visitor, token, lambda name: (records or {}).get(name, []))
        finally:
            visitor.close()

    return asyncio.run(run())


@pytest.mark.usefixtures("off_loopback")
def test_a_site_of_somebody_else_is_refused_with_the_line_that_would_prove_it(tmp_path: Path) -> None:
    token = token_of("127.0.0.1", tmp_path / "state" / "audit.key")
    with wall() as site, pytest.raises(ConfigurationError) as refused:
        proved(site, token, {"_foldline-audit.127.0.0.1": [token[:-1], "v=spf1"]})
    (problem,) = refused.value.problems
    assert problem.id == "FL330"
    assert token in problem.hint
    assert site.url + PATH in problem.hint
    assert [asked.path for asked in site.seen] == [PATH]


@pytest.mark.usefixtures("off_loopback")
def test_a_site_that_does_not_answer_is_told_from_one_without_a_token(tmp_path: Path) -> None:
    with wall() as site:
        pass
    with pytest.raises(NoSuchSite, match="does not answer"):
        proved(site, token_of("127.0.0.1", tmp_path / "audit.key"))


@pytest.mark.usefixtures("off_loopback")
def test_a_file_or_a_record_with_the_token_proves_a_site(tmp_path: Path) -> None:
    token = token_of("127.0.0.1", tmp_path / "audit.key")
    with wall() as site:
        assert proved(site, token, {"_foldline-audit.127.0.0.1": ["v=spf1", token]}) == "record"
        site.before = lambda asked: Said(f"hello\n{token}\n", kind="text/plain") if asked.path == PATH else None
        assert proved(site, token) == "file"
        # Not behind a redirect, and not with an error: whoever may answer 404 with a text of theirs proves nothing.
        site.before = lambda asked: Said(token, 404) if asked.path == PATH else None
        with pytest.raises(ConfigurationError):
            proved(site, token)


def test_a_token_is_of_one_key_and_one_host_and_its_key_is_nobody_elses(tmp_path: Path) -> None:
    key = tmp_path / "audit.key"
    token = token_of("one.example", key)
    assert token == token_of("ONE.example", key)
    assert token != token_of("two.example", key)
    assert token != token_of("one.example", tmp_path / "other.key")
    assert key.stat().st_mode & 0o777 == 0o600


def test_only_subscribers_questions_carry_the_cookie_and_nothing_is_asked_that_changes_a_site() -> None:
    with wall() as site:
        audited(site)
        with_cookie = [asked for asked in site.seen if SESSION in asked.headers.get("cookie", "")]
    assert 0 < len(with_cookie) < 12
    assert all(asked.method == "GET" for asked in with_cookie)
    assert all(asked.path.startswith(site.stories[0].path) for asked in with_cookie)
    methods = {asked.method for asked in site.seen}
    assert methods <= {"GET", "HEAD", "OPTIONS", "POST", "get", "JEFF", "PROPFIND", "TRACE"}
    assert all(asked.headers.get("content-length", "0") == "0" for asked in site.seen)


def test_what_a_question_does_not_say_is_what_a_plain_visitor_says() -> None:
    fields = dict(sent_fields(ask("/", user_agent="", accept="text/plain"), "paper.example"))
    assert fields[b"host"] == b"paper.example"
    assert fields[b"accept"] == b"text/plain"
    assert b"user-agent" not in fields
