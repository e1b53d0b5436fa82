"""A publication in PostgreSQL: what its gate does, and what only a server can do to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gate.newspaper import PREVIEW, REST, Newspaper, open_newspaper

from foldline.pages.record import PublicPage
from foldline.policy.reasons import Reason
from foldline.stores.address import Address
from foldline.stores.records import RecordWriter
from foldline.testing.postgres import Database


@pytest.fixture
def paper(tmp_path: Path, with_tables: Database) -> Newspaper:
    return open_newspaper(tmp_path, database=Address.of(with_tables.url))


def test_a_gate_over_postgresql_serves_counts_and_hears(paper: Newspaper) -> None:
    assert PREVIEW.encode() in paper.get("/metered").body
    assert REST.encode() not in paper.get("/metered").body
    assert REST.encode() in paper.read(3).body
    for number in (10, 11):
        assert REST.encode() in paper.read(number).body
    assert Reason.METER_IS_SPENT.encode() in paper.read(12).body
    paper.sign_in({1: 0})
    assert REST.encode() in paper.get("/subscribers").body
    assert not list(paper.home.path.glob("**/public.db"))
    writer = RecordWriter(paper.home)
    writer.put_gone("/metered")
    writer.close()
    assert isinstance(paper.worker.library.held(b"/metered"), PublicPage)
    paper.change("article", "/metered")
    paper.worker.hear()
    assert paper.get("/metered").status == 410
