"""Text and data mining reserved or not, as the W3C's TDM Reservation Protocol says it: a header, and a file.

Directive (EU) 2019/790, article 4(3), asks that a reservation be readable by machines.
"""

from __future__ import annotations

import json

from foldline.pages.public import Publication
from foldline.syndication.machines import Machines
from foldline.syndication.robots import POLICY_PAGE

PATH = "/.well-known/tdmrep.json"
TYPE = "application/json"


def policy_address(publication: Publication) -> str:
    """Where the policy is read, by people: the protocol takes a page as well as data."""
    return f"{publication.url}{publication.prefix}{POLICY_PAGE}"


def tdm_headers(publication: Publication, machines: Machines) -> tuple[tuple[bytes, bytes], ...]:
    """What stands on every page: the same on all of them, whatever is below a fold."""
    if machines.train:
        return ((b"tdm-reservation", b"0"),)
    return ((b"tdm-reservation", b"1"), (b"tdm-policy", policy_address(publication).encode()))


def tdmrep_json(publication: Publication, machines: Machines) -> str:
    """The file for the whole site."""
    said: dict[str, object] = {"location": "/*", "tdm-reservation": 0 if machines.train else 1}
    if not machines.train:
        said["tdm-policy"] = policy_address(publication)
    return json.dumps([said], indent=2) + "\n"
