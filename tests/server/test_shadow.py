"""In shadow a site answers as ever, byte for byte, and beside it is written down what the gate would have done."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from tests.server.shadow_site import ARTICLES, Asked, Caller, Fields, Said, site_of_many_kinds, tag_of
from tests.server.test_origin_newspaper import RULES, SECRET

from foldline.clock import SystemClock
from foldline.config import Settings
from foldline.insight.shadow import VISITS, ShadowLine, What, read_lines
from foldline.insight.shadow_report import ShadowReport, Walled, report_of
from foldline.policy.decide import Outcome
from foldline.policy.window import window_at
from foldline.server.gate_state import keyring_of
from foldline.sources.origin.headers import OURS
from foldline.stores.mode import Mode
from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.schema import connect
from foldline.testing.builders import HOST, home_at, in_mode
from foldline.testing.passes import Carry, cookie, write_facts
from foldline.testing.processes import GateProcess

CANARY = b"seventh ledger"
#: Seconds until something must be there. Nothing here depends on how soon it is.
DEADLINE = 30.0
ASKED = 1000
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@dataclass
class Place:
    settings: Settings
    gate: GateProcess
    site: int
    pages: dict[str, bytes]
    carry: Carry

    def caller(self) -> Caller:
        return Caller(self.gate.address[1], HOST)

    def direct(self) -> Caller:
        return Caller(self.site, HOST)

    def subscriber(self, **products: int) -> str:
        """What a reader carries who has paid for it, or for something else."""
        facts = self.carry.facts("payer", {1: 4_000_000_000} if not products else {2: 4_000_000_000})
        return cookie(reader_pass=self.carry.token(facts))[0][1].decode()

    def lines(self, enough: int, *kinds: What) -> list[ShadowLine]:
        """What was written down, once these many lines of these kinds are there."""
        end = time.monotonic() + DEADLINE
        while True:
            found = list(read_lines(self.settings.home.shadow_events))
            if sum(line.what in kinds for line in found) >= enough:
                return found
            assert time.monotonic() < end, Counter((line.what, line.about, line.why) for line in found)
            time.sleep(0.05)


@contextmanager
def standing(folder: Path, fault: str = "") -> Iterator[Place]:
    """A real worker before a real site, in a new home. `fault` is Python that breaks it before it starts."""
    with site_of_many_kinds() as (port, pages):
        settings = home_at(folder)
        text = settings.home.settings_file.read_text(encoding="utf-8")
        more = f'\n[origin]\nurl = "http://127.0.0.1:{port}"\nprofile = "static"\n'
        settings.home.settings_file.write_text(text + more, encoding="utf-8")
        clock = SystemClock()
        with RuleSetStore(settings.home) as sets:
            sets.publish(RULES, "ada", "", int(clock.now()))
        carry = Carry(keyring_of(settings), clock, window_at(int(clock.now()), settings.zone))
        write_facts(settings.home, carry.facts("payer", {1: 4_000_000_000}))
        environ = {"FOLDLINE_ORIGIN_SECRET": SECRET}
        errors = folder / "said"
        broken = ("-c", f"from foldline.server import worker\n{fault}\nworker.main()")
        program = broken if fault else ("-m", "foldline.server.worker")
        with GateProcess(settings.home, HOST, environ=environ, errors=errors, program=program) as gate:
            yield Place(settings, gate, port, pages, carry)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with standing(tmp_path / "home") as runs:
        yield runs


def as_the_site_is_asked(asked: Asked) -> Asked:
    """The same request as it must reach the site: with the secret, and without cookies of ours."""
    kept: list[tuple[str, str]] = []
    for name, value in asked.fields:
        if name == "X-Foldline-Secret":
            continue
        if name == "Cookie":
            parts = [part for part in value.split(";") if not part.strip().lower().encode().startswith(OURS)]
            value = ";".join(parts).strip()
            if not value:
                continue
        kept.append((name, value))
    return asked._replace(fields=(*kept, ("X-Foldline-Secret", SECRET)))


def as_it_may_be_sent(said: Said) -> Said:
    """An answer of the site less the listed fields: cookies of ours that it sets, and what is of one hop."""
    fields = tuple(
        (name, value)
        for name, value in said.fields
        if not (name == "set-cookie" and value.lower().encode().startswith(OURS))
    )
    return said._replace(fields=fields)


def many_requests() -> list[Asked]:
    """A thousand requests of many kinds, the same in each run."""
    reads: list[Asked] = []
    targets = (
        *ARTICLES, "/", "/feed.xml", "/all.xml", "/wp-json/posts", "/missing.html", "/pictures/a.png",
        "/theme/site.css", "/go/301/", "/go/302/abroad", "/go/307/", "/go/308/abroad", "/chunked.txt",
        "/until-the-end.txt",
        "/nothing",
        "/fault/500", "/fault/503", "/fault/410", "/fault/401",
        "/two-diaries.html?utm_source=mail&x=%2F..", "/two-diaries.html?", "/a%2Fb/%7Ec", "//double//slash",
        "/dots/../up", "/semi;colon=1", "/UPPER/case", "/search?q=%C3%A9&q=2", "/caf%C3%A9.html", "/bad%ff%00.html",
        "/api/articles/1.json", "/?p=7", "/nowhere?", "/nowhere??a", "/amp/two-diaries.html",
        "/wp-admin/admin-ajax.php?action=x&&y",
    )  # fmt: skip
    extras: tuple[Fields, ...] = (
        (),
        (("Accept-Encoding", "gzip, br"),),
        (("Range", "bytes=3-40"),),
        (("Range", "bytes=999999-"), ("Accept", "image/*")),
        (("If-None-Match", '"feed"'), ("If-Modified-Since", "Mon, 02 Mar 2026 06:30:00 GMT")),
        (("Cookie", "a=1; __Host-foldline-meter=x; b=2; foldline-desk=y"), ("User-Agent", "Mozilla/5.0")),
        (("If-None-Match", tag_of(ARTICLES["/two-diaries.html"])), ("X-Foldline-Secret", "guessed")),
        (("Cookie", "__Host-foldline-pass=forged"), ("Referer", "https://search.example/?q=1")),
        (("Accept-Language", "fr, en;q=0.5"), ("Authorization", "Basic YTpi"), ("Cache-Control", "no-cache")),
    )
    for target, fields, method in product(targets, extras, ("GET", "HEAD")):
        reads.append(Asked(method, target, fields))
    writes: list[Asked] = []
    form = (("Content-Type", "application/x-www-form-urlencoded"), ("Origin", "https://twin.example"))
    upload = (("Content-Type", "multipart/form-data; boundary=xx"),)
    for method, target in product(
        ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"), ("/two-diaries.html", "/shop/cart?x=1", "/all.xml")
    ):
        writes.append(Asked(method, target, form, b"comment=a+long+one&to=7"))
        writes.append(Asked(method, target, (*upload, ("Cookie", "s=1")), b"--xx\r\n" + bytes(range(256)) * 300))
        writes.append(Asked(method, target, upload, b"in pieces " * 500, chunked=True))
        writes.append(Asked(method, target, (("X-HTTP-Method-Override", "DELETE"),), b""))
    chosen = random.Random(4)
    tag = ("If-None-Match", "*")
    while len(reads) + len(writes) < ASKED:
        first, second = chosen.choice(reads), chosen.choice(reads)
        fields = tuple(dict((*first.fields, *second.fields)).items())
        reads.append(Asked(chosen.choice(("GET", "HEAD")), first.target, (*fields, tag)))
    asked = [*reads, *writes]
    chosen.shuffle(asked)
    return asked[:ASKED]


def test_a_thousand_requests_of_many_kinds_get_the_sites_own_bytes_and_are_counted_right(place: Place) -> None:
    asked = many_requests()
    assert len(asked) == ASKED
    assert len({one.target for one in asked}) > 30
    statuses: dict[Asked, list[int]] = {}
    assert differences(place, asked, statuses) == []
    report = report_of(place.lines(len(visits_of(asked)), *VISITS, What.UNDECIDED), 0)
    counted_by_hand(report, asked, statuses)


def differences(place: Place, asked: list[Asked], statuses: dict[Asked, list[int]] | None = None) -> list[str]:
    """The requests that the gate answers in another way than the site itself, and in what. `statuses` takes the
    site's."""
    found = []
    with closing(place.caller()) as through, closing(place.direct()) as direct:
        for one in asked:
            given, meant = through.ask(one), as_it_may_be_sent(direct.ask(as_the_site_is_asked(one)))
            found += [f"{name}: {one}" for name in Said._fields if getattr(given, name) != getattr(meant, name)]
            if statuses is not None:
                statuses.setdefault(one, []).append(meant.status)
    return found


