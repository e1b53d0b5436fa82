"""What a page of another site learns by asking for ours from somebody's browser: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gate.newspaper import Newspaper, open_newspaper

from foldline.clock import SystemClock
from foldline.gate import response
from foldline.gate.response import Response
from foldline.proof.asks import Ask
from foldline.proof.pairs import SENTENCE
from foldline.proof.surfaces import SURFACES
from foldline.testing.builders import HOST
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

START = 1_795_000_000
ELSEWHERE = (("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors"))
PATHS = ("/", "/free", "/metered", "/subscribers", "/nothing", "/-/me", "/-/decision?article=4")


def header(answer: Response, name: bytes) -> bytes:
    return b", ".join(value for key, value in answer.headers if key == name)


def test_no_other_site_reads_an_answer_or_measures_it(paper: Newspaper) -> None:
    paper.sign_in({1: START + 10**7})
    for path in PATHS:
        for sent in ((), ELSEWHERE, (("origin", "null"),), (*ELSEWHERE, ("access-control-request-method", "GET"))):
            answer = paper.get(path, *sent)
            names = [name for name, _ in answer.headers]
            assert [name for name in names if name.startswith(b"access-control-")] == [], path
            assert b"timing-allow-origin" not in names, path
            assert header(answer, b"cross-origin-resource-policy") == b"same-origin", path
            assert b"frame-ancestors 'none'" in header(answer, b"content-security-policy"), path


def test_what_is_followed_from_an_address_with_a_gift_in_it_tells_other_sites_the_host_alone(paper: Newspaper) -> None:
    for path in ("/subscribers?gift=x", "/metered?gift=x&utm=1", "/nothing?gift=x"):
        answer = paper.get(path)
        assert header(answer, b"referrer-policy") == b"strict-origin-when-cross-origin"
        assert b"gift=x" not in answer.body


def test_without_a_callback_and_without_a_preflight(paper: Newspaper) -> None:
    plain = paper.get("/-/me")
    assert paper.get("/-/me?callback=stolen").body == plain.body
    asked = paper.ask("OPTIONS", "/-/me", (*ELSEWHERE, ("access-control-request-method", "GET")))
    assert asked.status == 405
    assert header(asked, b"access-control-allow-origin") == b""


def test_an_answer_that_other_sites_may_read_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = response.security_headers
    for broken in (
        lambda url: (*honest(url), (b"access-control-allow-origin", b"*")),
        lambda url: tuple(pair for pair in honest(url) if pair[0] != b"cross-origin-resource-policy"),
        lambda url: (*honest(url), (b"timing-allow-origin", b"*")),
    ):
        monkeypatch.setattr("foldline.gate.state.security_headers", broken)
        with pytest.raises(AssertionError):
            test_no_other_site_reads_an_answer_or_measures_it(open_newspaper(tmp_path / f"{id(broken)}"))


def test_every_answer_wants_https_alone_is_never_sniffed_and_names_no_program(tmp_path: Path) -> None:
    seen = set()
    with World(tmp_path, rests(SENTENCE)) as world:
        asks = [surface.base for surface in SURFACES]
        asks += [Ask(b"/the-tide", "POST"), Ask(b"/the-tide", headers=((b"host", b"elsewhere.example"),))]
        for ask in asks:
            answer = world.client.ask(ask.method, ask.target, ask.headers, ask.body)
            assert answer.header(b"strict-transport-security") == b"max-age=31536000", ask
            assert answer.header(b"x-content-type-options") == b"nosniff", ask
            assert answer.header(b"server") + answer.header(b"x-powered-by") + answer.header(b"via") == b"", ask
            seen.add(answer.status)
    assert seen >= {200, 303, 308, 400, 404, 405, 410, 421, 500, 502, 503}


def test_over_the_wire_no_program_is_named_either(tmp_path: Path) -> None:
    with World(tmp_path, rests(SENTENCE), SystemClock()) as world, GateProcess(world.home, HOST) as gate:
        answers = [gate.client.ask("GET", path) for path in (b"/the-tide", b"/nothing", b"/-/me", b"/a//b")]
        answers += gate.client.send(b"\xff\xfe\x00junk\r\n\r\n")
        for answer in answers:
            names = {name for name, _ in answer.headers}
            assert not names & {b"server", b"x-powered-by", b"via"}, answer.status
    assert {answer.status for answer in answers} == {200, 400, 404}
