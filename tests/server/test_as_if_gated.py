"""A site in shadow answers staff who audit it as if it were gated, and everybody else as ever."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.server.shadow_site import Asked, Caller, Said
from tests.server.test_origin_newspaper import SECRET
from tests.server.test_shadow import CANARY, Place, standing, until_gated

from foldline.cli.main import verbs
from foldline.clock import SystemClock
from foldline.errors import InvalidToken
from foldline.proof.audit.asking import Bounds, arrive
from foldline.proof.audit.finding import CantAudit, Report
from foldline.proof.audit.run import Audit, Wish
from foldline.signed import as_if_gated
from foldline.signed.keys import Keyring, Purpose
from foldline.sources.origin.client import Address
from foldline.stores.mode import Mode
from foldline.testing.builders import HOST, in_mode

#: A worker for each fault: `make proof` starts all of them.
LONG = os.environ.get("FOLDLINE_PROOF") == "long"
DIARIES, MANY = "/two-diaries.html", "/the-long-one.html"


@pytest.fixture
def caller(place: Place) -> Iterator[Caller]:
    with closing(place.caller()) as made:
        yield made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with standing(tmp_path_factory.mktemp("shadow") / "home") as runs:
        yield runs


def keyring(place: Place, host: str = HOST) -> Keyring:
    return Keyring(place.settings.secrets, host)


def now() -> int:
    return int(SystemClock().now())


def asked(caller: Caller, target: str, token: str = "", method: str = "GET") -> Said:
    return caller.ask(Asked(method, target, (("X-Foldline-As-If-Gated", token),) if token else ()))


def test_with_a_token_shadow_answers_what_the_gate_would_and_no_cache_keeps_it(place: Place, caller: Caller) -> None:
    token = as_if_gated.sign(keyring(place), now() + 600)
    assert CANARY in asked(caller, DIARIES).body
    shown = asked(caller, DIARIES, token)
    assert shown.status == 200
    assert CANARY not in shown.body
    assert b"foldline-gate" in shown.body
    assert asked(caller, "/wp-json/posts").status == 200
    assert CANARY not in asked(caller, "/wp-json/posts", token).body
    for target in (DIARIES, "/wp-json/posts", "/theme/site.css", "/pictures/a.png", "/nowhere.html"):
        fields = dict(asked(caller, target, token).fields)
        assert fields.get("cache-control") == "private, no-store", target
        assert fields.get("x-accel-expires") == "0", target
        assert "cdn-cache-control" not in fields, target


def test_the_site_never_hears_of_a_token(place: Place, caller: Caller) -> None:
    token = as_if_gated.sign(keyring(place), now() + 600)
    for sent in (token, "junk"):
        assert sent.encode() not in asked(caller, "/pages/echo", sent).body


def test_any_other_token_is_as_none(place: Place, caller: Caller) -> None:
    good = as_if_gated.sign(keyring(place), now() + 600)
    moment, keys = now(), keyring(place)
    others = (
        as_if_gated.sign(keys, moment - 1),
        as_if_gated.sign(keys, moment + as_if_gated.LONGEST + 600),
        as_if_gated.sign(keyring(place, "other.example"), moment + 600),
        as_if_gated.sign(Keyring((b"another secret of thirty-two bytes",), HOST), moment + 600),
        keys.sign(Purpose.PASS, (moment + 600).to_bytes(4, "big")),
        keys.sign(Purpose.AUDIT, b"\x00" * 5),
        good[:-2],
        f"{good}, {good}",
        SECRET,
    )
    plain = asked(caller, DIARIES)
    for token in others:
        assert asked(caller, DIARIES, token) == plain, token


def test_a_gated_site_does_not_care_for_tokens(tmp_path: Path) -> None:
    with standing(tmp_path / "home") as place, closing(place.caller()) as caller:
        in_mode(place.settings.home, Mode.GATE, now())
        until_gated(place, caller)
        plain = asked(caller, DIARIES)
        assert asked(caller, DIARIES, as_if_gated.sign(keyring(place), now() + 600)) == plain


def test_a_token_ends_and_is_of_its_purpose_alone(place: Place) -> None:
    keys, moment = keyring(place), now()
    token = as_if_gated.sign(keys, moment + 10).encode()
    assert as_if_gated.verify(keys, token, moment) == moment + 10
    with pytest.raises(InvalidToken):
        as_if_gated.verify(keys, token, moment + 10)


def audited(place: Place, monkeypatch: pytest.MonkeyPatch, token: str) -> Report:
    async def at_the_worker(at: object, *, local: bool) -> Address:
        return Address("127.0.0.1", place.gate.address[1])

    monkeypatch.setattr("foldline.proof.audit.asking.found", at_the_worker)

    async def run() -> Report:
        visitor = await arrive(f"http://{HOST}", Bounds(rate=0))
        try:
            return await Audit(visitor, Wish((MANY,), token=token)).run()
        finally:
            visitor.close()

    return asyncio.run(run())


def test_an_audit_of_a_site_in_shadow_needs_the_token_alone_and_finds_what_gating_leaves_open(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = audited(place, monkeypatch, as_if_gated.sign(keyring(place), now() + 600))
    assert report.as_if_gated
    assert [article.path for article in report.articles] == [MANY]
    assert report.findings == []
    assert report.code == 0
    with pytest.raises(CantAudit) as refused:
        audited(place, monkeypatch, "no token of anybody")
    assert refused.value.problem.id == "FL331"


def test_the_verb_signs_for_its_own_home_alone(place: Place) -> None:
    words = [
        "audit",
        "http://127.0.0.1:9",
        "--as-if-gated",
        "--article",
        DIARIES,
        "--home",
        str(place.settings.home.path),
    ]
    answer = CliRunner().invoke(verbs, words, env={"FOLDLINE_ORIGIN_SECRET": "x" * 40})
    assert answer.exit_code == 2
    assert f"this home is of {HOST}" in answer.stderr


#: Python that takes one defence away, and the test that must see it.
FAULTS = {
    "any token counts": (
        "from foldline.server import origin_gate\n"
        "origin_gate.is_asked_as_if_gated = lambda request, state: bool(request.header(b'x-foldline-as-if-gated'))",
        test_any_other_token_is_as_none,
    ),
    "a preview is kept by caches": (
        "from foldline.server import origin_gate\norigin_gate.uncached = lambda answer: answer",
        test_with_a_token_shadow_answers_what_the_gate_would_and_no_cache_keeps_it,
    ),
    "what is passed on is kept by caches": (
        "from foldline.server import origin_gate\norigin_gate.kept_by_nobody = lambda send: send",
        test_with_a_token_shadow_answers_what_the_gate_would_and_no_cache_keeps_it,
    ),
}


@pytest.mark.parametrize("fault", FAULTS if LONG else list(FAULTS)[:2])
def test_each_defence_taken_away_is_seen(fault: str, tmp_path: Path) -> None:
    code, test = FAULTS[fault]
    with standing(tmp_path / "home", code) as place, closing(place.caller()) as caller, pytest.raises(AssertionError):
        test(place, caller)
