"""A process of its own that refreshes a newsstand: how long one round takes, and how much memory at most.

`python -m tests.newsstand.full_stand PORT FEEDS`, with a home that is prepared. Each feed is on a host of its own on
loopback. Prints JSON: seconds, megabytes (the most that the process ever held), cards, pages.
"""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import replace
from pathlib import Path


def hosts(feeds: int) -> list[str]:
    return [f"127.0.{1 + number // 200}.{1 + number % 200}" for number in range(feeds)]


def main(port: int, feeds: int) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.test import override_settings

    from foldline.site.newsroom import lists
    from foldline.site.newsroom.press import open_press
    from foldline.site.newsstand.models import Source, SourceCard
    from foldline.site.newsstand.refreshing import refresh

    Source.objects.bulk_create(
        Source(address=f"http://{host}:{port}/feed/{number}", title=f"Feed {number}", added_at=0)
        for number, host in enumerate(hosts(feeds))
    )
    listed = replace(settings.FOLDLINE, newsstand_inner=frozenset(hosts(feeds)))
    with override_settings(FOLDLINE=listed):
        begun = time.monotonic()
        said = refresh()
        with open_press() as press:
            pages = lists.refresh_lists(press)
        seconds = time.monotonic() - begun
    if said:
        sys.exit(said)
    # Not `getrusage`: what it tells begins with what the parent of this process held.
    most = int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024
    told = {"seconds": seconds, "megabytes": most, "cards": SourceCard.objects.count(), "pages": pages}
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
