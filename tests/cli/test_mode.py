"""`foldline mode`: what holds, the way into the gate and why it is refused, the way back, and the report."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.test_verbs import SECRET as OWN_SECRET
from tests.cli.test_verbs import foldline
from tests.django_home import django_home
from tests.server.shadow_site import site_of_many_kinds
from tests.server.test_origin_newspaper import RULES, SECRET

from foldline.cli.main import verbs
from foldline.config import Settings, load
from foldline.errors import Problem
from foldline.insight.shadow import DOORS, ShadowLine, ShadowLines, What, read_lines, shape_of
from foldline.insight.shadow_report import Walled, report_of
from foldline.policy.decide import Outcome
from foldline.server.deciding import mode_problems, rules_problems
from foldline.server.leaving_shadow import lock_problems, paths_to_try, reasons_to_stay
from foldline.sources.origin.client import Address
from foldline.stores.home import Home
from foldline.stores.mode import Mode, ModeStore
from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.schema import connect
from foldline.testing.builders import in_mode
from foldline.testing.clock import FrozenClock

ENVIRON = {**OWN_SECRET, "FOLDLINE_ORIGIN_SECRET": SECRET}
DEAD = 9


def settings_text(port: int) -> str:
    publication = '[publication]\nname = "The Valley Post"\nurl = "http://localhost:8080"\nzone = "Europe/Paris"\n'
    return f'{publication}[origin]\nurl = "http://127.0.0.1:{port}"\nprofile = "static"\n'


def put_before(home: Home, port: int) -> Settings:
    """A site on this port is the one behind the gate."""
    home.settings_file.write_text(settings_text(port), encoding="utf-8")
    return load(home, ENVIRON)


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home in whose mode nobody has said anything, and for which no rules were published."""
    home = django_home(tmp_path_factory)
    own = home.settings_file.read_text(encoding="utf-8")
    forget(home)
    put_before(home, DEAD)
    yield home
    home.settings_file.write_text(own, encoding="utf-8")
    forget(home)


def forget(home: Home) -> None:
    with closing(connect(home.site_db)) as connection:
        for table in ("foldline_mode", "foldline_rule_sets"):
            connection.execute(f"DELETE FROM {table}")
    for path in (home.rules_file, home.mode_in_force, *home.shadow_events.glob("*")):
        path.unlink(missing_ok=True)


def mode(home: Home, *arguments: str, name: str = "mode") -> Result:
    """What a verb says: in this process, which has Django set up for the home already."""
    return CliRunner().invoke(verbs, [name, *arguments, "--home", str(home.path)], env=ENVIRON)


def ids(answer: Result) -> set[str]:
    return {line.split()[0] for line in answer.stdout.splitlines() if line.startswith("FL")}


def publish(home: Home, text: str = RULES) -> None:
    with RuleSetStore(home) as sets:
        sets.publish(text, "ada", "", int(time.time()))


def audited(home: Home) -> list[tuple[str, str, str, str]]:
    with closing(connect(home.site_db, read_only=True)) as connection:
        return connection.execute(
            "SELECT what, kind, before, after FROM desk_auditentry WHERE kind = 'mode' ORDER BY id"
        ).fetchall()


def test_into_the_gate_over_an_open_origin_and_back_with_everything_written_down(home: Home) -> None:
    with site_of_many_kinds(locked=False) as (port, _):
        put_before(home, port)
        assert "FL220 http://" in mode(home, name="check").stdout
        told = mode(home)
        assert told.stdout.startswith("shadow: nobody has said anything yet\nTHE SITE IS OPEN")
        # A reason is for the lock alone.
        refused = mode(home, "gate", "--by", "ada", "--i-know", "a copy")
        assert (refused.exit_code, ids(refused)) == (1, {"FL220", "FL242"})
        assert "Nothing was changed: shadow goes on." in refused.stdout
        assert "foldline policy publish" in refused.stdout
        assert "--i-know" not in refused.stdout
        publish(home)
        refused = mode(home, "gate", "--by", "ada")
        assert (refused.exit_code, ids(refused)) == (1, {"FL220"})
        assert "foldline mode gate --i-know REASON" in refused.stdout
        home.mode_in_force.write_text("shadow", encoding="utf-8")
        gated = mode(home, "gate", "--by", "ada", "--i-know", "a copy that holds no secret")
        assert (gated.exit_code, ids(gated)) == (0, {"FL220"})
        assert "purge" in gated.stdout
        assert not home.mode_in_force.exists()
        assert "(a copy that holds no secret)" in mode(home).stdout
    back = mode(home, "shadow", "--by", "grace")
    assert back.exit_code == 0
    assert "THE SITE IS OPEN" in back.stdout
    with ModeStore(home) as store:
        history = [(said.mode, said.by, said.note) for said in store.history()]
    assert history == [(Mode.SHADOW, "grace", ""), (Mode.GATE, "ada", "a copy that holds no secret")]
    assert audited(home)[-2:] == [
        ("changed", "mode", "shadow", "gate by ada, over an open origin: a copy that holds no secret"),
        ("changed", "mode", "gate", "shadow by grace"),
    ]
    assert "FL240 http://localhost:8080: THE SITE IS OPEN" in mode(home, name="check").stdout


