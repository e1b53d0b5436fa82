"""The words of the site's pages."""

from __future__ import annotations

from django.conf import settings

from foldline import config
from foldline.pages.words import Words, load_words


def words() -> Words:
    """The words in the publication's language."""
    foldline: config.Settings = settings.FOLDLINE
    return load_words(foldline.publication.language)
