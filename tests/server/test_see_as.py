"""The desk's eye sees what the gate sends, to the byte, and leaves nothing behind."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from tests.gate.newspaper import PATHS, PREVIEW, READER, REST, SECRET, START, Newspaper, open_newspaper

from foldline.config import load
from foldline.gate.response import Response
from foldline.insight.decisions import last_decisions
from foldline.policy.decide import Decision, decide
from foldline.policy.facts import Access
from foldline.policy.reasons import Reason
from foldline.server.gate_state import rules_of
from foldline.server.reader_kinds import DAY, GOOGLEBOT, KINDS, needs_of, visit_as
from foldline.server.see_as import SeeAs
from foldline.site.desk.looking import Look
from foldline.stores.rule_sets import RuleSetStore

LIMIT = 3


@pytest.fixture
def paper(tmp_path: Path) -> Newspaper:
    return open_newspaper(tmp_path, LIMIT)


@pytest.fixture
def eye(paper: Newspaper) -> SeeAs:
    return SeeAs(load(paper.home, {"FOLDLINE_SECRET": SECRET}), paper.clock)


def become(paper: Newspaper, kind: str) -> list[tuple[str, str]]:
    """Be such a reader at the real gate, by its own doors; gives the headers of their browser."""
    products = {"registered": {}, "subscriber": {1: START + 30 * DAY}, "lapsed": {1: START - DAY}}
    if kind in products:
        paper.sign_in(products[kind])
    for number in {"one-left": (10, 11), "none-left": (10, 11, 12)}.get(kind, ()):
        assert paper.read(number).status == 200
    if KINDS[kind].verified:
        paper.list_crawler()
    return [("user-agent", GOOGLEBOT)] if KINDS[kind].crawler else []


def seen(eye: SeeAs, path: str, kind: str) -> Look:
    look = eye.look(path, kind)
    assert look is not None
    return look


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("access", list(Access))
def test_it_sees_the_bytes_and_the_decision_of_the_real_gate(
    paper: Newspaper, eye: SeeAs, kind: str, access: Access
) -> None:
    look = seen(eye, PATHS[access], kind)
    agent = become(paper, kind)
    noted: list[Decision] = []
    paper.worker.state.note = lambda article, decision, **_more: noted.append(decision)
    answers: list[Response] = [paper.get(PATHS[access], *agent)]
    if noted[0].spend is not None:
        number = list(Access).index(access) + 1
        posted = paper.read(number, *agent, script=False)
        assert posted.status == 303
        answers.append(paper.get(PATHS[access], *agent))
    assert [(step.status, step.body) for step in look.steps] == [(answer.status, answer.body) for answer in answers]
    assert [step.decision for step in look.steps] == noted[: len(look.steps)]
    assert [step.counted for step in look.steps] == [False, True][: len(look.steps)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("access", list(Access))
def test_it_and_why_make_the_same_decision(paper: Newspaper, eye: SeeAs, kind: str, access: Access) -> None:
    page = paper.worker.library.page(PATHS[access].encode())
    rules = rules_of(load(paper.home, {"FOLDLINE_SECRET": SECRET}), START)
    needs = needs_of(page.article, rules, START)
    visit = visit_as(KINDS[kind], page.article, needs, START, KINDS[kind].used(needs))
    assert seen(eye, PATHS[access], kind).steps[0].decision == decide(visit, rules)


def test_what_each_kind_gets_of_a_metered_article(eye: SeeAs) -> None:
    told = {}
    for kind in KINDS:
        steps = seen(eye, "/metered", kind).steps
        told[kind] = [
            (step.decision.outcome.value, step.decision.reason.value, REST.encode() in step.body)
            for step in steps
            if step.decision is not None
        ]
        assert all(PREVIEW.encode() in step.body for step in steps)
    counted = [("opens-if", "meter-has-room", False), ("opens", "meter-has-room", True)]
    assert told == {
        "anonymous": counted,
        "one-left": counted,
        "none-left": [("refuses", "meter-is-spent", False)],
        "registered": counted,
        "subscriber": [("opens", "subscription-covers", True)],
        "lapsed": counted,
        "library": counted,
        "googlebot": counted,
        "crawler": counted,
    }


def test_it_reads_with_what_one_reader_has(eye: SeeAs) -> None:
    told = {}
    for name, ends in {"runs": {1: START + DAY}, "no end": {1: 0}, "ended": {1: START - DAY}, "none": {}}.items():
        look = eye.look_with("/subscribers", READER, ends)
        assert look is not None
        (step,) = look.steps
        assert step.decision is not None
        told[name] = (step.decision.reason.value, REST.encode() in step.body)
    assert told == {
        "runs": ("subscription-covers", True),
        "no end": ("subscription-covers", True),
        "ended": ("subscription-ended", False),
        "none": ("subscription-needed", False),
    }


def test_a_reader_of_more_products_than_a_pass_holds_reads_them_all(eye: SeeAs) -> None:
    look = eye.look_with("/subscribers", READER, dict.fromkeys(range(2, 30), 0) | {1: 0})
    assert look is not None
    assert look.steps[0].decision is not None
    assert look.steps[0].decision.reason == "subscription-covers"


def test_a_reader_whose_meter_is_spent_is_told_so_and_which_articles_they_read_is_not_said(
    paper: Newspaper, eye: SeeAs
) -> None:
    def told(path: str) -> list[str]:
        look = eye.look_with(path, READER, {})
        assert look is not None
        return [step.decision.reason.value for step in look.steps if step.decision is not None]

    paper.sign_in()
    assert told("/metered-10") == ["meter-has-room", "meter-has-room"]
    for number in (10, 11, 12):
        assert told("/metered-13") == ["meter-has-room", "meter-has-room"]
        assert REST.encode() in paper.read(number).body
    assert told("/metered-13") == ["meter-has-room", "meter-is-spent"]
    # The gate would open it again, because it was read before; staff do not learn that.
    assert REST.encode() in paper.read(10).body
    assert told("/metered-10") == ["meter-has-room", "meter-is-spent"]
    assert REST.encode() not in paper.read(13).body


def test_where_the_meter_cannot_be_read_the_look_says_what_the_gate_says(paper: Newspaper, eye: SeeAs) -> None:
    paper.home.meter_db.unlink()
    look = eye.look_with("/metered", READER, {})
    assert look is not None
    assert look.steps[-1].decision is not None
    assert look.steps[-1].decision.reason == "meter-cannot-count"


def test_looking_leaves_nothing_behind(paper: Newspaper, eye: SeeAs) -> None:
    def files() -> dict[str, str]:
        # Each reader of a database makes an index and an empty log beside it.
        return {
            str(path.relative_to(paper.home.path)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in paper.home.path.rglob("*")
            if path.is_file() and path.stat().st_size and not path.name.endswith("-shm")
        }

    before = files()
    for kind in KINDS:
        for access in Access:
            seen(eye, PATHS[access], kind)
    eye.look_with("/metered", READER, {})
    paper.worker.events.flush()
    assert files() == before
    # And however often it looks, a reader has as much left as before.
    for _ in range(5):
        assert len(seen(eye, "/metered", "one-left").steps) == 2


def test_each_rule_in_the_trace_has_where_it_is_written(eye: SeeAs) -> None:
    look = seen(eye, "/metered", "none-left")
    decision = look.steps[0].decision
    assert decision is not None
    assert look.sources[decision.rule] == "foldline.toml [meter] limit"
    assert {finding.rule for finding in decision.findings} <= set(look.sources)


@pytest.mark.parametrize("path", ["/nothing-here", "/", "/old-name", "/withdrawn", "/-/read", "/../etc/passwd"])
def test_where_no_article_stands_there_is_nothing_to_see(eye: SeeAs, path: str) -> None:
    assert eye.look(path, "subscriber") is None
    assert eye.look_with(path, READER, {1: 0}) is None


def test_a_kind_that_there_is_none_of_is_an_error(eye: SeeAs) -> None:
    with pytest.raises(KeyError):
        eye.look("/metered", "admin")


def test_files_of_the_page_come_from_the_same_gate(paper: Newspaper, eye: SeeAs) -> None:
    name = next(path for path in paper.worker.state.assets if path.endswith(".css"))
    found = eye.file(name)
    assert found is not None
    assert found[0].startswith("text/css")
    assert found[1] == paper.worker.state.assets[name].body
    picture = "0123456789abcdef" * 2 + ".png"
    (paper.home.media / picture).write_bytes(b"a picture")
    assert eye.file(f"/-/media/{picture}") == ("image/png", b"a picture")
    for path in ("/-/static/nothing.css", "/-/media/../secret", "/-/media/secret", "/-/account"):
        assert eye.file(path) is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_event_line_the_desk_and_why_have_the_same_findings(paper: Newspaper, eye: SeeAs, kind: str) -> None:
    agent = become(paper, kind)
    paper.worker.events.flush()
    for segment in paper.home.events.iterdir():
        segment.unlink()
    paper.get("/metered", *agent)
    paper.worker.events.flush()
    (line,) = last_decisions(paper.home.events, 10)
    decision = seen(eye, "/metered", kind).steps[0].decision
    assert decision is not None
    found = dict.fromkeys((finding.reason.value, finding.passed) for finding in decision.findings)
    assert line.findings == tuple(found)
    assert (line.outcome, line.reason, line.rule) == (decision.outcome, decision.reason, decision.rule)
    assert line.rules == decision.rules_version


def test_in_the_network_of_a_library_the_page_says_who_provides_it(paper: Newspaper, eye: SeeAs) -> None:
    with RuleSetStore(paper.home) as sets:
        sets.publish('[[rule]]\nname = "Libraries"\nopens-for = "institution"\n', "ada", "", START)
    (step,) = seen(eye, PATHS[Access.SUBSCRIBERS], "library").steps
    assert step.decision is not None
    assert step.decision.reason is Reason.IN_INSTITUTION
    assert b"Provided by a library" in step.body