def test_a_locked_origin_and_published_rules_are_gated_and_check_is_calm_about_it(home: Home) -> None:
    with site_of_many_kinds() as (port, _):
        put_before(home, port)
        publish(home)
        gated = mode(home, "gate")
        assert (gated.exit_code, ids(gated)) == (0, set())
        assert "FL22" not in mode(home, name="check").stdout
    connection = connect(home.site_db)
    connection.execute("UPDATE foldline_mode SET made_by = 'eve'")
    connection.close()
    checked = mode(home, name="check").stdout
    assert "FL241" in checked
    assert "FL221" in checked, "the site is away, and then nobody knows"
    assert "foldline mode gate" in checked
    assert mode(home).stdout.startswith("gate: mode: row")


def test_the_way_back_needs_neither_the_origin_nor_what_django_keeps(home: Home) -> None:
    put_before(home, DEAD)
    in_mode(home, Mode.GATE, int(time.time()))
    connection = connect(home.site_db)
    connection.execute("ALTER TABLE desk_auditentry RENAME TO away")
    connection.close()
    try:
        back = mode(home, "shadow")
    finally:
        connection = connect(home.site_db)
        connection.execute("ALTER TABLE away RENAME TO desk_auditentry")
        connection.close()
    assert back.exit_code == 0
    assert "could not be written into the audit log" in back.stderr
    assert json.loads(mode(home, "--json").stdout)["mode"] == "shadow"


def test_what_is_typed_wrong_changes_nothing(home: Home) -> None:
    put_before(home, DEAD)
    typed = {
        ("gate", "--report"): "changes nothing",
        ("--since", "2026-11-03"): "--since belongs to --report",
        ("shadow", "--i-know", "x"): "--i-know belongs to",
        ("open",): "is not one of",
        ("--report", "--since", "yesterday"): "is no moment",
    }
    for arguments, said in typed.items():
        answer = mode(home, *arguments)
        assert answer.exit_code == 2, arguments
        assert said in answer.output, arguments
    with ModeStore(home) as store:
        assert store.newest() is None


def test_a_publication_without_a_site_behind_it_has_no_mode(home: Home) -> None:
    text = settings_text(DEAD)
    home.settings_file.write_text(text[: text.index("[origin]")], encoding="utf-8")
    answer = mode(home, "shadow")
    assert answer.exit_code == 1
    assert "always gated" in str(answer.exception)


def lock_ids(settings: Settings, port: int) -> list[str]:
    return [problem.id for problem in lock_problems(settings, [Address("127.0.0.1", port)])]


def test_the_origins_lock_is_tried_before_the_gate(home: Home) -> None:
    with site_of_many_kinds() as (port, _):
        settings = put_before(home, port)
        assert settings.origin is not None
        assert lock_ids(settings, port) == []
        other = replace(settings, origin=replace(settings.origin, secret="another secret than the site's"))
        assert lock_ids(other, port) == ["FL222"]
    assert lock_ids(settings, port) == ["FL221"]
    with site_of_many_kinds(locked=False) as (port, _):
        assert lock_ids(put_before(home, port), port) == ["FL220"]


def test_the_newest_articles_are_tried_and_one_that_is_gone_says_nothing(home: Home) -> None:
    with site_of_many_kinds() as (port, _):
        settings = put_before(home, port)
        without_records(home)
        assert paths_to_try(settings) == (b"/",)
        written(home, "/two-diaries.html", "/the-long-one.html", "/missing.html")
        try:
            assert set(paths_to_try(settings)) == {b"/two-diaries.html", b"/the-long-one.html", b"/missing.html"}
            assert lock_ids(settings, port) == []
        finally:
            without_records(home)


def without_records(home: Home) -> None:
    connection = connect(home.public_db)
    connection.execute("DELETE FROM records")
    connection.close()


