"""`/-/authz`: what a proxy is told of a visit, and whom it is told."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from tests.recipes.lenient_site import BRIDGE, CROWN, METERED, SECRET, TOKENS, Site, page
from tests.recipes.running import Paper, body_of, opened, proxy

from foldline.cli.main import verbs
from foldline.gate import authz
from foldline.insight.decisions import DecisionLine, last_decisions
from foldline.signed import cookies
from foldline.sources.origin import headers
from foldline.stores.mode import Mode
from foldline.testing.answers import Answer
from foldline.testing.client import Headers

PROOF = ((b"X-Foldline-Secret", SECRET.encode()),)


WAYS = {"nginx": (b"X-Original-URI", b"X-Original-Method"), "caddy": (b"X-Forwarded-Uri", b"X-Forwarded-Method")}


def about(target: str, method: str = "GET", way: str = "nginx") -> Headers:
    """What a proxy sends of a visit."""
    first, second = WAYS[way]
    return ((first, target.encode("latin-1")), (second, method.encode()))


def ask(paper: Paper, *fields: tuple[bytes, bytes], method: str = "GET", body: bytes = b"") -> Answer:
    return paper.gate.client.ask(method, b"/-/authz", fields, body)


def readers(paper: Paper) -> dict[str, Headers]:
    return {"anonymous": (), "registered": paper.registered, "subscriber": paper.subscriber}


#: What may be read by whom.
OPENS = {(BRIDGE, "registered"), (BRIDGE, "subscriber"), (CROWN, "subscriber")}


def status_of(path: str, who: str) -> int:
    return 200 if (path, who) in OPENS else 401 if who == "anonymous" else 403


@pytest.mark.parametrize("way", ["nginx", "caddy"])
def test_a_proxy_is_told_who_may_read_the_whole(paper: Paper, way: str) -> None:
    for path in (BRIDGE, CROWN):
        for who, carries in readers(paper).items():
            for method in ("GET", "HEAD"):
                answer = ask(paper, *PROOF, *about(path, method, way), *carries)
                assert (answer.status, answer.body) == (status_of(path, who), b""), (path, who)
                assert answer.header(b"cache-control") == b"private, no-store"
                assert answer.header(b"content-length") == b"0"
                assert answer.header(b"content-type") == b""


def test_what_is_told_is_what_why_says(paper: Paper) -> None:
    for path in (BRIDGE, CROWN):
        for who, carries in readers(paper).items():
            status = ask(paper, *PROOF, *about(path), *carries).status
            words = ["why", path, "--as", who, "--json", "--home", str(paper.home.path)]
            said = CliRunner(env={"FOLDLINE_ORIGIN_SECRET": SECRET}).invoke(verbs, words, catch_exceptions=False)
            assert (json.loads(said.output)["outcome"] == "opens") is (status == 200), (path, who)


#: Targets of which nothing is sent whole, whoever asks.
ODD = (
    *("", "/", "*", "/tags/x", "/index.json", "/nowhere/", "//news/a-bridge/", "/news/../news/a-bridge/", f"{BRIDGE}?"),
    *(
        f"{BRIDGE}?utm=1",
        f"{BRIDGE}#x",
        "/news/%61-bridge/",
        f"http://twin.example{BRIDGE}",
        "/-/authz",
        "\xe9",
        "/%00",
    ),
)


def expected(fields: Sequence[tuple[bytes, bytes]], asked_by: str, known: dict[str, Headers]) -> int:
    """The answer by the words of the documentation, from what was sent."""
    told = dict(fields)
    ways = [way for way in WAYS.values() if told.keys() & set(way)]
    if len(told) != len(fields) or told.get(b"X-Foldline-Secret") != SECRET.encode() or len(ways) != 1:
        return 403
    target, method = (told.get(name, b"").decode("latin-1") for name in ways[0])
    reads = {asked_by, method} <= {"GET", "HEAD"}
    if not reads or target not in (BRIDGE, CROWN) or told.keys() & {b"Host", b"X-Forwarded-Host"}:
        return 403
    who = [name for name, carries in known.items() if told.get(b"cookie") == dict(carries).get(b"cookie")]
    return status_of(target, who[0])


def test_two_thousand_random_questions_are_answered_with_one_of_three_numbers(paper: Paper) -> None:
    chance = random.Random(20_261_126)  # the same every time
    known = readers(paper)
    seen: Counter[int] = Counter()
    for number in range(2_000):
        target = chance.choice((BRIDGE, CROWN, BRIDGE, CROWN, chance.choice(ODD)))
        method = chance.choice(("GET",) * 6 + ("HEAD", "POST", "get", ""))
        fields = [*about(target, method, chance.choice(list(WAYS))), *chance.choice(list(known.values()))]
        fields += chance.choice((PROOF,) * 7 + ((), ((b"X-Foldline-Secret", b"guessed"),)))
        if chance.random() < 0.25:
            name = chance.choice([*WAYS["nginx"], *WAYS["caddy"], b"X-Forwarded-Host", b"Host", b"X-Foldline-Secret"])
            fields.append((name, chance.choice((BRIDGE.encode(), b"GET", b"other.example"))))
        if chance.random() < 0.15:
            fields.pop(chance.randrange(len(fields)))
        chance.shuffle(fields)
        asked_by = chance.choice(("GET",) * 8 + ("HEAD", "POST", "DELETE"))
        answer = ask(paper, *fields, method=asked_by, body=b"a=1" if asked_by == "POST" else b"")
        assert answer.status == expected(fields, asked_by, known), (number, fields)
        assert (answer.body, answer.header(b"cache-control")) == (b"", b"private, no-store"), (number, fields)
        seen[answer.status] += 1
    assert set(seen) == {200, 401, 403}
    assert min(seen.values()) > 100, seen


#: A worker that believes more than it should. What is put in place of `…` changes what it is told.
BELIEVING = """
from foldline.gate import authz
from foldline.gate.request import Request
from foldline.server.worker import main
honest = authz.visit_asked_about
def visit_asked_about(request, gate):
    told = …
    return honest(Request(request.method, request.path, request.query, told, request.client), gate)
