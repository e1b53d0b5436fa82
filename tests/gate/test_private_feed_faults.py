"""What twins can't see of feeds: each defence is broken once, and the test of it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from foldline.gate import private_feed
from foldline.gate.response import NEUTRAL
from foldline.signed import feed_key
from foldline.syndication.feeds import documents
from foldline.testing.worlds import World

from . import test_private_feed as honest
from .test_private_feed import KEY, world

__all__ = ["world"]

_document, _session_of = documents.document, feed_key.session_of


def _with_the_key(channel: Any, form: Any, address: str, publication: Any, items: Any) -> str:
    shown = [replace(item, link=f"{item.link}?from={KEY}") for item in items]
    return _document(channel, form, address, publication, shown)


def _of_any_list(key: bytes, base: str) -> bytes | None:
    return _session_of(key, "")


FAULTS: dict[str, tuple[tuple[Any, str, Any], Callable[[World], None]]] = {
    "a private feed may be cached by everybody": (
        (private_feed, "NO_STORE", NEUTRAL),
        lambda world: honest.test_a_subscriber_reads_the_whole_of_what_the_subscription_covers(world, "xml"),
    ),
    "its links carry the key": ((documents, "document", _with_the_key), honest.test_nothing_in_it_carries_the_key),
    "what is followed from it tells its address": (
        (private_feed, "_security", lambda gate: gate.security),
        lambda world: honest.test_a_subscriber_reads_the_whole_of_what_the_subscription_covers(world, "xml"),
    ),
    "a key opens the feeds of every list": ((feed_key, "session_of", _of_any_list), honest.test_a_key_is_of_one_list),
    "its validator is that of its address": (
        (private_feed, "entity_tag", lambda body: b'"the same"'),
        honest.test_who_asks_again_with_the_validator_is_told_304_until_they_may_see_something_else,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_is_seen(world: World, name: str) -> None:
    (target, attribute, replacement), check = FAULTS[name]
    with patch.object(target, attribute, replacement), pytest.raises(AssertionError):
        check(world)
