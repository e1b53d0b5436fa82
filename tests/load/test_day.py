"""A short day of a newspaper behind a real nginx: nobody gets what is not theirs, whatever happens meanwhile."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from scripts.bench.processes import tool
from scripts.load.figures import Lived
from scripts.load.mix import Day, arrivals, read_day
from scripts.load.run import live

from foldline.errors import FoldlineError

LONG = os.environ.get("FOLDLINE_PROOF") == "long"
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


def lived(folder: Path, *faults: tuple[str, str]) -> Lived:
    """A short day, behind a recipe in which something else was put."""
    try:
        tool("nginx")
    except FoldlineError:
        pytest.skip("MISSING nginx: apt-get install nginx-light")
    return live(
        short(read_day()),
        folder,
        seconds=SECONDS,
        rate=RATE,
        workers=1,
        say=subprocess.DEVNULL,
        step=lambda at, what: None,
        faults=faults,
    )


@pytest.mark.nginx
def test_a_short_day_behind_nginx_has_no_wrong_answer_and_none_that_is_missing(tmp_path: Path) -> None:
    day = lived(tmp_path)
    assert (day.wrong, day.failed) == (0, 0), day.told
    came = {row.kind.partition(":")[0] for row in day.rows}
    assert came == {coming.kind for coming in read_day().coming}
    assert {"payment: reads", "sign-in: reads"} <= {row.kind for row in day.rows}
    assert next(row for row in day.rows if row.kind == "metered").refused
    assert {"gate worker", "nginx worker", "site", "till"} <= {one.name for one in day.processes}


if LONG:

    @pytest.mark.nginx
    def test_a_recipe_that_answers_readers_from_its_cache_is_seen_by_the_day(tmp_path: Path) -> None:
        day = lived(tmp_path, ("proxy_cache_bypass $foldline_reader", "proxy_cache_bypass 0"))
        assert day.wrong
        assert any("a reader who may read article" in said and "got the preview" in said for said in day.told), day.told
