"""The policy verbs, on a real home folder and without one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.cli.test_verbs import foldline
from tests.gate.newspaper import SECRET, Newspaper, open_newspaper

from foldline.cli.main import verbs
from foldline.errors import ConfigurationError, FoldlineError
from foldline.policy.facts import Access
from foldline.policy.rules import version_of
from foldline.policy.starter import starter_text
from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.schema import connect

CASES = Path(__file__).parents[1] / "policy" / "cases.toml"
METER = "[meter.site]\nanonymous = 3\n"
WALL = '[[rule]]\nname = "Science is for subscribers"\nsections = "Science"\nonly-for = "subscribers"\n'


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newspaper:
    monkeypatch.setenv("FOLDLINE_SECRET", SECRET)
    monkeypatch.chdir(tmp_path)
    return open_newspaper(tmp_path)


def run(*words: str, home: Path) -> Result:
    return CliRunner().invoke(verbs, ["policy", *words, "--home", str(home)])


def draft(paper: Newspaper, text: str) -> None:
    paper.home.rules_file.write_text(text, encoding="utf-8")


def publish(paper: Newspaper, text: str) -> None:
    with RuleSetStore(paper.home) as store:
        store.publish(text, "Ada Quill", "", int(paper.clock.time))


def problems(result: Result) -> list[str]:
    assert isinstance(result.exception, ConfigurationError)
    return [problem.id for problem in result.exception.problems]


def test_a_first_draft_is_written_once_and_changes_nothing_for_anybody(paper: Newspaper) -> None:
    home = paper.home.path
    assert "Wrote" in run("start", home=home).output
    assert paper.home.rules_file.read_text(encoding="utf-8") == starter_text(3)
    again = run("start", home=home)
    assert isinstance(again.exception, FoldlineError)
    assert "not touched" in str(again.exception)
    old = paper.home.path / "old.toml"
    old.write_text(METER, encoding="utf-8")
    assert "Nothing changes for any of 15 articles." in run("diff", str(old), "rules.toml", home=home).output


def test_check_tells_every_mistake_of_the_draft_and_fails(paper: Newspaper) -> None:
    draft(paper, METER + '[[rule]]\nname = "One"\nacess = "free"\n[[rule]]\nopens-for = "evryone"\n')
    result = run("check", home=paper.home.path)
    assert result.exit_code == 1
    assert 'error   FL103 rules.toml:5:1: unknown key "acess". Did you mean "access"?' in result.output
    assert 'error   FL104 rules.toml:7:13: opens-for knows no "evryone". Did you mean "everyone"?' in result.output
    assert result.output.endswith("2 errors, 0 warnings.\n")


def test_check_counts_the_articles_of_each_rule_and_of_each_level(paper: Newspaper) -> None:
    draft(paper, 'default-access = "metered"\n' + METER + WALL)
    result = run("check", home=paper.home.path)
    assert result.exit_code == 0
    assert "Nothing is wrong." in result.output
    row = next(line for line in result.output.splitlines() if "rules.toml:4" in line)
    assert row.split()[:2] == ["15", "15"]
    assert "15 articles: 1 free, 12 metered, 1 registered, 1 subscribers." in result.output


def test_warnings_alone_do_not_fail_and_walls_that_leave_nobody_a_way_in_do(paper: Newspaper) -> None:
    draft(paper, METER + '[[rule]]\nname = "Film"\nsections = "film"\naccess = "free"\n')
    result = run("check", home=paper.home.path)
    assert result.exit_code == 0
    assert "warning FL120 rules.toml:3" in result.output
    assert "warning FL125 nobody decided about 1 article: /by-rule." in result.output
    assert "0 errors, 2 warnings." in result.output
    draft(paper, 'default-access = "free"\n' + METER + WALL.replace("subscribers", "crawler"))
    result = run("check", home=paper.home.path)
    assert result.exit_code == 1
    assert "error   FL122 rules.toml:4" in result.output


def test_what_people_wrote_is_shown_as_it_is(paper: Newspaper) -> None:
    name = "[bold]Science[/red] is :smile: for \\\\[us]"
    draft(paper, METER + WALL.replace("Science is for subscribers", name))
    shown = name.replace("\\\\", "\\")
    assert shown in run("check", home=paper.home.path).output
    publish(paper, METER + WALL.replace("Science is for subscribers", name))
    why = CliRunner().invoke(verbs, ["why", "/metered", "--home", str(paper.home.path)])
    assert f"✗  rule-excludes        {shown}" in why.output


def test_check_gives_everything_as_json(paper: Newspaper) -> None:
    draft(paper, METER + WALL)
    data = json.loads(run("check", "--json", home=paper.home.path).output)
    assert data["total"] == sum(data["levels"].values()) == 15
    assert data["rules"] == [{"rule": "Science is for subscribers", "where": "rules.toml:3", "articles": 15, "now": 14}]
    assert data["undecided"] == ["/by-rule"]
    assert [problem["id"] for problem in data["warnings"]] == ["FL125"]


def test_check_needs_no_home_folder(tmp_path: Path) -> None:
    file = tmp_path / "draft.toml"
    file.write_text(METER + WALL, encoding="utf-8")
    result = run("check", str(file), home=tmp_path / "none")
    assert result.exit_code == 0
    assert "There is no archive here" in result.output


def test_a_file_that_is_not_there_or_not_utf8_is_told(paper: Newspaper) -> None:
    result = run("check", home=paper.home.path)
    assert result.exit_code == 1
    assert "FL100" in result.output
    assert "foldline policy start" in result.output
    paper.home.rules_file.write_bytes(b"\xff\xfe")
    assert "FL101" in run("check", home=paper.home.path).output
    assert problems(run("test", "nothing.toml", home=paper.home.path)) == ["FL100"]


def test_cases_run_without_a_home_folder_and_end_with_how_many_passed(tmp_path: Path) -> None:
    result = run("test", str(CASES), home=tmp_path)
    assert result.exit_code == 0, result.output
    assert result.output.endswith(" passed, 0 failed\n")
    assert int(result.output.split()[0]) >= 60


def test_settings_without_a_secret_are_enough_for_cases(tmp_path: Path) -> None:
    (tmp_path / "foldline.toml").write_text('[publication]\nname = "P"\nurl = "https://p.example"\n', encoding="utf-8")
    assert run("test", str(CASES), home=tmp_path).exit_code == 0


def test_a_case_that_fails_shows_its_trace_and_the_line_of_the_rule(tmp_path: Path) -> None:
    rules = tmp_path / "other.toml"
    rules.write_text(METER + WALL.replace('"Science"', '"news"'), encoding="utf-8")
    result = run("test", str(CASES), "--rules", str(rules), home=tmp_path)
    assert result.exit_code == 1
    told = result.output.partition("✗ A metered article waits for the meter (cases.toml:")[2].partition("\n✗ ")[0]
    assert "expected opens-if · meter-has-room, got refuses · subscription-needed" in told
    assert "✗ rule-excludes          Science is for subscribers" in told
    passed, failed = (int(word) for word in result.output.splitlines()[-1].replace(",", "").split()[::2])
    assert passed + failed == CASES.read_text(encoding="utf-8").count("[[case]]")


def test_a_file_without_a_case_is_no_success(tmp_path: Path) -> None:
    file = tmp_path / "cases.toml"
    file.write_text('zone = "UTC"\n', encoding="utf-8")
    assert isinstance(run("test", str(file), home=tmp_path).exception, FoldlineError)


def test_cases_may_name_an_article_of_the_archive(paper: Newspaper) -> None:
    draft(paper, METER)
    file = paper.home.path / "cases.toml"
    file.write_text(
        '[[case]]\nname = "One"\npath = "/metered"\nat = 2026-11-20\noutcome = "opens-if"\nreason = "meter-has-room"\n',
        encoding="utf-8",
    )
    assert run("test", str(file), home=paper.home.path).output == "1 passed, 0 failed\n"


def test_diff_counts_what_changes_for_each_reader_with_examples(paper: Newspaper) -> None:
    old, new = paper.home.path / "old.toml", paper.home.path / "new.toml"
    old.write_text(METER, encoding="utf-8")
    new.write_text(METER + WALL, encoding="utf-8")
    result = run("diff", str(old), str(new), home=paper.home.path)
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.output.splitlines()]
    assert rows[1][:10] == ["anonymous", "11", "counted", "·", "3", "in", "a", "calendar", "month", "(site)"]
    assert "preview · subscription-needed" in result.output
    assert "… and 1 more" in result.output
    assert "subscriber " not in result.output.replace("subscribers", "")
    assert "Something changes for 13 of 15 articles." in result.output


def test_diff_shows_that_only_the_allowance_changes(paper: Newspaper) -> None:
    old, new = paper.home.path / "old.toml", paper.home.path / "new.toml"
    old.write_text(METER, encoding="utf-8")
    new.write_text(METER + "registered = 9\n", encoding="utf-8")
    result = run("diff", str(old), str(new), home=paper.home.path)
    assert "anonymous" not in result.output
    assert "counted · 9 in a calendar month (site)" in result.output


def test_diff_of_cases_needs_no_archive(tmp_path: Path) -> None:
    old = CASES.with_name("rules.toml")
    new = tmp_path / "new.toml"
    new.write_text(old.read_text(encoding="utf-8").replace("anonymous = 3", "anonymous = 2"), encoding="utf-8")
    result = run("diff", str(old), str(new), "--cases", str(CASES), "--at", "2026-11-02T12:00", home=tmp_path)
    assert "counted · 2 in a calendar month (site)" in result.output
    assert isinstance(run("diff", str(old), str(new), home=tmp_path).exception, FoldlineError)


def test_published_rules_are_listed_rolled_back_and_written_into_the_audit_log(tmp_path: Path) -> None:
    settings = '[publication]\nname = "P"\nurl = "https://p.example"\n'
    (tmp_path / "foldline.toml").write_text(settings, encoding="utf-8")
    file = tmp_path / "rules.toml"
    first, second = version_of(METER), version_of(METER + WALL)

    def typed(*words: str) -> str:
        answer = foldline(*words, "--home", str(tmp_path), FOLDLINE_SECRET=SECRET)
        return answer.stdout + answer.stderr

    file.write_text(METER, encoding="utf-8")
    assert "foldline migrate" in typed("policy", "publish", "--by", "Ada Quill")
    typed("migrate")
    assert f"Published {first}" in typed("policy", "publish", "--by", "Ada Quill", "--note", "The first")
    file.write_text(METER + WALL, encoding="utf-8")
    assert f"Published {second}" in typed("policy", "publish", "--by", "Ben Marsh")
    assert f"decide already: {second}" in typed("policy", "publish", "--by", "Ben Marsh")
    assert f"Back to {first}" in typed("policy", "roll-back", "--by", "Ada Quill")
    assert "before this one" in typed("policy", "roll-back", "--by", "Ada Quill")
    lines = typed("policy", "history").splitlines()
    assert [line.split()[0] for line in lines[1:]] == [first, second, first]
    assert f"{first} (decides)" in lines[1]
    assert "Ben Marsh" in lines[2]
    assert "The first" in lines[3]
    rows = connect(tmp_path / "site.db").execute(
        'SELECT what, "before", "after" FROM desk_auditentry WHERE kind = \'rules\' ORDER BY id'
    )
    assert rows.fetchall() == [
        ("published", "built in", f"{first} by Ada Quill The first"),
        ("published", first, f"{second} by Ben Marsh"),
        ("rolled back", second, f"{first} by Ada Quill back to {first}"),
    ]


def test_diff_compares_versions_that_were_published(paper: Newspaper) -> None:
    publish(paper, METER)
    publish(paper, METER + WALL)
    versions = version_of(METER), version_of(METER + WALL)
    assert "preview · subscription-needed" in run("diff", *versions, home=paper.home.path).output


def test_a_file_with_a_mistake_never_replaces_a_good_one(paper: Newspaper) -> None:
    publish(paper, METER)
    draft(paper, METER + "[[rule]]\n")
    result = run("publish", "--by", "Ada Quill", home=paper.home.path)
    assert result.exit_code == 1
    assert "FL110" in result.output
    assert result.output.endswith("Nothing was published.\n")
    with RuleSetStore(paper.home) as store:
        assert [stored.version for stored in store.history()] == [version_of(METER)]


def test_walls_that_leave_nobody_a_way_in_are_published_only_anyway(paper: Newspaper) -> None:
    draft(paper, 'default-access = "free"\n' + METER + WALL.replace("subscribers", "crawler"))
    result = run("publish", "--by", "Ada Quill", home=paper.home.path)
    assert result.exit_code == 1
    assert "FL122" in result.output
    assert result.output.endswith("Nothing was published.\n")
    answer = foldline(
        "policy", "publish", "--by", "A", "--anyway", "--home", str(paper.home.path), FOLDLINE_SECRET=SECRET
    )
    assert "Nothing was published" not in answer.stdout
    # Past the review it asks for the audit log, which this home folder has not.
    assert "FL041" in answer.stderr


def test_who_publishes_says_their_name(paper: Newspaper) -> None:
    draft(paper, METER)
    assert run("publish", home=paper.home.path).exit_code == 2
    assert run("publish", "--by", " ", home=paper.home.path).exit_code == 2
    assert run("publish", "--by", "two\nlines", home=paper.home.path).exit_code == 2


def test_a_version_that_was_never_published_is_told(paper: Newspaper) -> None:
    draft(paper, METER)
    result = run("diff", "r-0000000000", "rules.toml", home=paper.home.path)
    assert "foldline policy history" in str(result.exception)


def test_a_moment_that_is_none_is_told(paper: Newspaper) -> None:
    draft(paper, METER)
    for moment in ("yesterday", "2026-03-08T02:30", "1970-01-01"):
        assert run("check", "--at", moment, home=paper.home.path).exit_code == 2


def test_why_follows_the_published_rules_and_shows_line_level_and_wall(paper: Newspaper) -> None:
    publish(paper, 'default-access = "free"\n' + METER + WALL)
    result = CliRunner().invoke(verbs, ["why", "/by-rule", "--home", str(paper.home.path)])
    version = version_of('default-access = "free"\n' + METER + WALL)
    assert "preview · subscription-needed" in result.output
    assert "level: free, from default-access" in result.output
    assert f"wall: Science is for subscribers (rules {version}:4)" in result.output
    assert "✗  rule-excludes" in result.output


def test_why_asks_about_another_moment_and_an_institution(paper: Newspaper) -> None:
    old = '[[rule]]\nname = "The archive is for libraries"\nolder-than = "30 days"\nonly-for = "institution"\n'
    publish(paper, METER + old + '[[rule]]\nname = "Libraries"\nopens-for = "institution"\n')
    assert told(paper, "/metered")["reason"] == "meter-has-room"
    assert told(paper, "/metered", "--at", "2027-06-01T12:00")["reason"] == "not-in-institution"
    inside = told(paper, "/metered", "--at", "2027-06-01T12:00", "--institution", "City Library")
    assert (inside["reason"], inside["rule"], inside["level"]) == ("in-institution", "Libraries", Access.METERED)


def told(paper: Newspaper, path: str, *words: str) -> dict[str, object]:
    """`why` about an anonymous reader."""
    arguments = ["why", path, *words, "--json", "--home", str(paper.home.path)]
    if "--at" not in words:
        arguments += ["--at", "2026-11-20T12:00"]
    answer: dict[str, object] = json.loads(CliRunner().invoke(verbs, arguments).output)
    return answer
