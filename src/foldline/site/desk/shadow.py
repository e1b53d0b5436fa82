"""That the site behind the gate is open, said to everybody at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings

from foldline.stores.mode import Mode
from foldline.stores.mode_in_force import standing


@dataclass(frozen=True, slots=True)
class OpenSite:
    """Since when a site stands in shadow, and by whom; None and "" where nobody has said anything yet."""

    since: datetime | None
    by: str


def open_site() -> OpenSite | None:
    """What to say about a site that stands in shadow; None for one that is gated, or where there is none."""
    if settings.FOLDLINE.origin is None:
        return None
    stands = standing(settings.FOLDLINE.home, settings.FOLDLINE.unsaid_mode)
    if stands.mode is not Mode.SHADOW:
        return None
    said = stands.said
    return OpenSite(datetime.fromtimestamp(said.at, UTC), said.by) if said else OpenSite(None, "")