def visits_of(asked: list[Asked]) -> list[str]:
    """The articles that were asked for, once for each time: what ends in .html and is a page, by GET."""
    paths = [one.target.partition("?")[0] for one in asked if one.method == "GET"]
    return [path for path in paths if path in ARTICLES or path == "/caf%C3%A9.html"]


def counted_by_hand(report: ShadowReport, asked: list[Asked], statuses: dict[Asked, list[int]]) -> None:
    visits = Counter(visits_of(asked))
    assert report.visits == visits.total() > 80
    # One article is free, one is for subscribers, of whom none came; of the others one may be read by a meter.
    free, walled = visits["/the-free-one.html"], visits["/the-long-one.html"]
    assert report.outcomes == {
        Outcome.OPENS: free,
        Outcome.REFUSES: walled,
        Outcome.OPENS_IF: visits.total() - free - walled,
    }
    assert (report.would_have_walled, report.share) == (walled, walled / visits.total())
    assert report.walled == {"subscription-needed": Walled(walled)}
    assert report.undecided == {}

    def given(path: str, *methods: str) -> int:
        """How often the site gave something at a path."""
        ours = [
            one for one in statuses if one.target.partition("?")[0] == path and (one.method in methods or not methods)
        ]
        return sum(status < 400 for one in ours for status in statuses[one])

    assert report.closed["data", "/all.xml"] == given("/all.xml") > 20
    assert report.closed["data", "/chunked.txt"] == given("/chunked.txt") > 10
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
        wanted = given("/two-diaries.html", method)
        assert report.closed[f"article: {method} is not taken", "/two-diaries.html"] == wanted > 0
    assert report.rewritten["feed", "/feed.xml"] == given("/feed.xml", "GET", "HEAD") > 10
    assert report.unmapped["/wp-json/*"] == given("/wp-json/posts") > 10
    assert report.unmapped["/shop/*"] == given("/shop/cart") > 10
    assert len(report.locked) == 2
    assert report.fell_back == {}


