"""Addresses and states together: what takes two things at once, of which neither gives anything away alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from foldline.proof.asks import Ask
from foldline.proof.audit.asking import Reply
from foldline.proof.audit.finding import Report
from foldline.proof.audit.judging import Judge
from foldline.proof.audit.probes import Probe, ask
from foldline.proof.audit.states import State, states
from foldline.proof.covering import pairwise

#: Addresses of an article that the mixed requests go to, and values of each axis that they take.
_TARGETS, _VALUES = 8, 4
_AXES = ("agent", "referer", "claimed address", "cookie", "internal field", "accept", "prefetch", "coding")


class Asks(Protocol):
    """The part of an audit that is needed here."""

    judge: Judge
    report: Report

    async def as_stranger(self, asked: Ask) -> Reply: ...

    async def ask_mixed(self, probe: Probe) -> Reply | None: ...


async def mixed(audit: Asks, targets: Sequence[bytes], host: str) -> None:
    """Every pair of values of any two axes, in few questions; the addresses are one of the axes.

    Raises:
        Stopped: the site or a bound wants no more.
    """
    if not targets:
        return
    by_axis: dict[str, list[State | None]] = {name: [None] for name in _AXES}
    for state in states(host):
        if state.axis in by_axis and len(by_axis[state.axis]) <= _VALUES:
            by_axis[state.axis].append(state)
    axes = list(by_axis.values())
    kept = targets[:_TARGETS]
    for row in pairwise([len(kept), *map(len, axes)]):
        values = (axis[value] for axis, value in zip(axes, row[1:], strict=True))
        chosen = [value for value in values if value is not None]
        if len(chosen) > 1:
            await _asked(audit, kept[row[0]].decode("latin-1"), chosen)


async def _asked(audit: Asks, target: str, chosen: Sequence[State]) -> None:
    probe = _probe(target, chosen)
    found_before = len(audit.report.findings)
    reply = await audit.ask_mixed(probe)
    if reply is None:
        return
    audit.judge.look(probe, reply)
    if len(audit.report.findings) == found_before:
        return
    # Which of them it takes: each is left out once, and stays out where the rest is answered all the same.
    needed = list(chosen)
    for state in chosen:
        fewer = [one for one in needed if one is not state]
        without = _probe(target, fewer)
        if fewer and audit.judge.gives_away(await audit.as_stranger(without.ask), 0):
            needed = fewer
    finding = audit.report.findings[-1]
    told = _probe(target, needed)
    audit.judge.opened_by(told, 0)
    finding.vector, finding.state = told.vector, told.state
    finding.curl = audit.judge.curl(told.ask)


def _probe(target: str, chosen: Sequence[State]) -> Probe:
    asked = ask(target)
    for state in chosen:
        asked = state.of(asked)
    return Probe("article", chosen[0].vector if chosen else "", asked, 0, " + ".join(state.name for state in chosen))
