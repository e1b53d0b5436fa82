"""The report of an audit as a page: nothing is loaded, axe finds nothing, and nothing stands out at the side."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser
from tests.browser.test_accessibility import findings

from foldline.proof.audit.finding import Finding, Learned, Report
from foldline.proof.audit.html import report_page
from foldline.proof.audit.vectors import VECTORS

LONG = "https://valley-post.example/news/" + "a-very-long-address-of-an-article-about-peat-" * 4


def full() -> Report:
    report = Report(
        "https://valley-post.example", "2026-11-26T09:30:00+00:00", rate=2.0, asked=812, states=189, mixed=49
    )
    report.articles = [Learned("/news/peat", "How the moor was drained", 812, how) for how in ("difference", "claim")]
    report.findings = [
        Finding(
            vector, ["/news/peat", LONG], "article", "called Googlebot/2.1", "in the open text", "shingle", 200,
            f"curl -sSi -X GET -H 'user-agent: Googlebot' '{LONG}'", "The peat of the moor keeps", 241, 9, [LONG],
        )
        for vector in list(VECTORS)[::12]
    ]  # fmt: skip
    report.surfaces, report.statuses = {"article": 183, "AMP": 9}, {200: 400, 404: 223, 0: 1}
    report.led_away = {"/feed": LONG}
    report.without, report.repeated, report.twin, report.twin_compared = ["/news/free"], 12, True, 800
    report.declared, report.stopped = ["date", "age"], "a person broke it off"
    report.undriven, report.remarks = ["I01–I12: payment."], ["D25: /sw.js has to do with a service worker."]
    return report


EMPTY = Report("https://valley-post.example")


@pytest.mark.parametrize(
    ("report", "scheme", "width"),
    [(full(), "light", 320), (full(), "dark", 1280), (full(), "light", 1280), (EMPTY, "dark", 320)],
    ids=["found", "found, dark and wide", "found, wide", "empty, dark"],
)
def test_the_report_is_a_page_for_everybody(
    chromium: Browser, tmp_path: Path, report: Report, scheme: Literal["light", "dark"], width: int
) -> None:
    file = tmp_path / "report.html"
    file.write_text(report_page(report), encoding="utf-8")
    asked: list[str] = []
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert [url[:60] for url in asked if not url.startswith("data:")] == [file.as_uri()[:60]]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for summary in page.query_selector_all("summary"):
        summary.click()
    # axe is put into the page by the browser's own debugger, which no policy of the page holds back.
    assert findings(page) == []
    assert page.locator("section.finding").count() == len(report.findings)
    page.close()