authz.visit_asked_about = visit_asked_about
main()
"""
MISTAKES: dict[str, tuple[str, Headers]] = {
    "needs no proof": ("[*request.headers, (authz.SECRET, gate.proxy_secret)]", about(BRIDGE)),
    "takes the last of two": ("list(dict(request.headers).items())", (*PROOF, *about(CROWN), *about(BRIDGE))),
    "hears one of two programs": (
        "[field for field in request.headers if field[0] not in authz._WAYS[1]]",
        (*PROOF, *about(BRIDGE), *about(CROWN, way="caddy")),
    ),
    "takes a form for a reader": (
        "[(name, b'GET' if value == b'POST' else value) for name, value in request.headers]",
        (*PROOF, *about(BRIDGE, "POST")),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_gate_that_believes_too_much_would_be_found_out(site: Site, tmp_path: Path, mistake: str) -> None:
    told, said = MISTAKES[mistake]
    with opened(tmp_path / "home", site.port, ("-c", BELIEVING.replace("…", told))) as paper:
        fields = (*said, *paper.registered)
        assert (ask(paper, *fields).status, expected(fields, "GET", readers(paper))) == (200, 403)


def test_a_large_body_and_an_unknown_method_are_refused_like_anything_else(paper: Paper) -> None:
    assert ask(paper, *PROOF, *about(BRIDGE), *paper.subscriber, method="POST", body=b"x" * (2 << 20)).status == 403
    assert ask(paper, *PROOF, *about(BRIDGE), *paper.subscriber, method="PROPFIND").status == 403


def test_a_renewed_pass_comes_with_a_200_and_through_both_proxies(paper: Paper) -> None:
    bought = {1: 4_000_000_000}
    answer = ask(paper, *PROOF, *about(CROWN), *paper.stale("ada", bought))
    assert (answer.status, set(answer.cookies)) == (200, {cookies.PASS})
    for program in ("nginx", "caddy"):
        with proxy(paper, program, "--authz") as client:
            answer = client.ask("GET", CROWN.encode(), paper.stale("ada", bought))
            assert set(answer.cookies) == {cookies.PASS}, program
            assert TOKENS[CROWN] in body_of(answer), program
            again = tuple((b"Cookie", f"{name}={value}".encode()) for name, value in answer.cookies.items())
            assert TOKENS[CROWN] in body_of(client.ask("GET", CROWN.encode(), again)), program


@pytest.mark.parametrize("program", ["nginx", "caddy"])
def test_what_is_not_opened_is_the_gates_preview_and_one_line_is_written_for_each_view(
    site: Site, tmp_path: Path, program: str
) -> None:
    with opened(tmp_path / "home", site.port) as paper:
        with proxy(paper, program, "--authz") as client:
            views = [(path, who) for path in (BRIDGE, CROWN) for who in readers(paper)]
            for path, who in views:
                answer = client.ask("GET", path.encode(), readers(paper)[who])
                body = body_of(answer)
                assert answer.status == 200, (path, who)
                assert (TOKENS[path] in body) is ((path, who) in OPENS), (path, who)
                assert (b"<foldline-" in body or b'data-kind="' in body) is ((path, who) not in OPENS), (path, who)
                assert b"a line for each flood" in body
            client.ask("GET", METERED.encode())  # the last of all
        lines = lines_up_to("opens-if", paper)
        assert len(lines) == len(views) + 1
        assert sum(line.outcome == "opens" for line in lines) == len(OPENS)
        assert all(line.reason for line in lines)


def lines_up_to(outcome: str, paper: Paper) -> list[DecisionLine]:
    """Every event line, once there is one of this outcome."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        lines = last_decisions(paper.home.events, 100)
        if any(line.outcome == outcome for line in lines):
            return lines
        time.sleep(0.05)
    raise AssertionError(f"no line says {outcome}")


