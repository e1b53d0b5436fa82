"""Addresses as pages write them: relative, with and without a scheme, or no addresses at all."""

from __future__ import annotations

import re
from urllib.parse import urljoin

_HOST = re.compile(r"^(?:https?:)?//[^/?#]*", re.IGNORECASE)


def joined(address: str, href: str) -> str:
    """`href` as it is meant on the page at `address`; empty where it is no address."""
    try:
        return urljoin(address, href.strip())
    except ValueError:
        return ""


def is_http(address: str) -> bool:
    """Whether this is an address of the web, or one within a site."""
    return re.match(r"https?://|/(?!/)", address, re.IGNORECASE) is not None


def same(one: str, other: str) -> bool:
    """Whether two addresses are one page's: fragments, a slash at the end and the scheme make no difference."""
    return _bare(one) == _bare(other)


def within_site(address: str) -> str:
    """Path and query, for comparing addresses that name the host with those that do not."""
    return _HOST.sub("", address.strip())


def _bare(address: str) -> str:
    return re.sub(r"^https?://(?:www\.)?", "", address.partition("#")[0]).rstrip("/")