def test_what_goes_wrong_beside_the_answer_does_not_touch_it(place: Place) -> None:
    place.pages["/too-long.html"] = LONG
    place.pages["/too-deep.html"] = b"<!doctype html>" + b"<div>" * 60_000 + b"</p></i>" * 9
    place.pages["/no-letters.html"] = b"<meta charset=utf-16>\xff\xfe\x00\xd8\x00" * 40
    place.pages["/unclosed.html"] = ARTICLES["/two-diaries.html"][:700] + b"<!-- <script> <p class='"
    odd = [path for path in place.pages if path not in ARTICLES]
    assert differences(place, gets(odd)) == []
    lines = place.lines(len(odd), *VISITS, What.UNDECIDED)
    assert [(line.about, line.why) for line in lines if line.what is What.UNDECIDED] == [
        ("/too-long.html", "not fetched: too large")
    ]
    report = report_of(lines, 0)
    assert report.visits == 3
    assert set(report.locked.values()) >= {"not-found, too-odd"}
    home = place.settings.home
    for path in (home.public_db, home.sealed_db, home.fetched_db, home.site_db, home.meter_db):
        destroy(path)
    new = [f"/new-{number}.html" for number in range(4)]
    place.pages.update(dict.fromkeys(new, ARTICLES["/the-long-one.html"]))
    assert differences(place, gets([*new, *odd, *ARTICLES])) == []
    after = place.lines(1 + len(new), What.UNDECIDED)
    assert sum(line.what is What.UNDECIDED and line.about == "/*.html" for line in after) >= len(new)


def test_articles_that_take_for_ever_to_look_at_hold_up_no_answer(tmp_path: Path) -> None:
    """More visits than may wait, and none of the looks beside them ever ends."""
    hangs = (
        "import asyncio; from foldline.server import origin_gate, shadow; shadow.MOST_WAITING = 6\n"
        "async def record_of(self, surface): await asyncio.Event().wait()\n"
        "origin_gate.OriginGate.record_of = record_of"
    )
    with standing(tmp_path / "home", hangs) as place:
        assert differences(place, gets(["/two-diaries.html"] * 10)) == []
        lines = place.lines(4, What.UNDECIDED)
        assert [(line.about, line.why) for line in lines] == [("/two-diaries.html", "too many at once")] * 4
        (worker,) = place.gate.processes
        worker.terminate()
        assert worker.wait(DEADLINE) == -signal.SIGTERM  # what hangs does not keep it


def test_what_was_seen_last_before_a_worker_is_stopped_is_written_down(place: Place) -> None:
    assert differences(place, [Asked("GET", "/feed.xml")]) == []
    with closing(place.caller()) as caller:
        in_mode(place.settings.home, Mode.GATE, int(time.time()))
        until_gated(place, caller)
    place.gate.stop()
    assert [line.why for line in place.lines(1, What.REWRITTEN) if line.what is What.REWRITTEN] == ["feed"]
    assert len(decisions(place, 1)) == 1


def gets(paths: list[str]) -> list[Asked]:
    return [Asked("GET", path) for path in paths]


def destroy(path: Path) -> None:
    """Every byte of a database is zero, and what its readers remember of it is void."""
    with closing(connect(path)) as writer:
        writer.execute("PRAGMA user_version = 7")
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))


def decisions(place: Place, enough: int) -> list[tuple[str, ...]]:
    """The columns of the gate's own event lines that shadow has too, without the second, the newest last, once so many
    are there."""
    end = time.monotonic() + DEADLINE
    while True:
        texts = [path.read_text(encoding="utf-8") for path in place.settings.home.events.glob("worker-*.tsv")]
        found = [tuple(line.split("\t")[1:7]) for text in texts for line in text.splitlines()]
        if len(found) >= enough:
            return found
        assert time.monotonic() < end, found
        time.sleep(0.05)


