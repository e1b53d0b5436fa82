"""What the value of one setting may be, where its type alone does not say it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from foldline.errors import Problem
from foldline.pages.words import LANGUAGES
from foldline.signed.meter import MOST_ARTICLES

#: So many caches are told of each change, at most.
MOST_CACHES = 8

LOG_FORMATS = ("text", "json")

#: What the prefix may not be: paths that mean something else.
TAKEN = ("/./", "/../", "/section/", "/tag/", "/author/", "/page/", "/newsstand/")


def host_of(url: str) -> str | None:
    """The host of a site's address as a browser sends it; None for what is no such address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    plain = parts.path in ("", "/") and not parts.query and not parts.fragment and "@" not in parts.netloc
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    if usual is None or not plain or not parts.hostname or port == usual or not parts.netloc.isascii():
        return None
    return parts.hostname


def check_values(tables: dict[str, dict[str, Any]], where: str, problems: list[Problem]) -> None:
    """Add what is wrong with values of the right type; `where` is the file that they stand in."""
    publication = tables["publication"]
    if not publication["name"]:
        problems.append(Problem("FL020", "[publication] name is empty", where, "Write the publication's name."))
    host = host_of(publication["url"])
    if host is None:
        hint = "Write scheme and host as browsers send them, as in https://valley-post.example."
        problems.append(Problem("FL021", "[publication] url is not the address of a site", where, hint))
    elif publication["url"].startswith("http:") and host not in ("127.0.0.1", "localhost", "::1"):
        hint = "Passes are cookies that only https carries; plain http works on loopback alone."
        problems.append(Problem("FL022", "[publication] url is not https", where, hint))
    if publication["language"] not in LANGUAGES:
        hint = f"Known: {', '.join(LANGUAGES)}."
        problems.append(Problem("FL023", f"no words in the language {publication['language']!r}", where, hint))
    try:
        ZoneInfo(publication["zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = "Write an IANA name, as in America/New_York."
        problems.append(Problem("FL024", f"unknown time zone {publication['zone']!r}", where, hint))
    if not re.fullmatch(r"/[A-Za-z0-9_.~-]+/", publication["prefix"]) or publication["prefix"] in TAKEN:
        problems.append(Problem("FL025", "[publication] prefix must be one path segment", where, 'As in "/-/".'))
    _check_numbers(tables, where, problems)
    for address in tables["caches"]["purge"]:
        if not isinstance(address, str) or not _is_cache(address):
            hint = "Write scheme, host and port alone, as in http://127.0.0.1:6081."
            problems.append(Problem("FL250", f"[caches] purge: {address!r} is not the address of a cache", where, hint))
    if len(tables["caches"]["purge"]) > MOST_CACHES:
        hint = "Each of them is told of every change. Let one of them tell the others."
        problems.append(Problem("FL251", f"[caches] purge names more than {MOST_CACHES} caches", where, hint))
    for inner in tables["newsstand"]["inner"]:
        if not isinstance(inner, str) or not re.fullmatch(r"[a-z0-9.-]+(?::[0-9]{1,5})?|[0-9a-f:]+", inner):
            hint = "Write a host in small letters, with a port if any, as in feeds.inner.example or 127.0.0.1:9000."
            problems.append(Problem("FL325", f"[newsstand] inner: {inner!r} is not a host", where, hint))
    for name, address in tables["legal"].items():
        if address and not re.fullmatch(r"(?:https?://[^\s/]+)?/[^\s]*|https?://[^\s/]+", address):
            hint = "Write a whole address, or a path on this site, as in /terms."
            problems.append(Problem("FL038", f"[legal] {name} is not the address of a page", where, hint))
    if tables["log"]["format"] not in LOG_FORMATS:
        hint = f"Known: {', '.join(LOG_FORMATS)}."
        problems.append(Problem("FL361", f"unknown [log] format {tables['log']['format']!r}", where, hint))
    if tables["metrics"]["listen"] and listener_of(tables["metrics"]["listen"]) is None:
        hint = "Write a host and a port, as in 127.0.0.1:9101 or [::1]:9101."
        problems.append(Problem("FL360", "[metrics] listen is no address to listen on", where, hint))
    if tables["mail"]["security"] not in ("none", "starttls", "tls"):
        problems.append(Problem("FL030", "[mail] security is not none, starttls or tls", where, ""))
    if tables["mail"]["host"] and "@" not in tables["mail"]["sender"]:
        problems.append(Problem("FL031", "[mail] sender is not an e-mail address", where, "Codes are sent from it."))


def listener_of(address: str) -> tuple[str, int] | None:
    """(host, port) of `127.0.0.1:9101`; None for what is no such thing."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})", address)
    if found is None or not 0 <= int(found[3]) < 65536:
        return None
    return found[1] or found[2], int(found[3])


def _is_cache(address: str) -> bool:
    """Whether this is where a cache may listen: scheme, host and port, and nothing else."""
    found = re.fullmatch(r"https?://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?/?", address)
    return found is not None and 0 < int(found[1] or 80) < 65536


def _check_numbers(tables: dict[str, dict[str, Any]], where: str, problems: list[Problem]) -> None:
    bounds = (
        ("meter", "limit", 0, MOST_ARTICLES),
        ("retention", "withdrawals", 1, 30),
        ("gifts", "per-month", 0, 100),
        ("gifts", "days", 1, 90),
        ("gifts", "openers", 1, 1000),
        ("fold", "paragraphs", 1, 100),
        ("fold", "characters", 0, 100_000),
        ("listen", "port", 0, 65535),
        ("desk", "port", 0, 65535),
        ("mail", "port", 1, 65535),
        ("listen", "workers", 1, 64),
        ("listen", "hops", 0, 8),
    )
    for table, key, least, most in bounds:
        if not least <= tables[table][key] <= most:
            what = f"[{table}] {key} is not between {least} and {most}"
            problems.append(Problem("FL026", what, where, f"It is {tables[table][key]}."))
