from __future__ import annotations

from dataclasses import replace

import pytest
from scripts.bench.browser import LOOPBACK, Seen
from scripts.bench.deciding import Deciding
from scripts.bench.figures import (
    FORWARDED,
    NGINX,
    PASS,
    PREVIEW,
    SITE_PASS,
    SITE_PREVIEW,
    SITE_SUBJECTS,
    BeforeSite,
    Budget,
    Figures,
    Memory,
    rows_of,
)  # fmt: skip
from scripts.bench.wrk import Load

NGINX_LOAD = Load(90_000, 30_000.0, 200.0, 400.0, 10.0)
PASS_LOAD = Load(30_000, 10_000.0, 600.0, 1_200.0, 30.0)
PREVIEW_LOAD = Load(45_000, 15_000.0, 500.0, 1_000.0, 20.0)
SITE = BeforeSite(
    dict.fromkeys(SITE_SUBJECTS, 10_000.0),
    dict.fromkeys(SITE_SUBJECTS, 30.0),
    {FORWARDED: 0.2, SITE_PASS: 1.0, SITE_PREVIEW: 0.97},
    10_000,
    100 << 20,
    9.0,
)
ROUND = {NGINX: NGINX_LOAD, PASS: PASS_LOAD, PREVIEW: PREVIEW_LOAD}


def figures(**changed: object) -> Figures:
    made = Figures(
        rows=rows_of([(32, ROUND)]),
        memory=Memory(27_000_000, 18_000_000),
        deciding=Deciding(2.0, {10: 4.0, 50: 14.0}, 10_000.0),
        browser=(Seen(LOOPBACK, (100.0,), (90.0,), (110.0,)),),
        page={"whole": 40_826, "preview": 17_500},
        site=SITE,
        versions={"nginx": "1.22.1"},
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def test_a_ratio_is_taken_within_its_round_before_the_median() -> None:
    slow = {name: replace(load, per_second=load.per_second / 10) for name, load in ROUND.items()}
    odd = {**ROUND, PASS: replace(PASS_LOAD, per_second=30_000.0)}
    rows = rows_of([(32, ROUND), (32, slow), (32, odd)])
    by_pass = next(row for row in rows if row.subject == PASS)
    assert by_pass.per_second_ratio == pytest.approx(1 / 3)
    assert by_pass.per_second == 10_000.0
    assert by_pass.cpu_ratio == 3.0
    assert by_pass.p99_ratio == 3.0


def test_nginx_beside_itself_is_one_at_every_number_of_connections() -> None:
    rows = rows_of([(128, ROUND), (1, ROUND)])
    assert [(row.connections, row.per_second_ratio, row.cpu_ratio) for row in rows if row.subject == NGINX] == [
        (1, 1.0, 1.0),
        (128, 1.0, 1.0),
    ]


@pytest.mark.parametrize(
    ("value", "most", "met", "aim_met"),
    [
        (5.0, True, True, False),
        (5.1, True, False, False),
        (3.5, True, True, True),
        (5.0, False, True, True),
        (4.9, False, False, True),
    ],
)
def test_a_budget_is_met_at_its_limit_and_not_beyond(value: float, most: bool, met: bool, aim_met: bool) -> None:
    budget = Budget("CPU", value, 5.0, 3.5, most)
    assert (budget.met, budget.aim_met) == (met, aim_met)


def test_a_budget_without_an_aim_says_nothing_of_one() -> None:
    assert Budget("p99", 1.0, 7.0).aim_met is None


def test_every_budget_of_the_design_is_held_at_32_connections() -> None:
    budgets = {budget.name: budget for budget in figures().budgets()}
    assert len(budgets) == 14
    assert all(budget.met for budget in budgets.values())
    assert budgets["requests/s, reader with a pass"].value == pytest.approx(1 / 3)
    assert budgets["memory, by an empty worker"].value == 1.5
    assert budgets["whole in the DOM, loopback"].value == pytest.approx(1.1)


def test_one_figure_beyond_its_budget_is_named() -> None:
    late = figures(browser=(Seen(LOOPBACK, (100.0,), (90.0,), (111.0,)),))
    assert [budget.name for budget in late.budgets() if not budget.met] == ["whole in the DOM, loopback"]


def test_the_browser_is_compared_turn_by_turn() -> None:
    seen = Seen(LOOPBACK, (100.0, 400.0, 100.0), (50.0, 200.0, 50.0), (100.0, 440.0, 105.0))
    assert (seen.ratio, seen.bare_ratio) == (1.05, 2.1)


def test_the_data_holds_every_load_and_every_budget() -> None:
    data = figures().as_data()
    assert len(data["loads"]) == 3
    assert [budget["met"] for budget in data["budgets"]] == [True] * 14
    assert data["memory_bytes"]["ratio"] == 1.5
    assert data["browser_milliseconds"][0]["line"]["name"] == "loopback"
