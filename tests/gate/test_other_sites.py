"""What a page of another site learns by asking for ours from somebody's browser: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gate.newspaper import Newspaper, open_newspaper

from foldline.gate import response
from foldline.gate.response import Response

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
