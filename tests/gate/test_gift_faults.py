"""What twins can't see of gifts: each defence is broken once, and the test of it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from foldline.gate import article, read
from foldline.gate import gift as gate_gift
from foldline.gate.response import Response
from foldline.gate.taken_back import TakenBack
from foldline.policy import decide as deciding
from foldline.policy.facts import NOBODY
from foldline.policy.reasons import Reason
from foldline.signed import gift
from foldline.stores import gifts
from foldline.stores.gifts import SqliteGifts

from . import test_gifts as honest
from .newspaper import Newspaper, open_newspaper

Test = Callable[[Newspaper], None]

_one, _redeem, _given, _neutral = gifts._one, SqliteGifts.redeem, deciding._given, article.neutral
_brought, _opener, _openings = read.brought, gift.opener, gate_gift.opening_cookie


def _one_more(connection: Any, number: bytes) -> Any:
    found = _one(connection, number)
    return found and found._replace(most=found.most + 1)


def _also_by_a_meter(visit: Any, rules: Any, plan: Any, findings: Any) -> Any:
    """What a gift opens counts on the receiver's meter."""
    made = _given(visit, rules, plan, findings)
    if made.redeem is None or plan.allowance is None:
        return made
    return made._replace(redeem=None, spend=deciding.Spend(visit.article.id, plan.allowance, 99))


def _for_programs(visit: Any, rules: Any, plan: Any, findings: Any) -> Any:
    return _given(visit._replace(caller=NOBODY), rules, plan, findings)


def _saying_what_is_wrong(form: Any, request: Any, about: Any, gate: Any, now: int) -> Any:
    """A gift that is not of this article is no gift at all, and so another answer."""
    found = _brought(form, request, about, gate, now)
    return None if found is not None and found.link is None else found


def _with_the_gift_in_it(record: Any, wall: str, request: Any, gate: Any, *more: Any) -> Response:
    """Shared caches are given a page that differs from gift to gift."""
    answer = _neutral(record, wall, request, gate, *more)
    return Response(answer.status, answer.headers, answer.body + request.query)


def _whoever_it_is(keyring: Any, number: bytes, device: bytes) -> Any:
    return _opener(keyring, number, b"the same device")


def _for_ever(entry: Any, carried: Any, device: bytes, gate: Any) -> Any:
    return _openings(replace(entry, ends=entry.ends + 10**8), carried, device, gate)


FAULTS: dict[str, tuple[Any, str, Any, Test]] = {
    "a gift opens on one device more than it is for": (
        gifts, "_one", _one_more,
        honest.test_a_device_counts_once_and_the_next_one_beyond_the_cap_is_refused,
    ),
    "all devices count as one": (
        gift, "opener", _whoever_it_is,
        honest.test_a_device_counts_once_and_the_next_one_beyond_the_cap_is_refused,
    ),
    "a gift counts on its receiver's meter": (
        deciding, "_given", _also_by_a_meter, honest.test_a_gift_leaves_the_receivers_meter_as_it_was,
    ),
    "a program that says what it is opens a gift": (
        deciding, "_given", _for_programs, honest.test_get_and_head_of_a_gift_spend_nothing_whoever_asks,
    ),
    "what is wrong with a gift can be told": (
        read, "brought", _saying_what_is_wrong, honest.test_whatever_is_wrong_with_a_gift_is_one_answer,
    ),
    "what a gift opened has no end": (
        gate_gift, "opening_cookie", _for_ever,
        honest.test_a_gift_opens_says_until_when_and_stays_open_on_the_device,
    ),
    "a worker that knows nothing opens by gifts": (
        TakenBack, "why", lambda taken_back, number: Reason.GIFT_OPENS,
        honest.test_a_worker_that_does_not_know_yet_what_was_taken_back_opens_nothing_by_a_gift,
    ),
    "the preview differs from gift to gift": (
        article, "neutral", _with_the_gift_in_it, honest.test_the_preview_of_a_gift_is_one_whatever_the_token_is,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_without_a_defence_of_gifts_its_test_goes_red(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    target, attribute, instead, goes_red = FAULTS[name]
    for broken in (False, True):
        paper = open_newspaper(tmp_path / str(broken))
        paper.worker.hear()
        if not broken:
            goes_red(paper)
            continue
        monkeypatch.setattr(target, attribute, instead)
        with pytest.raises(AssertionError):
            goes_red(paper)
