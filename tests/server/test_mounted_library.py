"""A library's network before an application that the gate is mounted in: the page is the application's own."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.gate.test_institutions import FORWARDING
from tests.server.mounted_room import CANARY, PATH, RULES, mounted

from foldline.stores.institutions import InstitutionStore, Kind, StoredInstitution
from foldline.stores.rule_sets import RuleSetStore

LIBRARIES = '[[rule]]\nname = "Libraries read everything"\nopens-for = "institution"\n'
#: From where requests come in these tests (`mounted_room`).
HERE, ELSEWHERE = "192.0.2.7", "198.51.100.9"


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
@pytest.mark.parametrize("network", [HERE, ELSEWHERE])
def test_a_patron_reads_the_applications_page_and_nobody_is_believed(tmp_path: Path, kind: str, network: str) -> None:
    now = int(time.time())
    with mounted(kind, tmp_path / "home") as paper:
        library = StoredInstitution(Kind.LIBRARY, "Alder Valley Library", now - 60, now + 900, (network,))
        with RuleSetStore(paper.settings.home) as sets, InstitutionStore(paper.settings.home) as store:
            sets.publish(RULES + LIBRARIES, "ada", "", now)
            store.save(library, "ada", now, confirmed=True)
        claims = [(name.encode(), network.encode()) for name in FORWARDING]
        for headers in ((), tuple(claims)):
            answer = paper.get(PATH, *headers)
            text = answer.body.decode()
            assert (CANARY in text, "Provided by Alder Valley Library" in text) == (network == HERE,) * 2
            if network == HERE:
                assert answer.header(b"cache-control") == b"private, no-store"
                assert answer.header(b"set-cookie") == b""
                assert "Nothing of ours</footer>" in text
