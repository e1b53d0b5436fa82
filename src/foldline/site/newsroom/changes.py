"""Tell the gate's workers. A row belongs in the transaction of the change that it tells of."""

from __future__ import annotations

from foldline.site.readers import moment
from foldline.site.readers.models import Change


def changed(path: str) -> None:
    """What stands at this path is another."""
    Change.objects.create(kind="article", key=path, at=moment.epoch())


def everything_changed() -> None:
    """Workers empty their caches."""
    Change.objects.create(kind="all", key="", at=moment.epoch())
