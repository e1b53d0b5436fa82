"""The lists of which a reader can have a feed: the whole site, and its sections."""

from __future__ import annotations

from django.conf import settings

from foldline import config
from foldline.site.newsroom.models import Section
from foldline.site.readers.wording import words


def offered() -> dict[str, str]:
    """Names by their bases, "" for the whole site. None where this publication has no newsroom of ours."""
    foldline: config.Settings = settings.FOLDLINE
    if foldline.origin is not None:
        return {}
    sections = {section.path: section.name for section in Section.objects.all()}
    return {"": words()["feed.everything"], **sections}
