"""Whatever an address is spelt like, nginx and Caddy with the shipped files give the gate's verdict, or refuse."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.recipes.confusing import said_with, targets
from tests.recipes.lenient_site import BRIDGE, CROWN, FRONT, LEVELS, SECRET, TOKENS, Site, page
from tests.recipes.running import HOST, Paper, body_of, free_port, opened, proxy

from foldline.testing.answers import Answer
from foldline.testing.client import Headers, WireClient

SHAPES = (
    ("nginx",),
    ("nginx", "--direct"),
    ("nginx", "--authz"),
    ("caddy",),
    ("caddy", "--direct"),
    ("caddy", "--authz"),
)
LONG = os.environ.get("FOLDLINE_PROOF") == "long"
TARGETS = list(dict.fromkeys(target for path in LEVELS for target in targets(path, all_of_them=LONG)))
REFUSED = frozenset((400, 403, 404, 405, 414, 421))
#: (status, the articles whose rest is in the answer).
Verdict = tuple[int, tuple[str, ...]]


def verdict_of(answer: Answer) -> Verdict:
    body = body_of(answer) if answer.status else answer.body
    everything = body + b"".join(value for _, value in answer.headers)
    return answer.status, tuple(path for path, token in TOKENS.items() if token in everything)


def verdicts(client: WireClient, who: Headers) -> dict[str, Verdict]:
    return {target: verdict_of(client.ask("GET", target.encode("latin-1"), who)) for target in TARGETS}


def as_the_gate_would(target: str) -> str:
    """Caddy reads a target that names our host as RFC 9112, 3.2.2 asks, where the gate refuses it."""
    rest = target.removeprefix("http://").removeprefix("user@")
    return rest.removeprefix(HOST) if target.startswith("http://") and rest.startswith(HOST) else target


def wrong(asked: dict[str, Verdict], gate: dict[str, Verdict], may_read: Sequence[str]) -> list[str]:
    """What a proxy gave to somebody who may read these articles, and should not have."""
    found = []
    for target, (status, wholes) in asked.items():
        known = gate[target], gate.get(as_the_gate_would(target), gate[target])
        gave_away = not set(wholes) <= set(may_read) or (wholes and status != 200)
        differs = (status, wholes) not in known and status not in REFUSED
        if gave_away or differs:
            found.append(f"{target[:100]}: {status} {wholes}, and the gate {gate[target]}")
    return found


@pytest.fixture(scope="module")
def gates_own(paper: Paper) -> dict[str, dict[str, Verdict]]:
    """The gate's verdicts, without any proxy, on a stranger and on somebody registered."""
    asked = {who: verdicts(paper.gate.client, carries) for who, carries in readers(paper).items()}
    assert [target for target, (_, wholes) in asked["stranger"].items() if wholes] == []
    assert {wholes for _, wholes in asked["registered"].values()} == {(), (BRIDGE,)}
    seen = Counter(status for status, _ in asked["registered"].values())
    assert min(seen[status] for status in (200, 400, 404)) > 20
    return asked


def readers(paper: Paper) -> dict[str, Headers]:
    return {"stranger": (), "registered": paper.registered}


MAY_READ: dict[str, Sequence[str]] = {"stranger": (), "registered": (BRIDGE,)}


@pytest.mark.parametrize("shape", SHAPES, ids=" ".join)
def test_a_proxy_gives_the_gates_verdict_on_every_spelling_or_refuses(
    paper: Paper, gates_own: dict[str, dict[str, Verdict]], shape: tuple[str, ...]
) -> None:
    with proxy(paper, *shape) as client:
        for who, carries in readers(paper).items():
            asked = verdicts(client, carries)
            assert wrong(asked, gates_own[who], MAY_READ[who]) == [], who
            # It refuses strange addresses, not those that people use.
            for target in (BRIDGE, CROWN, "/", "/tags/x", f"{BRIDGE}?utm=1", "/shop/x"):
                plain = verdict_of(client.ask("GET", target.encode(), carries))
                assert plain == verdict_of(paper.gate.client.ask("GET", target.encode(), carries)), target


@pytest.mark.parametrize("shape", SHAPES, ids=" ".join)
def test_nothing_that_a_client_says_leads_to_another_page(paper: Paper, site: Site, shape: tuple[str, ...]) -> None:
    site.asked.clear()
    with proxy(paper, *shape) as client:
        for meant in (BRIDGE, CROWN):
            for said in said_with(meant):
                for target in ("/tags/x", "/", BRIDGE, "/feed/"):
                    answer = client.ask("GET", target.encode(), (*said, *paper.registered))
                    status, wholes = verdict_of(answer)
                    assert set(wholes) <= ({BRIDGE} if target == BRIDGE else set()), (said, target)
                    assert status in (200, *REFUSED), (said, target, status)
                    assert answer.body or status != 200, (said, target)
        for _, target, fields in site.asked:
            steering = [name for name in fields if "_" in name or name.startswith(("x-original", "x-rewrite"))]
            assert steering == [], target
            assert "other.example" not in fields.values(), target
            assert "foldline-" not in fields.get("cookie", ""), target
            assert fields["x-foldline-secret"] == SECRET


