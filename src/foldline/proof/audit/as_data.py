"""The report as JSON. Its fields are documented in docs/audit.md, and only ever added to."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from foldline import __version__
from foldline.proof.audit.finding import SCHEMA, Finding, Report

VERDICTS = {0: "nothing found", 1: "found", 2: "could not be done"}


def report_data(report: Report) -> dict[str, Any]:
    """Everything a report says, as values."""
    return {
        "schema": SCHEMA,
        "foldline": __version__,
        "url": report.url,
        "at": report.at,
        "verdict": VERDICTS[report.code],
        "code": report.code,
        "stopped": report.stopped,
        "twin": report.twin,
        "may_differ": report.declared,
        "as_if_gated": report.as_if_gated,
        "articles": [asdict(article) for article in report.articles],
        "without": report.without,
        "findings": [_finding(finding) for finding in report.findings],
        "figures": {
            "questions": report.asked,
            "unanswered": report.unanswered,
            "not_read_whole": report.unread,
            "not_asked": report.left,
            "bytes": report.received,
            "seconds": round(report.seconds, 1),
            "rate": report.rate,
            "surfaces": report.surfaces,
            "states": report.states,
            "mixed": report.mixed,
            "statuses": {str(status): count for status, count in sorted(report.statuses.items())},
            "repeated": report.repeated,
            "twin_compared": report.twin_compared,
            "unstable": report.unstable,
        },
        "led_away": report.led_away,
        "remarks": report.remarks,
        "not_driven": report.undriven,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    vector = finding.of
    return {**asdict(finding), "what": f"Closed text gets out {vector.what}.", "cure": vector.cure}