def written(home: Home, *paths: str) -> None:
    connection = connect(home.public_db)
    facts = {"access": "by-rule", "section": "", "products": [1], "tags": [], "published": 5, "gated": True}
    for number, path in enumerate(paths, 1):
        row = (path, number, json.dumps(facts))
        connection.execute(
            "INSERT INTO records (path, kind, article, version, facts) VALUES (?, 'article', ?, 1, ?)", row
        )
    connection.close()


@pytest.mark.parametrize("id", ["FL221", "FL222", "FL071", "FL072", "FL242"])
def test_a_reason_never_gates_over_anything_but_an_open_origin(id: str) -> None:
    problem, opened = Problem(id, "wrong"), Problem("FL220", "open")
    lock, rules = ((problem,), ()) if id.startswith("FL22") else ((), (problem,))
    for known in (False, True):
        refusing, over = reasons_to_stay((*lock, opened), rules, known=known)
        assert problem in refusing
        assert over == ((opened,) if known else ())


@pytest.mark.parametrize(
    ("text", "draft", "ids"),
    [(None, False, ["FL242"]), (None, True, ["FL071"]), ("opens = 1\n", False, ["FL072"]), (RULES, True, [])],
)
def test_rules_that_can_not_decide_are_a_reason_to_stay(
    home: Home, text: str | None, draft: bool, ids: list[str]
) -> None:
    settings = put_before(home, DEAD)
    if text:
        publish(home, text)
    if draft:
        home.rules_file.write_text(RULES, encoding="utf-8")
    refusing, _ = reasons_to_stay((), rules_problems(settings), known=True)
    assert [problem.id for problem in refusing] == ids
    assert all(problem.hint for problem in refusing)


def test_check_shouts_while_the_site_is_open_and_is_calm_when_it_is_gated(home: Home) -> None:
    settings = put_before(home, DEAD)
    (found,) = mode_problems(settings)
    assert (found.id, "THE SITE IS OPEN" in found.what) == ("FL240", True)
    in_mode(home, Mode.GATE, 1_790_000_000)
    assert list(mode_problems(settings)) == []
    assert list(mode_problems(replace(settings, origin=None))) == []


def seen() -> list[ShadowLine]:
    """Ten visits at 100, of which four would have met a wall; and what else there may be."""
    at = 1_790_000_000
    visits = [
        *[ShadowLine(at, What.OPENS, "1", "article-is-free", "r-1")] * 3,
        *[ShadowLine(at, What.OPENS_IF, "2", "meter-has-room", "r-1")] * 3,
        *[ShadowLine(at, What.REFUSES, "2", "subscription-needed", "r-1", "-subscription-needed", "A wall")] * 2,
        ShadowLine(at, What.REFUSES, "2", "subscription-needed", "r-1", "-subscription-needed", "A wall", True),
        ShadowLine(at, What.REFUSES, "3", "rule-excludes", "r-1", "-rule-excludes", "Another", True),
    ]
    beside = [
        *[ShadowLine(at, What.CLOSED, "/feed.xml", "feed")] * 5,
        *[ShadowLine(at, What.REWRITTEN, "/*/feed/", "feeds")] * 6,
        *[ShadowLine(at, What.UNMAPPED, "/wp-json/*", "a text")] * 7,
        ShadowLine(at, What.UNDECIDED, "/long.html", "not fetched: too large"),
        ShadowLine(at - 900, What.LOCKED, "2", "not-found, no-way-to-the-fold"),
        ShadowLine(at - 900, What.LOCKED, "1", "not-found, no-way-to-the-fold"),
        ShadowLine(at - 800, What.CUT, "1", "marker"),
        ShadowLine(at - 800, What.CUT, "3", "selector, cut-by-tree"),
        ShadowLine(at - 800, What.LOCKED, "9", "not-found"),  # nobody came
    ]
    old = [ShadowLine(at - 500, What.REFUSES, "2", "subscription-needed", "r-1")] * 4
    return [*old, *visits, *beside]


