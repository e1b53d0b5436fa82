"""The page about audits says what an audit says."""

from __future__ import annotations

import re
import tomllib

from foldline.cli.audit import audit
from foldline.proof.audit.as_data import report_data
from foldline.proof.audit.finding import Finding, Learned, Report
from foldline.proof.audit.vectors import NEVER_DRIVEN, VECTORS

from .pages import DOCS, read, sections

PAGE = read(DOCS / "audit.md")


def rows(section: str, level: int = 3) -> dict[str, str]:
    text = sections(PAGE, level)[section]
    return {
        cells[1].strip(): cells[2].strip()
        for line in text.splitlines()
        if (cells := line.split("|"))[1:2] and "--" not in line
    }


def test_every_vector_that_an_audit_names_is_listed_and_no_other() -> None:
    listed = {name: what.replace("`", "") for name, what in rows("Vectors").items() if name != "id"}
    assert listed == {vector.id: vector.what for vector in VECTORS.values()}


def test_every_field_of_the_report_is_listed_and_no_other() -> None:
    report = Report("https://paper.example")
    report.articles = [Learned("/a", "A", 1, "difference")]
    report.findings = [Finding("A01", ["/a"], "article", "", "", "shingle", 200, "curl")]
    data = report_data(report)
    listed = rows("As JSON")
    assert {name for cell in listed for name in re.findall(r"`(\w+)`", cell)} == set(data)
    assert set(re.findall(r"`(\w+)`", listed["`findings`"])) - {"shingle", "oracle", "twin"} == set(data["findings"][0])
    assert set(re.findall(r"`(\w+)`", listed["`figures`"])) == set(data["figures"])


def ids(listed: str) -> set[str]:
    """Ids of vectors, and of all between two of them: `C03–C06, C09`."""
    found = set()
    for part in listed.split(", "):
        first, _, last = part.partition("–")
        found |= {f"{first[0]}{number:02d}" for number in range(int(first[1:]), int((last or first)[1:]) + 1)}
    return found


def test_each_of_219_vectors_is_driven_or_said_not_to_be() -> None:
    catalogue = set(tomllib.loads(read(DOCS / "security" / "leaks.toml")))
    never = [ids(listed) for listed, _ in NEVER_DRIVEN]
    assert len(catalogue) == 219
    assert set(VECTORS) | set().union(*never) == catalogue
    # What is driven is said to be driven in part alone where scripts would have to run.
    assert set(VECTORS) & set().union(*never) == {"A03", "A25"}


def test_every_option_is_spoken_of() -> None:
    options = {name for parameter in audit.params for name in parameter.opts if name.startswith("--")}
    assert {option for option in options if option not in PAGE} == set()
