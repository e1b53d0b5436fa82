"""A newsstand on a real home folder, whose own network holds the feeds of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.newsroom.conftest import home, newsroom
from tests.newsroom.room import Newsroom
from tests.syndication.feed_host import FeedHost, feed_host

__all__ = ["home", "newsroom"]


@pytest.fixture
def stand(newsroom: Newsroom) -> Iterator[Newsroom]:
    """An empty newsroom without sources; feeds on loopback may be fetched."""
    from django.conf import settings
    from django.test import override_settings

    from foldline.site.newsstand.models import Source

    Source.objects.all().delete()
    with override_settings(FOLDLINE=replace(settings.FOLDLINE, newsstand_inner=frozenset(("127.0.0.1", "127.0.0.2")))):
        yield newsroom
    Source.objects.all().delete()


@pytest.fixture
def host() -> Iterator[FeedHost]:
    with feed_host() as made:
        yield made
