"""Two examples that differ below every fold, mounted in this process and called as their servers call them."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.examples.room import EXAMPLES, METERED, REGISTERED, SUBSCRIBERS
from tests.server.mounted_room import Pairs, asgi_client, call_wsgi, environ_of

from foldline.clock import SystemClock
from foldline.config import load
from foldline.policy.window import window_at
from foldline.proof.asks import Ask, Client
from foldline.proof.shingles import Witness
from foldline.proof.surfaces import FORM
from foldline.proof.twins import Twins
from foldline.proof.variants import Axis, Change, page_axes, variants
from foldline.server.gate_state import keyring_of
from foldline.stores.meter import SqliteMeter
from foldline.stores.schema import migrate
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, SECRET
from foldline.testing.gifts import write_gifts
from foldline.testing.passes import DAY, Carry, cookie, flip, write_facts
from foldline.testing.readers import Readers, ReaderState

KINDS = {"wsgi": "flask", "asgi": "starlette"}
#: Below the folds of the first, and of the other: another length, another number of paragraphs.
RESTS = (
    ["The clerk who wound the machine kept a second ledger under the floor of the tide house, unasked."],
    ["Another end.", *["It has many short paragraphs."] * 12],
)
#: An article that the map does not name: whoever asks for it gets nothing.
HIDDEN = "/articles/half-a-sheet-of-paper"
PATHS = {slug: f"/articles/{slug}" for slug in (METERED, REGISTERED, SUBSCRIBERS)}


@dataclass(frozen=True)
class Mounted:
    """One that runs. `own_tag` is the validator that its application gives the hidden article."""

    ask: Client
    carry: Carry
    own_tag: bytes


@contextmanager
def mounted_twins(kind: str, folder: Path, sent: str = "") -> Iterator[tuple[Twins, Mounted]]:
    """Twins of a kind, and the first of them. Something before them rewrites every path, where `sent` is given: the
    server says that this was sent."""
    with (
        _mounted(kind, folder / "one", RESTS[0], sent) as one,
        _mounted(kind, folder / "other", RESTS[1], sent) as other,
    ):
        assert one.own_tag
        assert one.own_tag != other.own_tag
        yield Twins(one.ask, other.ask, Witness(RESTS[0])), one


@contextmanager
def _mounted(kind: str, folder: Path, rest: list[str], sent: str) -> Iterator[Mounted]:
    name = KINDS[kind]
    at = folder / name
    shutil.copytree(EXAMPLES / name, at, ignore=shutil.ignore_patterns("__pycache__", "secret", "*.db*"))
    text = (EXAMPLES / "articles.toml").read_text(encoding="utf-8")
    told = re.sub(r"^rest = .*$", lambda _: f"rest = {rest}", text, flags=re.MULTILINE)
    (folder / "articles.toml").write_text(told, encoding="utf-8")
    home = at / "home"
    (home / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    (home / "secret").chmod(0o600)
    settings_file = home / "foldline.toml"
    settings_file.write_text(
        settings_file.read_text("utf-8").replace("http://127.0.0.1:8080", f"https://{HOST}"), "utf-8"
    )
    surfaces = (home / "surfaces.toml").read_text(encoding="utf-8")
    listed = '", "'.join(PATHS.values())
    (home / "surfaces.toml").write_text(surfaces.replace("/articles/{slug}", listed), encoding="utf-8")
    settings = load(home, {})
    migrate(settings.home)
    clock = SystemClock()
    carry = Carry(keyring_of(settings), clock, window_at(int(clock.now()), settings.zone))
    readers = Readers(carry)
    write_facts(settings.home, *facts_of(carry), *readers.known)
    write_gifts(settings.home, int(clock.now()))
    with closing(SqliteMeter(settings.home)) as meter:
        for charge in readers.charges:
            meter.spend(charge)
    application = _imported(at / "newspaper.py", f"twin_{kind}_{folder.name}")
    inner = application._application
    if kind == "asgi":
        with (
            asgi_client(_rewritten(application, sent), around=application) as client,
            asgi_client(inner, around=_Ended()) as own,
        ):
            yield Mounted(client, carry, own("GET", HIDDEN.encode(), (), b"").header(b"etag"))
        return

    def ask(method: str, target: bytes, headers: Pairs, body: bytes) -> Answer:
        environ = environ_of(method, target, headers, body)
        return call_wsgi(application, environ | {"REQUEST_URI": sent} if sent else environ)

    try:
        yield Mounted(ask, carry, call_wsgi(inner, environ_of("GET", HIDDEN.encode(), ())).header(b"etag"))
    finally:
        application.close()


class _Ended:
    async def _end(self) -> None:
        """An application without a gate has nothing to end."""


def _rewritten(application: Any, sent: str) -> Any:
    if not sent:
        return application

    async def rewritten(scope: Any, receive: Any, send: Any) -> None:
        await application({**scope, "raw_path": sent.encode()}, receive, send)

    return rewritten


def _imported(path: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module.application


def facts_of(carry: Carry) -> tuple[Any, ...]:
    now = int(carry._clock.now())
    return (
        carry.facts("payer", {1: 0}),
        carry.facts("registered"),
        carry.facts("lapsed", {1: now - DAY}),
        carry.facts("left", {1: 0}, ended=True),
    )


def states_of(carry: Carry, path: str) -> tuple[ReaderState, ...]:
    """Who may not read the article at a path, and what each carries."""
    payer, registered, lapsed, left = facts_of(carry)
    token = carry.token(payer)
    signed_in = (
        ReaderState("registered", "U2", cookie(reader_pass=carry.token(registered))),
        ReaderState("lapsed", "U3", cookie(reader_pass=carry.token(lapsed))),
    )
    return (
        ReaderState("anonymous", "U0"),
        ReaderState("meter used up", "U1", cookie(meter=carry.meter(101))),
        *(signed_in if path != PATHS[REGISTERED] else ()),
        ReaderState("signed out", "U6", cookie(reader_pass=carry.token(left, signed=600))),
        ReaderState("forged", "U7", cookie(reader_pass=flip(token, 40))),
        ReaderState("half a pass", "U7", cookie(reader_pass=token[:30])),
        ReaderState("two passes", "U7", (*cookie(reader_pass=token), *cookie(reader_pass=carry.token(lapsed)))),
        ReaderState("an opening of another article", "U8", cookie(opening=carry.opening(99))),
    )


#: Where everything is asked that a twin can be asked, and where each fault shows.
EVERYWHERE = (*PATHS.values(), HIDDEN, "/", "/feed.xml")
ENOUGH = (PATHS[METERED], HIDDEN)


def asks_of(one: Mounted, paths: Iterable[str], mixed: int = 0) -> Iterator[Ask]:
    """Every path in every variant, before and after a subscriber has read it."""
    payer = cookie(reader_pass=one.carry.token(one.carry.facts("payer", {1: 0})))
    for path in paths:
        base = Ask(path.encode(), label=path)
        packed = (*payer, (b"accept-encoding", b"gzip"))
        history = Axis(
            "history", (("after a subscriber", _after((replace(base, headers=payer), replace(base, headers=packed)))),)
        )
        tag = one.ask("GET", path.encode(), (), b"").header(b"etag")
        yield from variants(base, (*page_axes(states_of(one.carry, path), tag), history), mixed)
        for name in (b"if-none-match", b"if-match"):
            yield replace(base, headers=((name, one.own_tag),), label=f"{path}: the application's own validator")
    yield from _reads(one, PATHS[SUBSCRIBERS])


def _reads(one: Mounted, path: str) -> Iterator[Ask]:
    """What is counted, asked by everybody who may not read the article at a path, once both have its page."""
    page = (Ask(path.encode()),)
    found = re.search(rb'data-article="(\d+)"', one.ask("GET", path.encode(), (), b"").body)
    assert found
    for state in states_of(one.carry, path):
        for answer in ("fragment", "json", "page"):
            label = f"read: {state.name} {answer}"
            body = urlencode({"article": found[1].decode(), "answer": answer}).encode()
            yield Ask(b"/-/read", "POST", headers=(*FORM, *state.headers), body=body, label=label, before=page)
        label, told = f"decision: {state.name}", b"article=" + found[1]
        yield Ask(b"/-/decision", query=told, headers=state.headers, label=label, before=page)


def _after(earlier: tuple[Ask, ...]) -> Change:
    return lambda ask: replace(ask, before=earlier)
