"""Pages that list what the source has: cookies, libraries, front matter, bounds."""

from __future__ import annotations

import re
import tomllib

from foldline.gate.spending import NEW_METERS_AN_HOUR
from foldline.policy.facts import Access
from foldline.signed import cookies
from foldline.signed.reader_pass import FRESH_SECONDS, OFFLINE_SECONDS, SESSION_SECONDS

from .pages import DOCS, ROOT, SOURCE, headings, read, tables


def _cookies_in_source() -> set[str]:
    names = {cookies.PASS, cookies.METER, cookies.OPENING}
    for path in (*SOURCE.glob("server/*settings.py"), *SOURCE.glob("server/demo/*.py")):
        names |= set(re.findall(r"_COOKIE(?:_NAME)? = \"([^\"]+)\"", read(path)))
    return names


def test_every_cookie_is_documented_and_every_documented_cookie_is_set() -> None:
    rows = tables(read(DOCS / "cookies.md"))[1:]
    assert {row[0].strip("`") for row in rows} == _cookies_in_source()
    assert [row[0] for row in rows if len(row) != 4 or not all(row)] == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = [re.split(r"[\[<>=!~ ]", name)[0] for name in named]
    page = read(DOCS / "decisions" / "0006-libraries.md")
    assert [name for name in names if f"**{name}**" not in page] == []


def test_every_decision_has_context_decision_and_consequences_and_is_listed() -> None:
    index = read(DOCS / "decisions" / "README.md")
    files = sorted((DOCS / "decisions").glob("0*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    for path in files:
        names = [text for _, text in headings(read(path))]
        assert {"Context", "Decision", "Consequences"} <= set(names), path.name
        assert f"({path.name})" in index, path.name


def test_the_bound_on_new_meters_is_the_one_that_is_written() -> None:
    page = " ".join(read(DOCS / "decisions" / "0002-get-has-no-effect.md").split())
    assert f"{NEW_METERS_AN_HOUR} for each /24 of IPv4" in page


def test_the_ends_of_a_pass_are_the_ones_that_are_written() -> None:
    page = " ".join(read(DOCS / "glossary.md").split())
    assert f"`fresh_until` ({FRESH_SECONDS // 60} minutes)" in page
    assert f"`offline_until` ({OFFLINE_SECONDS // 86_400} days" in page
    assert f"`session_until` ({SESSION_SECONDS // 86_400} days" in page


def test_every_key_of_a_front_matter_is_documented() -> None:
    source = read(SOURCE / "sources" / "articles" / "markdown_files.py")
    calls = re.findall(r"self\.(?:_plain|_list|fields\.get)\(([^)]*)\)", source)
    keys = {key for call in calls for key in re.findall(r"\"(\w+)\"", call)}
    assert {"title", "date", "access", "image_alt"} <= keys
    page = read(DOCS / "markdown-import.md")
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


def test_the_access_levels_are_the_ones_that_are_written() -> None:
    for page in ("glossary.md", "markdown-import.md", "reasons.md"):
        text = read(DOCS / page)
        assert [level for level in Access if level not in text] == [], page


def test_the_words_of_the_house_are_explained() -> None:
    terms = {
        term.rstrip(".").lower()
        for bold in re.findall(r"\*\*([^*]+)\*\*", read(DOCS / "glossary.md"))
        for term in [bold]
    }
    wanted = (
        "article preview fold rest whole sealed reader entitlement meter opening pass decision reason finding origin "
        "wall record presentation surface twins fresh offline hops home desk spend receipt window visit rule neutral"
    )
    assert [word for word in wanted.split() if word not in terms] == []
