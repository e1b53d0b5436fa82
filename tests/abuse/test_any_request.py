"""Requests that nobody thought of: two newspapers that differ below the fold answer all of them alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.proof.room import LONG

from foldline.proof.pairs import SENTENCE
from foldline.proof.plan import witness_of
from foldline.proof.shingles import Witness
from foldline.proof.twins import compare
from foldline.signed import cookies
from foldline.testing.builders import SUBSCRIBERS
from foldline.testing.readers import readers_of
from foldline.testing.worlds import World, rests

PATH = SUBSCRIBERS.path.encode()
NAMES = (
    b"accept", b"accept-encoding", b"accept-language", b"authorization", b"cache-control", b"content-type", b"cookie",
    b"forwarded", b"from", b"if-match", b"if-modified-since", b"if-none-match", b"if-range", b"origin", b"purpose",
    b"range", b"referer", b"sec-fetch-dest", b"sec-fetch-mode", b"sec-fetch-site", b"sec-purpose", b"te",
    b"user-agent", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-http-method-override",
    b"x-original-url", b"x-requested-with", b"x-rewrite-url", b"foldline-origin",
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "TRACE", "PROPFIND")
#: Two worlds, the cookies of a subscriber to both, and who finds the first one's rests in an answer.
Twins = tuple[tuple[World, World], bytes, Witness]

anything = st.binary(max_size=40)
printed = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30).map(str.encode)


@st.composite
def edited(draw: st.DrawFn, text: bytes) -> bytes:
    """A text with something taken out of it, put into it or changed."""
    if not text:
        return draw(anything)
    at = draw(st.integers(0, len(text) - 1))
    to = draw(st.integers(at, min(len(text), at + 8)))
    return text[:at] + draw(anything) + text[to:]


def paths() -> st.SearchStrategy[bytes]:
    piece = st.sampled_from(
        (b"/", b"//", b"/./", b"/..", b"%2f", b"%2e", b"%00", b";", b".json", b".amp", b"?", b"%3f")
    )
    around = st.tuples(st.lists(piece, max_size=2), st.just(PATH), st.lists(st.one_of(piece, printed), max_size=3))
    return around.map(lambda parts: b"/" + b"".join((*parts[0], parts[1], *parts[2])).lstrip(b"/"))


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    folder = tmp_path_factory.mktemp("any")
    with ExitStack() as stack:
        one = stack.enter_context(World(folder / "one", rests(SENTENCE)))
        other = stack.enter_context(World(folder / "other", rests(f"{SENTENCE} {SENTENCE}\n\n## More of it")))
        readers = readers_of(one)
        readers_of(other)
        yield (one, other), readers.subscriber[0][1], witness_of(one)


@settings(
    max_examples=20_000 if LONG else 800,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_request_that_anybody_writes_tells_two_newspapers_apart(twins: Twins, data: st.DataObject) -> None:
    worlds, whole, witness = twins
    own = {name: value for name, _, value in (pair.partition(b"=") for pair in whole.split(b"; "))}
    held = own[cookies.PASS.encode()]
    jar = st.one_of(
        anything,
        edited(whole),
        edited(held).map(lambda token: cookies.PASS.encode() + b"=" + token),
        st.lists(printed, max_size=4).map(b"; ".join),
    )
    carried = data.draw(jar, "cookie")
    headers = data.draw(
        st.lists(st.tuples(st.sampled_from(NAMES), st.one_of(printed, anything)), max_size=5), "headers"
    )
    sent = ((b"cookie", carried), *headers)
    method = data.draw(st.sampled_from(METHODS), "method")
    path = data.draw(st.one_of(st.just(PATH), paths(), printed.map(lambda text: b"/" + text)), "path")
    body = data.draw(st.one_of(st.just(b""), st.just(b"article=%d" % SUBSCRIBERS.id), anything), "body")
    answers = [world.client.ask(method, path, sent, body if method == "POST" else b"") for world in worlds]
    if held in carried:
        # An edit beside the pass leaves it whole, or as one of two: whether it still counts is for the cookie's reader.
        return
    assert compare(*answers) == ""
    assert not witness.sees(answers[0])
    assert answers[0].status != 500
