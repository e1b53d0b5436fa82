"""A short day of a newspaper behind a real nginx: nobody gets what is not theirs, whatever happens meanwhile."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from scripts.bench.processes import tool
from scripts.load.mix import Day, arrivals, read_day
from scripts.load.run import live

from foldline.errors import FoldlineError

SECONDS, RATE = 5.0, 24.0


def short(day: Day) -> Day:
    """Of a day that is five seconds long, with a few articles: everything that comes at all comes in it."""
    coming = tuple(replace(one, per_second=max(one.per_second, 2.0)) for one in day.coming)
    return replace(day, coming=coming, articles=16, subscribers=200)


def test_a_day_is_drawn_beforehand_and_comes_as_often_as_it_says() -> None:
    day = read_day()
    drawn = arrivals(day, 600.0, 60.0)
    assert drawn == arrivals(day, 600.0, 60.0)
    assert drawn == sorted(drawn, key=lambda one: one.at)
    came = Counter(one.kind for one in drawn)
    for coming in day.coming:
        longer = day.peak_until - day.peak_from
        expected = 600 * coming.per_second * (1 + longer * (day.peak - 1) if coming.peaks else 1)
        assert came[coming.kind] == pytest.approx(expected, rel=0.35, abs=15), coming.kind
    assert all(day.peak_from <= one.at / 600 < day.peak_until for one in drawn if one.story)


@pytest.mark.nginx
def test_a_short_day_behind_nginx_has_no_wrong_answer_and_none_that_is_missing(tmp_path: Path) -> None:
    try:
        tool("nginx")
    except FoldlineError:
        pytest.skip("MISSING nginx: apt-get install nginx-light")
    day = short(read_day())
    lived = live(
        day, tmp_path, seconds=SECONDS, rate=RATE, workers=1, say=subprocess.DEVNULL, step=lambda at, what: None
    )
    assert (lived.wrong, lived.failed) == (0, 0), lived.told
    came = {row.kind.partition(":")[0] for row in lived.rows}
    assert came == {coming.kind for coming in day.coming}
    assert {"payment: reads", "sign-in: reads"} <= {row.kind for row in lived.rows}
    assert next(row for row in lived.rows if row.kind == "metered").refused
    assert {"gate worker", "nginx worker", "site", "till"} <= {one.name for one in lived.processes}
