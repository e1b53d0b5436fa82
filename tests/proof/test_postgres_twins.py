"""The same proof where records lie in PostgreSQL: twin worlds, and cases by rules that were published there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.policy.test_policy_cases import HERE, cases

from foldline.proof.pairs import SENTENCE
from foldline.proof.plan import plan, tag_of
from foldline.proof.surfaces import ARTICLES, READS, Surface
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.rules_in_force import RulesInForce
from foldline.testing.builders import databases
from foldline.testing.policy_cases import run_cases
from foldline.testing.postgres import Database, PostgresCluster
from foldline.testing.worlds import rests

from .room import RICH, Pair, assert_equal, twin_worlds


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresCluster, tables: Database) -> Iterator[Pair]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(databases, "fresh", lambda: Address.of(postgres.database(tables.name).url))
        made = twin_worlds(tmp_path_factory.mktemp("twins"), rests(SENTENCE), rests(RICH))
    with made.one, made.other:
        yield made


def test_what_is_public_in_postgresql_is_the_same_in_both_worlds(pair: Pair) -> None:
    assert pair.one.home.database != pair.other.home.database
    rows = pair.one.public_rows()
    assert rows == pair.other.public_rows()
    assert len(rows) > 100


@pytest.mark.parametrize("surface", [ARTICLES[0], ARTICLES[2], READS[0], READS[4]], ids=lambda surface: surface.name)
def test_every_answer_from_postgresql_is_the_same_in_both_worlds(pair: Pair, surface: Surface) -> None:
    asks = list(plan(surface, pair.readers, tag_of(surface, pair.one), 60, 32))
    report = pair.twins.run(asks)
    assert_equal(report)
    assert report.asked == len(asks) > 50


def test_every_policy_case_has_the_same_outcome_by_rules_that_were_published(on_both: Home) -> None:
    now = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp())
    with RuleSetStore(on_both) as sets:
        sets.publish((HERE / "rules.toml").read_text(encoding="utf-8"), "ada", "all of them", now)
    rules = RulesInForce(on_both, cases().zone, 3).look(now)
    assert rules is not None
    verdicts = run_cases(cases().cases, rules)
    assert len(verdicts) > 50
    assert [verdict for verdict in verdicts if verdict.wrong] == []
