"""A page of the site that can't be cut is closed, and named until it is mended."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import get_args

from tests.server.test_origin_newspaper import CANARY, PATH, REST, SECRET, Paper, opened, page

from foldline.checks import CHECKS
from foldline.fold.page.alarms import Alarm
from foldline.sources.origin.cut_alarms import MOST_NAMED, WORDS, cut_alarms
from foldline.sources.origin.notice import SIGNATURE, sign
from foldline.stores.home import Home

#: A template that lost its mark: nothing says where the fold is.
BROKEN = page(REST).replace(b"<!-- fold -->", b"").replace(b"<div", b"<span").replace(b"</div", b"</span")


def changed(paper: Paper, path: str) -> None:
    body = json.dumps({"changed": [path]}).encode()
    assert paper.gate.client.ask("POST", b"/-/changed", ((SIGNATURE, sign(SECRET, body, int(time.time()))),), body)


def test_a_broken_template_shows_no_rest_and_is_named_until_it_is_mended(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with opened(home.path, REST) as paper:
        assert "a line for each flood" in paper.get(PATH).body.decode()
        assert cut_alarms(home) == []
        paper.site.pages[PATH] = BROKEN
        changed(paper, PATH)
        text = paper.get(PATH).body.decode()
        assert CANARY not in text
        assert "a line for each flood" not in text
        (alarm,) = cut_alarms(home)
        assert (alarm.id, alarm.where) == ("FL243", PATH)
        assert "headline and standfirst" in alarm.what
        assert CANARY in paper.get(PATH, *paper.subscriber()).body.decode()
        paper.site.pages[PATH] = page(REST)
        changed(paper, PATH)
        assert "a line for each flood" in paper.get(PATH).body.decode()
        assert cut_alarms(home) == []


def test_a_template_of_many_pages_names_some_of_them_and_counts_the_others(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with opened(home.path, REST) as paper:
        for number in range(MOST_NAMED + 2):
            paper.site.pages[f"/broken-{number}.html"] = BROKEN
            assert paper.get(f"/broken-{number}.html").status == 200
    found = cut_alarms(home)
    assert len(found) == MOST_NAMED + 1
    assert found[-1].what.startswith("2 more pages")


def test_every_alarm_of_a_cut_has_words_and_both_problems_are_listed() -> None:
    assert set(WORDS) == set(get_args(Alarm))
    assert {"FL243", "FL244"} <= set(CHECKS)
