"""The page about audits says what an audit says."""

from __future__ import annotations

import re

from foldline.cli.audit import audit
from foldline.proof.audit.as_data import report_data
from foldline.proof.audit.finding import Finding, Learned, Report
from foldline.proof.audit.vectors import VECTORS

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


def test_every_option_is_spoken_of() -> None:
    options = {name for parameter in audit.params for name in parameter.opts if name.startswith("--")}
    assert {option for option in options if option not in PAGE} == set()
