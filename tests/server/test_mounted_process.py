"""What a mounted gate shares a process with: threads, forks, contexts, a server's paths, and applications that hang."""

from __future__ import annotations

import asyncio
import contextvars
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.server.mounted_room import (
    CANARY,
    PATH,
    SECOND,
    Asked,
    Paper,
    Site,
    asgi_client,
    call_wsgi,
    environ_of,
    mounted,
    prepared,
    scope_of,
)

from foldline.errors import ConfigurationError, OriginUnavailable
from foldline.mounted import gate_asgi, gate_wsgi
from foldline.server.gate_thread import GateThread
from foldline.sources.mounted import wsgi_site
from foldline.sources.mounted.asgi_site import AsgiSite
from foldline.sources.mounted.identity import Place
from foldline.sources.mounted.wsgi_site import WsgiSite
from foldline.stores.mode import Mode, ModeStore
from foldline.testing.builders import HOST
from foldline.testing.passes import cookie

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")
PLACE = Place("https://paper.example")


@pytest.fixture(params=["wsgi", "asgi"])
def paper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Paper]:
    with mounted(request.param, tmp_path / "home") as runs:
        yield runs


def test_eight_threads_get_the_right_answers_and_count_every_one(tmp_path: Path) -> None:
    turns, threads = 30, 8
    with mounted("wsgi", tmp_path / "home") as paper:
        subscriber = paper.subscriber()
        begin = threading.Barrier(threads)

        def reads(number: int) -> Counter[str]:
            found: Counter[str] = Counter()
            begin.wait(20)
            for turn in range(turns):
                path = (PATH, SECOND)[(turn + number) % 2]
                carries = subscriber if (turn + number) % 3 == 0 else ()
                answer = paper.get(path, *carries)
                assert answer.status == 200
                assert (CANARY in answer.body.decode()) == bool(carries)
                found["whole" if carries else "preview"] += 1
                basket = paper.ask("POST", b"/shop/basket?n=%d" % number, ((b"x-mine", b"%d" % turn),), b"b%d" % turn)
                assert basket.body.startswith(b"n=%d\n" % number), "another thread's question"
                assert basket.body.endswith(b"\nb%d" % turn), "another thread's body"
            return found

        with ThreadPoolExecutor(threads) as pool:
            found = sum(pool.map(reads, range(threads)), Counter())
        assert Counter(asked.path for asked in paper.fetched) == {PATH: 1, SECOND: 1}, "one question for all"
    noted = "".join(file.read_text(encoding="utf-8") for file in (tmp_path / "home" / "events").glob("*.tsv"))
    outcomes = Counter(line.split("\t")[2] for line in noted.splitlines())
    assert outcomes.total() == turns * threads
    assert outcomes["opens"] == found["whole"]


def test_eight_threads_never_overspend_a_meter(tmp_path: Path) -> None:
    with mounted("wsgi", tmp_path / "home") as paper:
        paper.site.pages |= {f"/story-{number}.html": paper.site.pages[PATH] for number in range(8)}
        carries = cookie(reader_pass=paper.carry.token(paper.carry.facts("reader")))
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number: paper.read(f"/story-{number}.html", *carries), range(8)))
        assert sorted('data-outcome="open"' in answer.text for answer in answers) == [False] * 6 + [True] * 2


def test_an_application_is_called_for_a_reader_in_the_readers_own_thread_and_its_answer_is_closed(
    tmp_path: Path,
) -> None:
    with mounted("wsgi", tmp_path / "home") as paper:
        for target, closed in ((PATH, 1), ("/shop/basket", 2), ("/unmapped", 3), ("/theme/site.css", 4)):
            paper.get(target)
            assert paper.site.closed == closed, target
        threads = [asked.thread for asked in paper.site.asked]
    here = threading.current_thread().name
    assert threads[0] != here
    assert threads[1:] == [here] * 3


def test_what_is_passed_is_the_applications_own_object_so_that_a_server_knows_a_file_by_it(tmp_path: Path) -> None:
    prepared(tmp_path / "home")
    wrapped: list[object] = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "image/png")])
        return environ["wsgi.file_wrapper"]("a file") if "wsgi.file_wrapper" in environ else [b"copied"]

    def wrapper(what: str) -> Any:
        wrapped.append([what])
        return wrapped[-1]

    gate = gate_wsgi(application, home=tmp_path / "home")
    for path, same in ((b"/shop/picture.png", True), (b"/picture.png", False)):
        environ = environ_of("GET", path, ()) | {"wsgi.file_wrapper": wrapper}
        came = gate(environ, lambda *told: None)
        assert (bool(wrapped) and came is wrapped.pop()) == same, path
    gate.close()


