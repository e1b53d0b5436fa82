"""What it costs to stand before a site: a page that is passed, an article that was cut, and many articles."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from foldline.errors import FoldlineError
from scripts.bench.figures import (
    BUDGETED,
    FORWARDED,
    NGINX,
    PASS,
    PREVIEW,
    PROXIED,
    SITE_PASS,
    SITE_PREVIEW,
    SITE_SUBJECTS,
    BeforeSite,
)  # fmt: skip
from scripts.bench.processes import Cores, Server, gate_worker, get, nginx
from scripts.bench.publication import PATH, Bench
from scripts.bench.site import ARTICLE, LAST, PASSED, SiteHome, files, prepare_site, small_path
from scripts.bench.wrk import Load, load


def measure_before_site(
    bench: Bench, own: Server, static: Server, folder: Path, where: Cores, rounds: int, seconds: int, articles: int,
    step: Callable[[str], None],
) -> BeforeSite:  # fmt: skip
    """Measure a gate before a site beside `own`, a gate with its own newspaper, and `static`, nginx over files. The
    site runs on the client's core: what is measured has one core alone.

    Raises:
        FoldlineError: an answer was not the one that was to be measured.
    """
    with _standing(folder, where, articles) as (home, gate, proxy):
        _check(home, gate, proxy)
        measured = [_round(bench, own, static, home, gate, proxy, where, seconds, step) for _ in range(rounds)]
        before = gate.pss()
        first = _read_all(home, articles, step)
        time.sleep(2.5)
        grown = max(0, gate.pss() - before)
    each = {name: [loads[name] for loads in measured] for name in SITE_SUBJECTS}
    return BeforeSite(
        {name: median(load.per_second for load in loads) for name, loads in each.items()},
        {name: median(load.cpu for load in loads) for name, loads in each.items()},
        {
            name: median(loads[name].per_second / loads[beside].per_second for loads in measured)
            for name, beside in ((FORWARDED, PROXIED), (SITE_PASS, PASS), (SITE_PREVIEW, PREVIEW))
        },
        articles,
        grown,
        first,
    )


@contextlib.contextmanager
def _standing(folder: Path, where: Cores, articles: int) -> Iterator[tuple[SiteHome, Server, Server]]:
    with nginx(folder / "site", files(articles), where.client, path=PASSED) as site:
        home = prepare_site(folder / "site-home", site.url)
        with (
            contextlib.closing(home.gate),
            gate_worker(home, where.server, PASSED) as gate,
            nginx(folder / "proxy", {}, where.server, upstream=urlsplit(site.url).netloc, path=PASSED) as proxy,
        ):
            yield home, gate, proxy


def _check(home: SiteHome, gate: Server, proxy: Server) -> None:
    page = get(proxy.url + PASSED)
    whole, preview = get(gate.url + ARTICLE, {"Cookie": home.cookie_header()}), get(gate.url + ARTICLE)
    if get(gate.url + PASSED) != page:
        raise FoldlineError("the gate does not pass the page as it is")
    if LAST.encode() not in whole or LAST.encode() in preview:
        raise FoldlineError("the fold of the site's page is not between preview and rest")


def _round(
    bench: Bench, own: Server, static: Server, home: SiteHome, gate: Server, proxy: Server, where: Cores, seconds: int,
    step: Callable[[str], None],
) -> dict[str, Load]:  # fmt: skip
    subjects: dict[str, tuple[Server, str, dict[str, str]]] = {
        NGINX: (static, PATH, {}),
        PROXIED: (proxy, PASSED, {}),
        FORWARDED: (gate, PASSED, {}),
        PASS: (own, PATH, {"Cookie": bench.cookie_header()}),
        SITE_PASS: (gate, ARTICLE, {"Cookie": home.cookie_header()}),
        PREVIEW: (own, PATH, {}),
        SITE_PREVIEW: (gate, ARTICLE, {}),
    }
    loads = {}
    for name, (server, path, headers) in subjects.items():
        step(name)
        loads[name] = load(server, path, headers, BUDGETED, seconds, where.client)
    return loads


def _read_all(home: SiteHome, articles: int, step: Callable[[str], None]) -> float:
    """Read every article as nobody and as a subscriber. The median of first visits, in milliseconds."""
    connection = http.client.HTTPConnection(urlsplit(home.url).netloc, timeout=20)
    taken = []
    for number in range(articles):
        if number % 100 == 0:
            step(f"article {number:,} of {articles:,}")
            carried = {"Cookie": home.cookie_header()}
        for headers in ({}, carried):
            began = time.perf_counter()
            connection.request("GET", small_path(number), headers=headers)
            answer = connection.getresponse()
            text = answer.read()
            if not headers:
                taken.append((time.perf_counter() - began) * 1e3)
            if answer.status != 200 or (f"The end of article {number}.".encode() in text) is not bool(headers):
                raise FoldlineError(f"article {number} was not answered as it should: {answer.status}")
    connection.close()
    return median(taken)
