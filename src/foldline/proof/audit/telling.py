"""The verdict in words: what a person must know who reads no further."""

from __future__ import annotations

from dataclasses import dataclass

from foldline.proof.audit.finding import Report

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind` is found, clean or undone; `title` a few words, `sentence` what they mean."""

    kind: str
    title: str
    sentence: str


def verdict_of(report: Report) -> Verdict:
    """The verdict of a report."""
    count = len(report.findings)
    if count:
        named = {article for finding in report.findings for article in finding.articles}
        of = f" of {_counted(len(named), 'article')}" if named else ""
        title = f"{_counted(count, 'way')} out".capitalize()
        return Verdict("found", title, f"Somebody who may not read is given closed text{of}, or can tell what it is.")
    if report.code:
        if not report.articles:
            return Verdict(
                "undone", "Not done", "Nothing is known to be closed here, so that nothing could be looked for."
            )
        sentence = "Not all that was planned was asked. Until then, nothing was found."
        return Verdict("undone", "Not done", sentence)
    if report.twin:
        sentence = f"{report.asked} questions were answered without a closed word, and alike for two versions of it."
        return Verdict("clean", "Nothing found", sentence)
    sentence = (
        f"{report.asked} questions were answered without a word of what is closed."
        " What lengths and validators tell, only --twin can see."
    )
    return Verdict("clean", "Nothing found", sentence)


def _counted(count: int, what: str) -> str:
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} {what}{'' if count == 1 else 's'}"