#: What stands in a recipe, and what a mistake makes of it, by the shape.
FAULTS: dict[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    "nginx: any spelling goes direct": (
        ("nginx", "--direct"),
        (('    "~^/(?:[a-z0-9_~-]', '    "~^/|(?:[a-z0-9_~-]'),),
    ),
    "nginx: decides on what it normalised": (
        ("nginx", "--direct"),
        (("map $request_uri $foldline_one", "map $uri $foldline_one"), ('?$" $request_uri;', '?$" $uri;')),
    ),
    "nginx: asks about what it normalised": (
        ("nginx", "--authz"),
        (
            ("auth_request /-/authz;", "set $asked $uri; auth_request /-/authz;"),
            ("X-Original-URI $request_uri", "X-Original-URI $asked"),
        ),
    ),
    "nginx: does not ask": (("nginx", "--authz"), (("auth_request /-/authz;", ""),)),
    "caddy: any spelling goes direct": (
        ("caddy", "--direct"),
        (('"~^/(?:[a-z0-9_~-]', '"~^/|(?:[a-z0-9_~-]'),),
    ),
    "caddy: decides on the path alone": (
        ("caddy", "--direct"),
        (("map {uri} ", "map {path} "), ("{method} {uri}", "{method} {path}")),
    ),
    "caddy: asks about the path alone": (
        ("caddy", "--authz"),
        (("X-Forwarded-Uri {uri}", "X-Forwarded-Uri {path}"),),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_recipe_with_this_mistake_would_be_found_out(
    paper: Paper, gates_own: dict[str, dict[str, Verdict]], name: str
) -> None:
    shape, faults = FAULTS[name]
    with proxy(paper, *shape, faults=faults) as client:
        # Who carries a cookie of ours is never sent past the gate.
        who = "stranger" if "--direct" in shape else "registered"
        found = wrong(verdicts(client, readers(paper)[who]), gates_own[who], MAY_READ[who])
        assert any(f"{CROWN}'" in line.split(", and the gate")[0] for line in found), "nothing was given away"


#: A proxy that hands on what a client says of the visit.
BELIEVING = {
    "nginx": (("X-Original-URI $request_uri", "X-Original-URI $http_x_original_uri"),),
    "caddy": (
        ("request_header -X-Forwarded-Uri", ""),
        ("X-Forwarded-Uri {uri}", "X-Forwarded-Uri {header.X-Forwarded-Uri}"),
    ),
}


@pytest.mark.parametrize("program", BELIEVING)
@pytest.mark.parametrize("mistaken", [False, True], ids=["as shipped", "with the mistake"])
def test_a_client_does_not_choose_the_article_that_the_gate_is_asked_about(
    paper: Paper, program: str, mistaken: bool
) -> None:
    said = ((b"X-Original-URI", BRIDGE.encode()), (b"X-Forwarded-Uri", BRIDGE.encode()), *paper.registered)
    with proxy(paper, program, "--authz", faults=BELIEVING[program] if mistaken else ()) as client:
        assert verdict_of(client.ask("GET", CROWN.encode(), said)) == (200, (CROWN,) if mistaken else ())
        assert verdict_of(client.ask("GET", BRIDGE.encode(), said)) == (200, (BRIDGE,))


def test_a_faulty_gate_is_found_out_where_a_query_leads_on(site: Site, tmp_path: Path) -> None:
    """One that allows an article with whatever is asked of it: the proxy would ask the origin for all of that."""
    fault = """
from foldline.gate.request import Request
from foldline.server.origin_gate import OriginGate
from foldline.server.worker import main
honest = OriginGate.asked
OriginGate.asked = lambda self, visit: honest(self, Request(visit.method, visit.path, b"", visit.headers, visit.client))
main()
"""
    target = f"{BRIDGE}?format=json".encode()
    for program, given in ((), (BRIDGE,)), (("-c", fault), (BRIDGE, CROWN)):
        with (
            opened(tmp_path / f"home{len(given)}", site.port, program) as paper,
            proxy(paper, "nginx", "--authz") as client,
        ):
            assert verdict_of(client.ask("GET", target, paper.registered)) == (200, given)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same site as files."""
    made = tmp_path_factory.mktemp("site")
    whole = b"".join(page(path) for path in LEVELS)
    files = {f"{path[1:]}index.html": page(path) for path in LEVELS}
    files |= {"index.json": whole, "feed/index.xml": whole, "search/index.html": whole, "feed/index.html": whole}
    files |= {"index.html": FRONT, "tags/x/index.html": FRONT, "robots.txt": b"a"}
    for name, body in files.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(body)
    return made


@pytest.fixture(scope="module")
def paper_of_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Paper, int]]:
    port = free_port()
    with opened(tmp_path_factory.mktemp("files") / "home", port) as paper:
        yield paper, port


@pytest.mark.parametrize("program", ["nginx", "caddy"])
def test_a_folder_that_a_proxy_sends_itself_is_sent_as_the_gate_allows_and_not_otherwise(
    paper_of_files: tuple[Paper, int], folder: Path, program: str
) -> None:
    paper, port = paper_of_files
    with proxy(paper, program, "--authz", "--folder", str(folder)) as client:
        for who, carries in readers(paper).items():
            own = verdicts(paper.gate.client, carries)
            asked = verdicts(client, carries)
            assert wrong(asked, own, MAY_READ[who]) == [], who
            assert sum(wholes == (BRIDGE,) for _, wholes in asked.values()) >= 5 * (who == "registered")
        answer = client.ask(
            "GET", BRIDGE.encode(), (*paper.registered, (b"If-None-Match", b'"whole"'), (b"Range", b"bytes=0-9"))
        )
        assert body_of(answer) == page(BRIDGE)
        assert answer.header(b"cache-control") == b"private, no-store"
        assert {answer.header(name) for name in (b"etag", b"last-modified", b"accept-ranges")} == {b""}
        # The folder is behind the lock for everybody else.
        stranger = WireClient(("127.0.0.1", port), HOST.encode())
        for said in ((), ((b"X-Foldline-Secret", b""),), ((b"X-Foldline-Secret", b"guessed"),)):
            assert verdict_of(stranger.ask("GET", BRIDGE.encode(), said)) == (403, ())
