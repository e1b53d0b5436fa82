"""How often articles were read, as their cards say it. A list never waits for a count."""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import closing

from foldline.errors import StoreUnavailable
from foldline.site.newsroom.press import settings
from foldline.stores.reads import ReadStore

log = logging.getLogger(__name__)


def figures_of(articles: Collection[int]) -> dict[int, int]:
    """The figures on the cards of these articles. Those without one are not in it; where the counts can't be read, none
    is, and a later batch writes the lists again."""
    try:
        with closing(ReadStore(settings().home)) as store:
            return store.shown(articles)
    except StoreUnavailable as error:
        log.warning("cards are made without figures: %s", error)
        return {}
