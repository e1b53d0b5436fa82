"""`foldline audit`: what it says, to a person, a program and a page, and never the cookie."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.audit.leaky_wall import SESSION, Asked, Said, Wall, wall

from foldline.cli.main import verbs
from foldline.errors import ConfigurationError
from foldline.proof.audit.cookie_file import read_cookie

SECRET = SESSION.partition("=")[2]


@pytest.fixture
def cookie(tmp_path: Path) -> Path:
    file = tmp_path / "subscriber.txt"
    file.touch(mode=0o600)
    file.write_text(f"{SESSION}\n", encoding="utf-8")
    return file


def audit(site: Wall, *words: str) -> Result:
    return CliRunner().invoke(verbs, ["audit", site.url, *words])


def test_the_verdict_comes_first_and_every_way_out_has_a_line_to_try_and_a_cure(cookie: Path, tmp_path: Path) -> None:
    with wall("json-ld", "feed", "crawler") as site:
        path = site.stories[0].path
        page, data = tmp_path / "report.html", tmp_path / "report.json"
        words = ("--article", path, "--cookie-file", str(cookie), "--html", str(page), "--json", str(data))
        answer = audit(site, *words)
        (tried,) = (
            line.split() for line in answer.output.splitlines() if line.strip().startswith("curl") and "feed" in line
        )
        assert tried[-1] == f"{site.url}/feed"
    assert answer.exit_code == 1
    assert answer.output.startswith(f"THREE WAYS OUT: {site.url}\n")
    assert "A08  Closed text gets out in JSON-LD (articleBody)." in answer.output
    assert "“The peat of Vellmoor keeps the pollen of 21 thousand summers in …”" in answer.output
    assert "Cure: Leave articleBody out" in answer.output
    assert "Not driven:\n- E11" in answer.output
    found = json.loads(data.read_text(encoding="utf-8"))
    assert (found["schema"], found["verdict"], found["code"]) == (1, "found", 1)
    assert {one["vector"] for one in found["findings"]} == {"A08", "B01", "C01"}
    assert all(one["curl"] and one["cure"] and one["articles"] == [path] for one in found["findings"])
    # A server refuses odd hosts and paths before the site hears of them.
    assert 0 <= found["figures"]["questions"] - len(site.seen) < 5
    html = page.read_text(encoding="utf-8")
    assert "<h1>Three ways out</h1>" in html
    assert html.count('class="finding"') == 3
    for text in (answer.output, data.read_text(encoding="utf-8"), html):
        assert SECRET not in text
    assert [line for line in html.splitlines() if "<script" in line or "src=" in line] == []


def test_words_of_a_report_are_few_and_shown_as_text_whatever_they_are(cookie: Path, tmp_path: Path) -> None:
    with wall("markdown") as site:
        story = site.stories[0]
        story.rest = "<p>Closed &quot;words&quot; of a \x1b[31mred\x1b[0m one &amp; " + "others after it " * 40 + "</p>"
        page = tmp_path / "report.html"
        words = ("--cookie-file", str(cookie), "--html", str(page), "--most", "150")
        answer = audit(site, "--article", story.path, *words)
    assert answer.exit_code == 1
    assert "\x1b" not in answer.output
    quoted = page.read_text(encoding="utf-8").partition("<q>")[2].partition(" …</q>")[0]
    assert "&amp;" in quoted
    assert len(quoted.split()) <= 12


def test_nothing_found_is_exit_code_0_and_json_alone_may_be_printed(cookie: Path) -> None:
    with wall() as site:
        answer = audit(site, "--sample", "2", "--cookie-file", str(cookie), "--json", "-")
    assert answer.exit_code == 0
    found = json.loads(answer.stdout)
    assert found["verdict"] == "nothing found"
    assert len(found["articles"]) == 2
    assert found["not_driven"]


def test_a_sample_is_of_articles_that_have_something_closed(cookie: Path) -> None:
    def listed(asked: Asked) -> Said | None:
        paths = ["/", "/section/land", "/nowhere", "/tag/peat", *(story.path for story in site.stories[:2])]
        urls = "".join(f"<url><loc>{site.url}{path}</loc></url>" for path in paths)
        return Said(f"<urlset>{urls}</urlset>", kind="application/xml") if asked.path == "/sitemap.xml" else None

    with wall() as site:
        site.before = listed
        found = json.loads(
            audit(site, "--sample", "2", "--cookie-file", str(cookie), "--json", "-", "--most", "60").stdout
        )
    assert {one["path"] for one in found["articles"]} == {story.path for story in site.stories[:2]}
    assert found["without"] == []


def test_articles_come_from_a_file_and_others_sites_are_refused(cookie: Path, tmp_path: Path) -> None:
    listed = tmp_path / "articles.txt"
    with wall() as site:
        listed.write_text(f"# ours\n{site.stories[1].path}\n\n{site.url}{site.stories[2].path}\n", encoding="utf-8")
        answer = audit(site, "--articles", str(listed), "--cookie-file", str(cookie), "--json", "-", "--most", "40")
        assert [one["path"] for one in json.loads(answer.stdout)["articles"]] == [one.path for one in site.stories[1:]]
        answer = audit(site, "--article", "https://other.example/x", "--cookie-file", str(cookie))
    assert answer.exit_code == 2
    assert answer.stderr.startswith("FL334 https://other.example/x")


def test_what_can_not_be_done_is_exit_code_2_with_one_sentence(cookie: Path) -> None:
    with wall() as site:
        path = site.stories[0].path
        assert audit(site, "--cookie-file", str(cookie)).stderr.startswith("FL334")
        assert audit(site, "--article", path).stderr.startswith("FL331")
        cookie.chmod(0o644)
        refused = audit(site, "--article", path, "--cookie-file", str(cookie))
        assert refused.stderr.startswith("FL332")
        assert "chmod 600" in refused.stderr
        assert SECRET not in refused.output
    gone = audit(site, "--article", path)
    assert gone.exit_code == 2
    assert "Traceback" not in gone.output
    assert audit(site, "--twin", "--article", path).exit_code == 2


def test_what_breaks_an_audit_off_leaves_its_report(cookie: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(asked: Asked) -> Said | None:
        if len(site.seen) == 100:
            raise_in.append(True)
        return None

    raise_in: list[bool] = []
    from foldline.proof.audit.asking import Visitor

    honest = Visitor.stop_if_wanted

    def stop(visitor: Visitor) -> None:
        if raise_in:
            raise KeyboardInterrupt
        honest(visitor)

    monkeypatch.setattr(Visitor, "stop_if_wanted", stop)
    with wall("json-ld") as site:
        site.before = interrupted
        answer = audit(site, "--article", site.stories[0].path, "--cookie-file", str(cookie))
    assert answer.exit_code == 1
    assert "ONE WAY OUT" in answer.output
    assert "Stopped: a person broke it off." in answer.output


def test_a_hook_edits_what_is_closed_and_is_told_what(cookie: Path, tmp_path: Path) -> None:
    script = tmp_path / "hook.py"
    script.write_text(
        "import os, sys, urllib.request\n"
        "url = os.environ['FOLDLINE_AUDIT_URL'] + '/hook?' + sys.argv[1] + os.environ['FOLDLINE_AUDIT_ARTICLES']\n"
        "urllib.request.urlopen(url).close()\n",
        encoding="utf-8",
    )
    told: list[str] = []

    def hook(asked: Asked) -> Said | None:
        if asked.path != "/hook":
            return None
        told.append(asked.query)
        story = site.stories[0]
        story.rest = (
            whole
            if asked.query.startswith("restore")
            else "<p>" + "Another text that only subscribers see. " * 9 + "</p>"
        )
        return Said("done")

    with wall("etag") as site:
        whole, path = site.stories[0].rest, site.stories[0].path
        site.before = hook
        command = f"{sys.executable} {script}"
        words = ("--article", path, "--cookie-file", str(cookie), "--twin", "--edit-hook", command, "--json", "-")
        found = json.loads(audit(site, *words).stdout)
        declared = json.loads(audit(site, *words, "--may-differ", "ETag").stdout)
        failed = audit(site, *words[:-1], "-", "--edit-hook", f"{sys.executable} -c 1/0")
    assert told[:2] == [f"change{path}", f"restore{path}"]
    assert [(one["vector"], one["witness"]) for one in found["findings"]] == [("F02", "twin")]
    assert found["may_differ"] == ["date", "age"]
    assert declared["findings"] == []
    assert declared["may_differ"] == ["date", "age", "etag"]
    assert failed.exit_code == 2
    assert json.loads(failed.stdout)["stopped"].startswith("FL333")


def test_what_may_keep_wholes_where_no_audit_asks_is_worth_a_look(cookie: Path, tmp_path: Path) -> None:
    def kept(asked: Asked) -> Said | None:
        if asked.path == "/app.js":
            return Said(
                "navigator.serviceWorker.register('/sw.js'); algoliasearch('id', 'key')", kind="text/javascript"
            )
        said = site.answer(asked)
        said.headers = [pair for pair in said.headers if pair[0] != "cache-control"]
        return said

    page = tmp_path / "report.html"
    with wall() as site:
        words = ("--article", site.stories[0].path, "--cookie-file", str(cookie), "--html", str(page))
        assert json.loads(audit(site, *words, "--json", "-", "--most", "150").stdout)["remarks"] == []
        site.before = kept
        answer = audit(site, *words, "--most", "150")
    assert answer.exit_code == 0
    told = answer.output.partition("Worth a look:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.partition(":")[0] for line in told] == ["- D02, D23", "- D25", "- B13"]
    assert "no Cache-Control at all" in told[0]
    assert "Worth a look" in page.read_text(encoding="utf-8")


def cookies_txt(*rows: str) -> str:
    return "# Netscape HTTP Cookie File\n" + "".join(row.replace(" ", "\t") + "\n" for row in rows)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a=1; b=two", "a=1; b=two"),
        ("Cookie: a=1\n", "a=1"),
        (cookies_txt(".paper.example TRUE / TRUE 0 a 1", "other.example FALSE / TRUE 0 c 3"), "a=1"),
        (cookies_txt("#HttpOnly_www.paper.example FALSE / TRUE 0 __Host-s x-y"), "__Host-s=x-y"),
    ],
)
def test_a_cookie_is_read_as_it_is_sent_or_exported(text: str, read: str, tmp_path: Path) -> None:
    file = tmp_path / "cookie"
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    assert read_cookie(file, "www.paper.example") == read


@pytest.mark.parametrize(
    "make",
    [
        lambda file: None,
        lambda file: file.write_text("", encoding="utf-8"),
        lambda file: file.write_bytes(b"\xff\xfe\x00"),
        lambda file: file.write_text(cookies_txt("other.example FALSE / TRUE 0 c 3"), encoding="utf-8"),
        lambda file: file.write_text("no cookie\r\nX-Other: y", encoding="utf-8"),
    ],
    ids=["none", "empty", "no text", "another host", "no pair"],
)
def test_a_file_without_a_cookie_of_the_site_is_refused_by_name(make: Callable[[Path], object], tmp_path: Path) -> None:
    file = tmp_path / "cookie"
    make(file)
    if file.exists():
        file.chmod(0o600)
    with pytest.raises(ConfigurationError) as refused:
        read_cookie(file, "paper.example")
    assert [problem.id for problem in refused.value.problems] == ["FL332"]


def test_no_part_of_a_cookie_is_in_a_report_though_a_part_of_it_opens(cookie: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    with wall("cookie-half-read") as site:
        words = ("--article", site.stories[0].path, "--cookie-file", str(cookie), "--html", str(page))
        answer = audit(site, *words)
        data = audit(site, *words, "--json", "-").stdout
    (found,) = json.loads(data)["findings"]
    assert found["vector"] == "H13"
    assert "session=" in found["curl"]
    for text in (answer.output, data, page.read_text(encoding="utf-8")):
        assert [at for at in range(12, len(SECRET) - 4) if SECRET[at : at + 5] in text] == []
        assert SESSION[:14] not in text
