"""What `foldline audit` says on a terminal: the verdict, then each way out, then what was asked and what was not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from foldline.cli.shown import plain
from foldline.proof.audit.finding import HOW
from foldline.proof.audit.telling import verdict_of

if TYPE_CHECKING:
    from foldline.proof.audit.finding import Finding, Report


def tell(report: Report) -> None:
    """All of it."""
    for line in (*_verdict(report), "", *_articles(report)):
        click.echo(line)
    for number, finding in enumerate(report.findings, 1):
        click.echo("")
        for line in _finding(number, finding):
            click.echo(line)
    click.echo("")
    for line in (*_figures(report), *_undriven(report)):
        click.echo(line)


def _verdict(report: Report) -> Iterator[str]:
    said = verdict_of(report)
    yield f"{said.title.upper()}: {report.url}"
    yield said.sentence
    if report.stopped:
        yield f"Stopped: {report.stopped}."


def _articles(report: Report) -> Iterator[str]:
    for article in report.articles:
        yield f"{plain(article.path)}: {article.words} closed words, known by {HOW[article.how]}."
    for path in report.without:
        yield f"{plain(path)}: left out, for nothing of it is known to be closed."


def _finding(number: int, finding: Finding) -> Iterator[str]:
    state = f", {finding.state}" if finding.state else ""
    yield f"{number}. {finding.vector}  Closed text gets out {finding.of.what}."
    where = f"{finding.surface}{state}, {finding.where} (status {finding.status})"
    yield f"   {plain(', '.join(finding.articles)) or 'lists'}: {plain(where)}"
    if finding.words:
        yield f"   “{plain(finding.words)} …”"
    yield f"   {plain(finding.curl)}"
    if finding.times > 1:
        more = f": {', '.join(map(plain, finding.also))}" if finding.also else ""
        count = "1 more question" if finding.times == 2 else f"{finding.times - 1} more questions"
        yield f"   {count} showed it{more}."
    yield f"   Cure: {finding.of.cure}"


def _figures(report: Report) -> Iterator[str]:
    pace = f"{report.rate:g} a second" if report.rate else "without a pause, as it is on this machine"
    yield (
        f"Asked: {report.asked} questions in {report.seconds:.0f} s ({pace}), {report.received >> 10} KiB:"
        f" {len(report.surfaces)} kinds of address, {report.states} states, {report.mixed} mixed."
    )
    statuses = ", ".join(f"{count} × {status or 'none'}" for status, count in sorted(report.statuses.items()))
    yield f"Answers: {statuses}."
    if report.repeated:
        yield f"{report.repeated} more answers showed what is listed above."
    for at, to in list(report.led_away.items())[:6]:
        yield f"{plain(at)} leads to another host, which was not asked: {plain(to)}"


def _undriven(report: Report) -> Iterator[str]:
    if report.remarks:
        yield ""
        yield "Worth a look:"
        for line in report.remarks:
            yield f"- {plain(line)}"
    yield ""
    yield "Not driven:"
    for line in report.undriven:
        yield f"- {line}"