def until_gated(place: Place, caller: Caller) -> None:
    """Ask for an article until what comes is cut. Until then it is the site's own, and never anything else."""
    end = time.monotonic() + DEADLINE
    while True:
        said = caller.ask(Asked("GET", "/two-diaries.html"))
        if said.body != ARTICLES["/two-diaries.html"]:
            assert CANARY not in said.body
            return
        assert time.monotonic() < end, "the gate never heard of it"
        time.sleep(0.01)


def test_each_kind_of_reader_is_decided_on_in_shadow_as_the_gate_decides(tmp_path: Path) -> None:
    """The same visits, first in shadow and then gated: the same article, outcome, reason, findings and rule."""
    with standing(tmp_path / "home") as place:
        readers: list[Fields] = [(), (("Cookie", place.subscriber()),), (("Cookie", place.subscriber(other=1)),)]
        readers += [(("Cookie", "__Host-foldline-pass=forged"),), (("User-Agent", GOOGLEBOT),)]
        visits = [Asked("GET", path, fields) for path in ARTICLES for fields in readers]
        caller = place.caller()
        for visit in visits:
            assert caller.ask(visit).body == ARTICLES[visit.target]
        lines = place.lines(len(visits), *VISITS)
        in_mode(place.settings.home, Mode.GATE, int(time.time()))
        until_gated(place, caller)
        probes = len(decisions(place, 1))
        for visit in visits:
            caller.ask(visit)
        caller.close()
        gated = decisions(place, probes + len(visits))[probes:]
    shadowed = [line for line in lines if line.what in VISITS]
    told = Counter((line.about, line.what.value, line.why, line.rules, line.findings, line.rule) for line in shadowed)
    assert told == Counter(gated)
    assert {line.what for line in shadowed} == set(VISITS)
    walled = [line for line in shadowed if line.what is What.REFUSES]
    assert {(line.why, line.with_pass) for line in walled} >= {("subscription-needed", True)}


COOKIES = (("Cookie", "a=1; __Host-foldline-meter=x"),)
OVERRIDE = (("X-HTTP-Method-Override", "DELETE"),)
LONG = b"<!doctype html><p>" + b"a word " * 700_000

#: What could go wrong, as Python in the worker, and the request that must tell.
FAULTS = {
    "an empty query is lost": ("from foldline.gate import asgi; asgi.TARGET = 'nowhere'", Asked("GET", "/nowhere?")),
    "our cookies reach the site": (
        "from foldline.sources.origin import headers; headers.foreign_cookies = bytes",
        Asked("GET", "/nowhere", COOKIES),
    ),
    "cookies of our names come from the site": (
        "from foldline.sources.origin import headers; headers._sets_ours = lambda value: False",
        Asked("GET", "/nowhere"),
    ),
    "a method override is dropped": (
        "from foldline.server import shadow; shadow.METHODS = ('GET', 'HEAD', 'POST')",
        Asked("POST", "/shop/cart", OVERRIDE, b"a=1"),
    ),
    "a field of the answer is lost": (
        "from foldline.sources.origin import forward; honest = forward.answer_fields\n"
        "forward.answer_fields = lambda fields: tuple(f for f in honest(fields) if f[0] != b'etag')",
        Asked("GET", "/two-diaries.html"),
    ),
    "the map decides": (
        "from foldline.server import shadow\n"
        "shadow.Surface = lambda kind, name, target, **_: Surface(Kind.FILES, name, target)\n"
        "from foldline.sources.origin.surfaces import Kind, Surface",
        Asked("GET", "/all.xml"),
    ),
    "the site is gated": (
        "from foldline.stores import mode_in_force as held; held.ModeInForce.look = lambda self: held.Mode.GATE",
        Asked("GET", "/two-diaries.html"),
    ),
    "what is beside the answer is on its way": (
        "from foldline.server import shadow; honest = shadow.Shadow.answer\n"
        "async def answer(self, request, receive, send):\n"
        "    await self._looks.record_of(self._link.surface_of(request))\n"
        "    return await honest(self, request, receive, send)\n"
        "shadow.Shadow.answer = answer",
        Asked("GET", "/too-long.html"),
    ),
}


def test_without_a_fault_none_of_these_requests_tells(place: Place) -> None:
    place.pages["/too-long.html"] = LONG
    assert differences(place, [asked for _, asked in FAULTS.values()]) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_each_seeded_fault_is_found_by_the_comparison(tmp_path: Path, fault: str) -> None:
    code, tells = FAULTS[fault]
    with standing(tmp_path / "home", code) as place:
        place.pages["/too-long.html"] = LONG
        assert differences(place, [tells]) != []
