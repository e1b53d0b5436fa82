"""A newsstand full of feeds is refreshed in one round; in the long form within a minute and 150 MB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from tests.django_home import SETTINGS
from tests.newsstand.full_stand import hosts
from tests.syndication.feed_host import FeedHost, Said, feed_host, item, rss

from foldline.stores.home import Home

LONG = os.environ.get("FOLDLINE_PROOF") == "long"
FEEDS, ITEMS = (200, 50) if LONG else (8, 50)
#: What a page of cards holds at most.
PAGES = min(10, -(-FEEDS * ITEMS // 30))
SECONDS, MEGABYTES = 60, 150


def feed(number: int) -> bytes:
    """Fifty articles with their whole texts, as many feeds have them: 300 KB."""
    now = datetime.now(UTC)
    text = "<p>The river came up in the night, and nobody had asked it to. It went on for a while.</p>" * 60
    return rss(
        *(
            item(
                one,
                title=f"Headline {one} of feed {number}",
                link=f"https://feed-{number}.example/{one}",
                about="What happened, told in two sentences. This is the second of them.",
                date=format_datetime(now - timedelta(hours=number + one * FEEDS)),
                more=f"<category>Water</category><content:encoded><![CDATA[{text}]]></content:encoded>",
            )
            for one in range(ITEMS)
        ),
        title=f"Feed {number}",
    )


def refreshed(home: Path, host: FeedHost) -> Mapping[str, float]:
    """What the process says that refreshes all feeds of this host."""
    made = Home(home)
    made.make()
    made.settings_file.write_text(SETTINGS, encoding="utf-8")
    environ = os.environ | {
        "FOLDLINE_HOME": str(home),
        "FOLDLINE_SECRET": "only-for-tests-" + "0123456789" * 4,
        "DJANGO_SETTINGS_MODULE": "foldline.server.settings",
    }
    for program in (("foldline.cli.main", "migrate"), ("tests.newsstand.full_stand", str(host.port), str(FEEDS))):
        said = subprocess.run(
            [sys.executable, "-m", *program],
            cwd=Path(__file__).parents[2],
            env=environ,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert said.returncode == 0, said.stderr
    told: dict[str, float] = json.loads(said.stdout.splitlines()[-1])
    return told


def test_a_full_newsstand_is_refreshed_in_one_round(tmp_path: Path) -> None:
    with feed_host() as host:
        bodies = [feed(number) for number in range(FEEDS)]
        host.answers.update({f"/feed/{number}": Said(body) for number, body in enumerate(bodies)})
        told = refreshed(tmp_path / "home", host)
    assert len({headers["host"] for _, headers in host.asked}) == len(set(hosts(FEEDS))) == FEEDS
    assert (len(host.asked), told["cards"], told["pages"]) == (FEEDS, FEEDS * ITEMS, PAGES)
    print(
        f"\n{FEEDS} feeds of {ITEMS} articles, {sum(map(len, bodies)) >> 20} MB:"
        f" {told['seconds']:.1f} s, {told['megabytes']:.0f} MB"
    )
    if LONG:
        assert told["seconds"] < SECONDS
        assert told["megabytes"] < MEGABYTES
