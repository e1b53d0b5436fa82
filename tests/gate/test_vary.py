"""An answer that comes packed for some says so to every cache, whatever its status (RFC 9110, 12.5.5)."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from tests.gate.newspaper import Newspaper, open_newspaper

from foldline.gate import state

START = 1_795_000_000
#: What is asked, by nobody and by a subscriber.
ASKED = (
    ("GET", "/"),
    ("GET", "/free"),
    ("GET", "/metered"),
    ("GET", "/subscribers"),
    ("HEAD", "/subscribers"),
    ("GET", "/old-name"),
    ("GET", "/withdrawn"),
    ("GET", "/nothing"),
    ("GET", "/a//b"),
    ("GET", "/-/decision?article=4"),
    ("POST", "/subscribers"),
)
GZIP = ("accept-encoding", "gzip")
SAME = ("sec-fetch-site", "same-origin")


def test_whatever_comes_packed_or_plain_says_that_it_does(paper: Newspaper) -> None:
    seen = set()
    for signed_in in (False, True):
        if signed_in:
            paper.sign_in({1: START + 10**7})
        for method, path in ASKED:
            plain, packed = paper.get(path, SAME, method=method), paper.get(path, SAME, GZIP, method=method)
            said = [[value for name, value in answer.headers if name == b"vary"] for answer in (plain, packed)]
            assert plain.status == packed.status, path
            assert said[0] == said[1], (method, path)
            if (b"content-encoding", b"gzip") in packed.headers:
                assert said[1] == [b"accept-encoding"], (method, path)
                assert gzip.decompress(packed.body) == plain.body, path
                seen.add(packed.status)
    assert seen == {200, 404}


def test_a_condition_that_holds_says_it_too(paper: Newspaper) -> None:
    tag = dict(paper.get("/metered", GZIP).headers)[b"etag"].decode()
    answer = paper.get("/metered", GZIP, ("if-none-match", tag))
    assert (answer.status, dict(answer.headers)[b"vary"]) == (304, b"accept-encoding")


def test_an_answer_that_hides_that_it_varies_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = tuple(pair for pair in state.NO_STORE if pair[0] != b"vary")
    monkeypatch.setattr(state, "NO_STORE", silent)
    with pytest.raises(AssertionError, match="/metered"):
        test_whatever_comes_packed_or_plain_says_that_it_does(open_newspaper(tmp_path))
