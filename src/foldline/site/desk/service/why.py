"""Why one reader can't read an article: the gate's own answer for them, as the account stands now, in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from foldline.policy.decide import Decision, Outcome
from foldline.site.desk import choosing
from foldline.site.desk.choosing import Choice
from foldline.site.desk.looking import Eye, Look
from foldline.site.desk.see_as import SHOWN
from foldline.site.desk.service.sayings import SAYINGS
from foldline.site.readers import passes
from foldline.site.readers.models import Reader

#: So many articles are looked at where none is named, or several are found.
LOOKED_AT = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: whether it passed, in words, its code, and the rule that asked ("" for none)."""

    passed: bool
    said: str
    code: str
    rule: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one reader gets of one article. `outcome` is "" where nothing was decided, `see_as` the address of the page
    with the bytes ("" for an article that the newsroom does not have)."""

    name: str
    path: str
    outcome: str
    shown: str
    said: str
    code: str
    findings: tuple[Finding, ...]
    see_as: str


def answers(eye: Eye, reader: Reader, wanted: str) -> list[Answer]:
    """What a reader gets of the articles that a headline, a path or an address names, or, for "", of the newest ones.

    Raises:
        StoreUnavailable: the records can't be read, or the site behind the gate does not answer.
    """
    key, ends = bytes.fromhex(reader.key), passes.product_ends(reader)
    found = []
    for one in choosing.choices(eye, wanted, LOOKED_AT):
        look = eye.look_with(one.path, key, ends)
        if look is not None:
            found.append(_answer(look, look.headline or one.headline, one.path, _see_as(one, reader)))
    path = choosing.path_in(wanted)
    if not found and path and not eye.of_a_site:
        look = eye.look_with(path, key, ends)
        if look is not None:
            found.append(_answer(look, path, path, ""))
    return found


def _see_as(one: Choice, reader: Reader) -> str:
    return f"{reverse('see_as')}?{one.key}&reader={reader.pk}"


def _answer(look: Look, name: str, path: str, see_as: str) -> Answer:
    decision = look.steps[-1].decision
    if decision is None:
        return Answer(name, path, "", f"no decision, status {look.steps[-1].status}", "", "", (), see_as)
    # Where an article is counted, the last step says what comes of that; a preview comes first all the same.
    opens_when_counted = len(look.steps) > 1 and decision.outcome is Outcome.OPENS
    shown = SHOWN["opens-if" if opens_when_counted else decision.outcome.value]
    return Answer(
        name,
        path,
        decision.outcome.value,
        shown,
        SAYINGS[decision.reason],
        decision.reason.value,
        _findings(decision),
        see_as,
    )


def _findings(decision: Decision) -> tuple[Finding, ...]:
    return tuple(Finding(one.passed, SAYINGS[one.reason], one.reason.value, one.rule) for one in decision.findings)