def test_a_metered_article_is_opened_by_reading_it_and_never_by_asking(site: Site, paper: Paper) -> None:
    def of(fields: Headers) -> int:
        return ask(paper, *PROOF, *about(METERED), *fields).status

    assert [of(()) for _ in range(5)] == [401] * 5
    assert of(paper.registered) == 403
    with proxy(paper, "nginx", "--authz") as client:
        number = re.search(rb'data-article="(\d+)"', body_of(client.ask("GET", METERED.encode())))
        assert number is not None
        form = urlencode({"article": number[1].decode(), "answer": "fragment"}).encode()
        ours = ((b"Content-Type", b"application/x-www-form-urlencoded"), (b"Sec-Fetch-Site", b"same-origin"))
        answer = client.ask("POST", b"/-/read", ours, form)
        jar = ((b"Cookie", "; ".join(f"{name}={value}" for name, value in answer.cookies.items()).encode()),)
        assert of(jar) == 200
        assert TOKENS[METERED] in body_of(client.ask("GET", METERED.encode(), jar))
        assert of(()) == 401


def test_a_reader_who_asks_the_gate_or_a_proxy_directly_learns_nothing(paper: Paper) -> None:
    for carries in readers(paper).values():
        assert ask(paper, *about(BRIDGE), *carries).status == 403
    for program, answered in (("nginx", 404), ("caddy", 403)):
        with proxy(paper, program, "--authz") as client:
            for said in ((), PROOF, (*PROOF, *about(BRIDGE)), (*PROOF, *about(BRIDGE, way="caddy"))):
                answer = client.ask("GET", b"/-/authz", (*said, *paper.subscriber))
                assert answer.status == answered, (program, said)


def test_a_proxy_with_another_secret_opens_nothing_and_shows_previews(paper: Paper) -> None:
    for program in ("nginx", "caddy"):
        with proxy(paper, program, "--authz", secret="of another gate, long enough to be one") as client:
            answer = client.ask("GET", BRIDGE.encode())
            assert (answer.status, TOKENS[BRIDGE] in body_of(answer)) == (200, False), program


def test_in_shadow_everything_is_the_gates_so_that_it_sees_it(site: Site, tmp_path: Path) -> None:
    with opened(tmp_path / "home", site.port, mode=Mode.SHADOW) as paper:
        assert {ask(paper, *PROOF, *about(BRIDGE), *carries).status for carries in readers(paper).values()} == {403}
        with proxy(paper, "nginx", "--authz") as client:
            assert body_of(client.ask("GET", BRIDGE.encode())) == page(BRIDGE)


def test_the_origin_and_the_gate_know_the_secret_by_one_name() -> None:
    assert authz.SECRET == headers.SECRET