def test_an_exception_of_the_application_is_its_servers_as_it_was_before(paper: Paper) -> None:
    def fails(asked: Asked) -> Any:
        raise LookupError("of the shop")

    paper.site.instead = fails
    with pytest.raises(LookupError, match="of the shop"):
        paper.get("/shop/basket")


def test_nothing_of_a_readers_context_is_there_when_the_gate_asks(paper: Paper) -> None:
    seen: list[str] = []

    def page(asked: Asked) -> Any:
        seen.append(WHO.get())
        return 200, [("Content-Type", "text/html")], [b"<h1>One</h1><p>text</p>"]

    paper.site.instead = page
    token = WHO.set("a subscriber")
    paper.get(PATH)
    paper.get("/shop/basket")
    WHO.reset(token)
    assert seen == ["nobody", "a subscriber"]


def test_an_application_that_hangs_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_site, "TURN", 0.05)
    end = threading.Event()

    def hangs(environ: Any, start_response: Any) -> Iterable[bytes]:
        end.wait(60)
        return []

    async def hangs_too(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    async def asks() -> list[str]:
        site = WsgiSite(hangs, PLACE, deadline=0.05, at_once=1)
        whys = []
        for asked in (site, AsgiSite(hangs_too, PLACE, deadline=0.05)):
            with pytest.raises(OriginUnavailable) as found:
                await asked.ask("GET", b"/a", ())
            whys.append(found.value.why)
        with pytest.raises(OriginUnavailable) as found:
            await site.ask("GET", b"/a", ())
        return [*whys, found.value.why]

    try:
        assert asyncio.run(asks()) == ["slow", "slow", "busy"], "and the one thread that it has is still in it"
    finally:
        end.set()


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_an_application_under_a_path_is_decided_on_by_the_whole_of_it(kind: str, tmp_path: Path) -> None:
    with mounted(kind, tmp_path / "home", mount="/news") as paper:
        paper.site.pages[f"/news{PATH}" if kind == "asgi" else PATH] = paper.site.pages.pop(PATH)
        assert paper.get(f"/news{PATH}").status == 200
        assert CANARY in paper.get(f"/news{PATH}", *paper.subscriber()).body.decode()
        (asked,) = paper.site.asked
        assert asked.path == (f"/news{PATH}" if kind == "asgi" else PATH)


def test_an_application_under_a_path_that_nobody_told_of_passes_nothing(tmp_path: Path) -> None:
    prepared(tmp_path / "home")
    site = Site()
    gate = gate_wsgi(site.wsgi, home=tmp_path / "home")
    for target in (b"/news/shop/basket", b"/shop/basket"):
        script = "/" + target.decode().split("/")[1]
        assert call_wsgi(gate, environ_of("GET", target, (), script=script)).status == 404
    # Our own pages are answered wherever a server puts them.
    assert call_wsgi(gate, environ_of("GET", b"/-/me", (), script="/-")).status == 200
    gate.close()
    with asgi_client(gate_asgi(site.asgi, home=tmp_path / "home"), "/shop") as ask:
        assert ask("GET", b"/shop/basket", (), b"").status == 404
    assert site.asked == []


def test_the_path_that_the_application_routes_on_counts_whatever_the_server_says_was_sent(tmp_path: Path) -> None:
    prepared(tmp_path / "home")
    site = Site()
    gate = gate_wsgi(site.wsgi, home=tmp_path / "home")

    def ask(routed: bytes, sent: str, name: str = "REQUEST_URI") -> int:
        return call_wsgi(gate, environ_of("GET", routed, ()) | {name: sent}).status

    assert ask(PATH.encode(), PATH) == 200
    assert ask(PATH.encode(), "/%74wo-diaries.html", "RAW_URI") == 400, "an article has one spelling"
    assert ask(PATH.encode(), f"/{PATH}") == 400, "a server that joined two slashes"
    assert ask(PATH.encode(), f"/x/..{PATH}") == 400
    # Something between rewrote the path: what is routed on decides, not what was sent.
    rewritten = call_wsgi(gate, environ_of("GET", PATH.encode(), ()) | {"REQUEST_URI": "/shop/basket"})
    assert (rewritten.status, CANARY in rewritten.body.decode()) == (200, False)
    assert [asked.asks for asked in site.asked] == [True]
    gate.close()


def test_a_path_that_an_outer_application_rewrote_decides_by_asgi_too(tmp_path: Path) -> None:
    prepared(tmp_path / "home")
    site = Site()
    gate = gate_asgi(site.asgi, home=tmp_path / "home")

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        await gate({**scope, "path": PATH}, receive, send)

    with asgi_client(outer, around=gate) as ask:
        answer = ask("GET", b"/shop/basket", (), b"")
        assert (answer.status, CANARY in answer.body.decode()) == (200, False)
    assert [asked.asks for asked in site.asked] == [True]


def test_a_mark_that_a_client_or_a_server_sets_is_not_passed_on(tmp_path: Path) -> None:
    prepared(tmp_path / "home")
    site = Site()
    gate = gate_wsgi(site.wsgi, home=tmp_path / "home")
    call_wsgi(gate, environ_of("GET", b"/shop/basket", ()) | {"foldline.asks": True})
    gate.close()
    assert [asked.asks for asked in site.asked] == [False]


def connected(gate: Any, target: bytes, *headers: tuple[bytes, bytes]) -> list[Any]:
    """What a websocket is sent that is opened at a target."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = scope_of("GET", target, headers) | {"type": "websocket"}
    asyncio.run(gate(scope, receive, send))
    return sent


def test_a_websocket_is_passed_where_a_question_is_and_closed_elsewhere(tmp_path: Path) -> None:
    prepared(tmp_path / "home")
    gate = gate_asgi(Site().asgi, home=tmp_path / "home")
    open_one = connected(gate, b"/live", (b"cookie", b"__Host-foldline-pass=x"), (b"x-mine", b"1"))
    assert open_one[1] == {"type": "websocket.send", "bytes": b"host,x-mine"}
    for target in (PATH.encode(), b"/unmapped", b"/feed.xml", b"/theme/site.css", b"/-/me", b"/live;x", b"//live"):
        assert connected(gate, target) == [{"type": "websocket.close", "code": 1008}], target
    assert connected(gate, b"/live", (b"host", b"other.example")) == [{"type": "websocket.close", "code": 1008}]


def test_a_lifespan_is_the_applications_own_and_ends_the_gate(tmp_path: Path) -> None:
    prepared(tmp_path / "home")
    states: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            assert (await receive())["type"] == "lifespan.startup"
            scope["state"]["pool"] = "of connections"
            await send({"type": "lifespan.startup.complete"})
            assert (await receive())["type"] == "lifespan.shutdown"
            await send({"type": "lifespan.shutdown.complete"})
            return
        states.append(scope.get("state"))
        await Site().asgi(scope, receive, send)

    gate = gate_asgi(application, home=tmp_path / "home")
    said: list[Any] = []

    async def lives() -> None:
        state: dict[str, Any] = {}
        steps: asyncio.Queue[str] = asyncio.Queue()

        async def receive() -> dict[str, Any]:
            return {"type": await steps.get()}

        async def send(message: Any) -> None:
            said.append(message)

        lifespan = asyncio.create_task(gate({"type": "lifespan", "state": state}, receive, send))
        await steps.put("lifespan.startup")
        await asyncio.sleep(0)

        async def body() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        await gate(scope_of("GET", PATH.encode(), ()) | {"state": dict(state)}, body, send)
        await steps.put("lifespan.shutdown")
        async with asyncio.timeout(20):
            await lifespan

    asyncio.run(lives())
    assert states == [{"pool": "of connections"}], "the gate's own question has it too"
    assert said[-1] == {"type": "lifespan.shutdown.complete"}
    assert len(list((tmp_path / "home" / "events").glob("*.tsv"))) == 1, "what waited was written"


@pytest.mark.parametrize("listens", [False, True])
def test_an_application_without_a_lifespan_leaves_no_line_unwritten(tmp_path: Path, listens: bool) -> None:
    prepared(tmp_path / "home")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            if listens:
                await receive()
            raise ValueError("only HTTP is known here")
        await Site().asgi(scope, receive, send)

    gate = gate_asgi(application, home=tmp_path / "home")
    said: list[str] = []
    written: list[str] = []

    async def lives() -> None:
        steps = iter(("lifespan.startup", "lifespan.shutdown"))

        async def receive() -> dict[str, Any]:
            if said:
                await gate(scope_of("GET", PATH.encode(), ()), body, ignore)
            return {"type": next(steps)}

        async def body() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def ignore(message: Any) -> None:
            pass

        async def send(message: Any) -> None:
            said.append(message["type"])
            if message["type"] == "lifespan.shutdown.complete":
                written.extend(path.name for path in (tmp_path / "home" / "events").glob("*.tsv"))

        await gate({"type": "lifespan"}, receive, send)

    asyncio.run(lives())
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert written == ["mounted-0-000000.tsv"]


FORKS = """
import json, os, sys
sys.path.insert(0, sys.argv[2])
from tests.server.mounted_room import PATH, Site, call_wsgi, environ_of
from foldline.mounted import gate_wsgi
site = Site()
gate = gate_wsgi(site.wsgi, home=sys.argv[1])
def ask():
    return call_wsgi(gate, environ_of("GET", PATH.encode(), ())).status
first = ask()
out, into = os.pipe()
child = os.fork()
if not child:
    os.write(into, json.dumps([ask(), ask()]).encode())
    gate.close()
    os._exit(0)
os.waitpid(child, 0)
foreign = sorted({name.split(".")[0] for name in sys.modules} & {"django", "allauth", "jinja2"})
told = json.loads(os.read(out, 99))
print(json.dumps({"answers": [first, *told, ask()], "foreign": foreign}))
"""


def test_a_process_that_was_forked_off_has_a_gate_of_its_own_and_no_django_is_there(tmp_path: Path) -> None:
    prepared(tmp_path / "home")
    root = Path(__file__).parents[2]
    # Python warns of forks of a process with threads; servers do it all the same.
    command = [sys.executable, "-W", "ignore", "-c", FORKS, str(tmp_path / "home"), str(root)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"answers": [200] * 4, "foreign": []}
    written = sorted(path.name for path in (tmp_path / "home" / "events").glob("*.tsv"))
    assert written == ["mounted-0-000000.tsv", "mounted-1-000000.tsv"], "each process writes a file of its own"


def test_a_process_ends_at_once_though_an_application_hangs(tmp_path: Path) -> None:
    prepared(tmp_path / "home")
    program = """
import sys, threading
sys.path.insert(0, sys.argv[2])
from tests.server.mounted_room import PATH, call_wsgi, environ_of
from foldline.mounted import gate_wsgi
def hangs(environ, start_response):
    print("asked", flush=True)
    threading.Event().wait()
gate = gate_wsgi(hangs, home=sys.argv[1])
threading.Thread(target=call_wsgi, args=(gate, environ_of("GET", PATH.encode(), ())), daemon=True).start()
sys.stdin.readline()
"""
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", program, str(tmp_path / "home"), root]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        process.communicate("\n", timeout=60)
    assert process.returncode == 0


def test_settings_that_do_not_say_that_the_gate_is_mounted_are_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    prepared(home)
    text = (home / "foldline.toml").read_text(encoding="utf-8")
    for gate in (gate_wsgi, gate_asgi):
        (home / "foldline.toml").write_text(text.replace("mounted = true", "mounted = false"), encoding="utf-8")
        with pytest.raises(ConfigurationError, match="FL236"):
            gate(Site().wsgi, home=home)  # type: ignore[operator]
        (home / "foldline.toml").write_text(text, encoding="utf-8")
    (home / "foldline.toml").write_text(text.replace("mounted = true", 'mounted = true\nurl = "http://x"'), "utf-8")
    with pytest.raises(ConfigurationError, match="FL235"):
        gate_wsgi(Site().wsgi, home=home)
    (home / "foldline.toml").write_text(text, encoding="utf-8")
    (home / "articles" / "fetched.db").unlink()
    with pytest.raises(ConfigurationError, match=r"FL041.*fetched\.db"):
        gate_wsgi(Site().wsgi, home=home)


def test_a_gate_that_is_closed_begins_again_with_the_next_request(tmp_path: Path) -> None:
    prepared(tmp_path / "home")
    gate = gate_wsgi(Site().wsgi, home=tmp_path / "home")
    for _ in range(2):
        assert call_wsgi(gate, environ_of("GET", PATH.encode(), ())).status == 200
        gate.close()
    names = [thread.name for thread in threading.enumerate()]
    assert "foldline gate" not in names


def test_a_gate_that_does_not_answer_is_a_503_and_never_the_applications_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(tmp_path / "home")
    site = Site()
    gate = gate_wsgi(site.wsgi, home=tmp_path / "home")
    assert call_wsgi(gate, environ_of("GET", PATH.encode(), ())).status == 200
    stuck = threading.Event()
    monkeypatch.setattr(GateThread.call, "__defaults__", (0.05,))
    loop = gate._running()._loop
    loop.call_soon_threadsafe(stuck.wait, 30)
    for target in (PATH.encode(), b"/shop/basket", b"/-/me"):
        assert call_wsgi(gate, environ_of("GET", target, ())).status == 503, target
    assert len(site.asked) == 1
    stuck.set()
    end = time.monotonic() + 20
    while call_wsgi(gate, environ_of("GET", PATH.encode(), ())).status != 200:
        assert time.monotonic() < end, "it goes on when the thread does"
    monkeypatch.undo()
    gate.close()


def test_changes_are_heard_while_nobody_asks(tmp_path: Path) -> None:
    from foldline.policy.open_now import OpenNow
    from foldline.stores.open_now import OpenNowStore

    with mounted("wsgi", tmp_path / "home") as paper:
        assert CANARY not in paper.get(PATH).body.decode()
        now = int(time.time())
        store = OpenNowStore(paper.settings.home)
        store.add(OpenNow("site", "", "a storm", now, now + 600), "ada", now)
        store.close()
        end = time.monotonic() + 20
        while CANARY not in paper.get(PATH).body.decode():
            assert time.monotonic() < end
            time.sleep(0.05)


def test_a_feed_is_fetched_to_its_end_and_cut(paper: Paper) -> None:
    """In pieces, as an application may send it; nothing of a rest stands in it."""
    item = f"<item><title>A tide</title><link>https://{HOST}{PATH}</link><description>{CANARY}</description></item>"
    feed = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Twin</title>{item * 3}</channel></rss>".encode()
    honest = paper.site.pages[PATH]

    def answers(asked: Asked) -> Any:
        if asked.path == "/feed.xml":
            return (
                200,
                [("Content-Type", "application/rss+xml")],
                [feed[at : at + 50] for at in range(0, len(feed), 50)],
            )
        return 200, [("Content-Type", "text/html; charset=utf-8")], [honest]

    paper.site.instead = answers
    answer = paper.get("/feed.xml")
    assert answer.status == 200
    assert answer.body.count(b"<item>") == 3
    assert CANARY.encode() not in answer.body
    assert all(asked.asks for asked in paper.site.asked)


def test_in_shadow_every_answer_is_the_applications_own(paper: Paper) -> None:
    with ModeStore(paper.settings.home) as store:
        store.set(Mode.SHADOW, "ada", int(time.time()))
    end = time.monotonic() + 20
    while CANARY not in paper.get(PATH).body.decode():
        assert time.monotonic() < end
        time.sleep(0.02)
    sent = ((b"x-mine", b"1"), (b"cookie", b"a=1; __Host-foldline-pass=x"))
    for target in (PATH.encode(), b"/unmapped?a=1&b", b"/feed.xml", b"/x/..%2fa", b"/find/?q=x&page=2", b"//live"):
        answer = paper.ask("GET", target, sent, b"")
        asked = paper.site.asked[-1] if not paper.site.asked[-1].asks else paper.site.asked[-2]
        assert asked.query.encode() == target.partition(b"?")[2], target
        assert asked.fields["cookie"] == "a=1"
        assert answer.header(b"content-type") != b"text/plain; charset=utf-8", "an answer of ours"


def test_in_shadow_a_websocket_is_passed_everywhere_but_at_our_own_addresses(tmp_path: Path) -> None:
    settings, _ = prepared(tmp_path / "home")
    with ModeStore(settings.home) as store:
        store.set(Mode.SHADOW, "ada", int(time.time()))
    gate = gate_asgi(Site().asgi, home=tmp_path / "home")
    for target in (b"/unmapped", b"//live", PATH.encode()):
        assert connected(gate, target)[0] == {"type": "websocket.accept"}, target
    for target, host in ((b"/-/me", HOST.encode()), (b"/live", b"other.example")):
        assert connected(gate, target, (b"host", host)) == [{"type": "websocket.close", "code": 1008}]