def write(home: Home, lines: list[ShadowLine]) -> None:
    home.shadow_events.mkdir(exist_ok=True)
    (home.shadow_events / "worker-0-000000.tsv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def test_the_report_is_what_a_hand_counts(home: Home) -> None:
    settings = put_before(home, DEAD)
    write(home, seen())
    report = report_of(read_lines(home.shadow_events), 1_790_000_000 - 100)
    assert (report.visits, report.would_have_walled, report.share) == (10, 4, 0.4)
    assert report.outcomes == {Outcome.OPENS: 3, Outcome.OPENS_IF: 3, Outcome.REFUSES: 4}
    assert report.walled == {"subscription-needed": Walled(3, 1), "rule-excludes": Walled(1, 1)}
    assert report.with_pass == {("subscription-needed", "A wall", "2"): 1, ("rule-excludes", "Another", "3"): 1}
    assert report.closed == {("feed", "/feed.xml"): 5}
    assert report.rewritten == {("feeds", "/*/feed/"): 6}
    assert report.unmapped == {"/wp-json/*": 7}
    assert report.undecided == {("not fetched: too large", "/long.html"): 1}
    assert report.locked == {"2": "not-found, no-way-to-the-fold"}
    assert report.fell_back == {"3": "selector, cut-by-tree"}
    # Shadow began anew between the old lines and the others.
    in_mode(home, Mode.GATE, 1_790_000_000 - 300)
    in_mode(home, Mode.SHADOW, 1_790_000_000 - 200)
    in_mode(home, Mode.SHADOW, 1_790_000_000 - 100)
    # On a real terminal, once.
    said = foldline("mode", "--report", "--home", str(home.path), **ENVIRON).stdout
    assert said.startswith(
        "since 2026-09-21 16:10: 10 visits to articles, would have walled 4 (40.0 %), "
        "of these 2 by readers with a valid pass: why →\n"
    )
    for row in (r"rule-excludes +Another +article 3 +1", r"walled: subscription-needed +3 +1", r"would have opened +3",
                r"feed +/feed.xml +5", r"/wp-json/\* +7", r"not fetched: too large +/long.html +1",
                r"article 3 +selector, cut-by-tree", r"preview, then counted by a meter +3",
                r"feeds +/\*/feed/ +6", r"article 2 +not-found, no-way"):  # fmt: skip
        assert re.search(row, said), row
    assert "Nobody's meter is counted in shadow" in said
    data = json.loads(mode(home, "--report", "--since", "2026-09-21T16:05", "--json").stdout)
    assert (data["visits"], data["would_have_walled"], data["share_walled"]) == (14, 8, 0.5714)
    assert data["walled_by_reason"]["subscription-needed"] == {"visits": 7, "with_a_valid_pass": 1}
    assert data["unmapped"] == [{"path": "/wp-json/*", "requests": 7}]
    assert settings.zone.key == "Europe/Paris"


def test_lines_survive_a_disk_that_takes_nothing_and_are_bounded(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foldline.insight.shadow.MOST_WAITING", 3)
    lines = ShadowLines(home.path / "no-such" / "folder", "worker-0", FrozenClock())
    for number in (1, 2, 3, 3, 4, 5):
        lines.note(What.CLOSED, f"/{number}", "feed")
    lines.flush()
    assert lines.lost == 2
    lines._folder = home.shadow_events  # the disk is there again
    lines.flush()
    assert sorted(line.about for line in read_lines(home.shadow_events)) == ["/1", "/2", "/3", "/3"]


def test_half_a_line_and_what_is_none_are_left_out(home: Home) -> None:
    good = ShadowLine(7, What.CLOSED, "/feed.xml", "a rule\tof two\nlines")
    write(home, [good])
    with (home.shadow_events / "worker-1-000000.tsv").open("w", encoding="utf-8") as file:
        file.write(f"no line\n{good}\n{'x' * 9}\tclosed\t\t\t\t\t\t\n{str(good)[:-4]}")
    assert [line.why for line in read_lines(home.shadow_events)] == ["a rule of two lines"] * 2


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/", "/"),
        ("/feed.xml", "/feed.xml"),
        ("/2026/03/02/ada-quill-is-ill/feed/", "/*/*/*/*/feed/"),
        ("/members/ada.quill@paper.example", "/members/*.example"),
        ("/reset/Zk3x-9QtokenToken", "/reset/*"),
        ("/unsubscribe/jane", "/unsubscribe/*"),
        ("/wp-json/wp/v2/users/7", "/wp-json/*/*/*/*"),
        ("/data/ada-quill.json", "/data/*.json"),
        ("/%C3%A9t%C3%A9", "/*"),
    ],
)
def test_a_path_is_told_without_what_could_be_somebodys(path: str, shape: str) -> None:
    assert shape_of(path.encode()) == shape


@given(st.binary(max_size=60).map(lambda text: b"/" + text))
def test_no_part_of_a_path_is_told_but_words_that_side_doors_have(path: bytes) -> None:
    first, *others = shape_of(path).split("/")[1:]
    assert re.fullmatch(r"[a-z_-]*|\*|[a-z_*-]*\.[a-z0-9]{1,8}", first)
    for told in others:
        assert told in ("", "*", *DOORS) or re.fullmatch(r"\*\.[a-z0-9]{1,8}", told)
