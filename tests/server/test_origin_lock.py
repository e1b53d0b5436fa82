"""The origin is asked as anybody could ask it, and what it says is evidence."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.server.origin_sites import ARTICLE, SECRET, Newspaper, newspaper_site
from tests.sources.origin.raw_origin import Talk, ok, raw_origin

from foldline.sources.origin import lock
from foldline.sources.origin.client import Address
from foldline.sources.origin.headers import Asker
from foldline.sources.origin.lock import Lock, doors_of, try_lock

ASKER = Asker(b"paper.example", b"https", "", SECRET.encode())
PAGE = b"/news/a-bridge/"
WAYS = [
    "without the secret",
    "with a wrong secret",
    "with an empty secret",
    "claiming to be at home",
    "by its own name",
]


def tried(port: int, paths: Sequence[bytes] = (PAGE,), asker: Asker = ASKER) -> Lock:
    address = Address("127.0.0.1", port)
    return asyncio.run(asyncio.wait_for(try_lock(address, asker, paths, (address,)), 30))


def ids(found: Lock) -> list[str]:
    return [problem.id for problem in found.problems]


def test_an_origin_that_wants_the_secret_is_closed_in_every_way() -> None:
    with newspaper_site(Newspaper()) as port:
        found = tried(port)
    assert found.closed
    assert [(one.asking, one.status, one.shared) for one in found.tries] == [(way, 403, 0) for way in WAYS]


def test_an_origin_that_wants_nothing_is_open_and_the_evidence_says_how() -> None:
    with newspaper_site(Newspaper(locked=False)) as port:
        found = tried(port)
    assert ids(found) == ["FL220"] * 5
    assert str(found.problems[0]) == (
        f"FL220 http://127.0.0.1:{port}: the world reaches the origin around the gate: "
        f"http://127.0.0.1:{port}/news/a-bridge/ asked without the secret: status 200, {len(ARTICLE)} bytes, "
        "with the text of the page. Let it refuse every request without the header X-Foldline-Secret, or listen where "
        "only the gate can reach it."
    )
    assert SECRET not in "".join(map(str, found.problems))


@pytest.mark.parametrize(
    ("lets_in", "ways"),
    [
        (lambda request: b"x-foldline-secret" in request, ["with a wrong secret", "with an empty secret"]),
        (lambda request: b"x-forwarded-for: 127.0.0.1" in request, ["claiming to be at home"]),
        (lambda request: b"host: 127.0.0.1" in request, ["by its own name"]),
    ],
    ids=["any secret will do", "a header says who asks", "another name"],
)
def test_a_lock_that_believes_too_easily_is_found(lets_in: object, ways: list[str]) -> None:
    assert callable(lets_in)

    async def speech(talk: Talk) -> None:
        while request := await talk.request():
            right = SECRET.encode() in request or lets_in(request)
            await talk.say(ok(ARTICLE.encode()) if right else ok(b"no", status=b"403 No"))

    async def act() -> Lock:
        async with raw_origin(speech) as origin:
            return await try_lock(origin.address, ASKER, (PAGE,), (origin.address,))

    found = asyncio.run(act())
    assert [one.asking for one in found.tries if one.open] == ways
    assert ids(found) == ["FL220"] * len(ways)


def test_a_refusal_that_brings_the_text_along_is_no_lock() -> None:
    async def speech(talk: Talk) -> None:
        while request := await talk.request():
            await talk.say(ok(ARTICLE.encode(), status=b"200 OK" if SECRET.encode() in request else b"302 Found"))

    async def act() -> Lock:
        async with raw_origin(speech) as origin:
            return await try_lock(origin.address, ASKER, (PAGE,), (origin.address,))

    found = asyncio.run(act())
    assert [(one.status, one.open) for one in found.tries] == [(302, True)] * 5


def test_another_site_at_another_port_is_not_this_one() -> None:
    async def act() -> Lock:
        async def speech(talk: Talk) -> None:
            while await talk.request():
                await talk.say(ok(b"<h1>Welcome to this server</h1>"))

        async with raw_origin(speech) as other:
            return await try_lock(Address("127.0.0.1", port), ASKER, (PAGE,), (other.address,))

    with newspaper_site(Newspaper()) as port:
        found = asyncio.run(act())
    assert found.closed
    assert {one.status for one in found.tries} == {200}


def test_nothing_is_said_of_a_lock_that_the_gate_itself_does_not_open() -> None:
    with newspaper_site(Newspaper()) as port:
        assert ids(tried(port, asker=Asker(b"paper.example", b"https", "", b"another"))) == ["FL222"]
        assert ids(tried(port, paths=(b"/nothing",))) == ["FL222"]
    found = tried(port)
    assert ids(found) == ["FL221"]
    assert "no answer (connect)" in found.problems[0].what


def test_an_origin_on_loopback_is_looked_for_on_the_other_addresses_of_its_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lock, "_own_addresses", lambda: ("192.0.2.7", "2001:db8::7"))
    assert doors_of(Address("127.0.0.1", 8000)) == (Address("192.0.2.7", 8000), Address("2001:db8::7", 8000))
    assert doors_of(Address("localhost", 8000))[0].host == "192.0.2.7"
    assert doors_of(Address("cms.example", 8000), "paper.example")[2:] == (Address("paper.example", 8000),)
    assert doors_of(Address("cms.example", 8000)) == (Address("cms.example", 80), Address("cms.example", 443, True))


def test_on_loopback_alone_the_world_reaches_nothing() -> None:
    with newspaper_site(Newspaper(locked=False)) as port:
        found = asyncio.run(try_lock(Address("127.0.0.1", port), ASKER, (PAGE,), doors_of(Address("127.0.0.1", port))))
    assert found.closed
    assert {one.why for one in found.tries} <= {"connect"}
