"""The words of the site's pages."""

from __future__ import annotations

from django.conf import settings

from foldline import config
from foldline.pages.words import Words


def words() -> Words:
    """The words in the publication's language."""
    foldline: config.Settings = settings.FOLDLINE
    return foldline.words
