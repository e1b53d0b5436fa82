"""Addresses of articles and lists: what a slug may be, and which first segments are taken."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from django.core.exceptions import ValidationError

#: First segments of paths that belong to the publication itself. An article's slug is never one of them.
RESERVED = frozenset(
    {
        "account",
        "admin",
        "api",
        "atom.xml",
        "author",
        "desk",
        "favicon",
        "feed",
        "feed.json",
        "feed.xml",
        "feeds",
        "home",
        "media",
        "newsstand",
        "page",
        "robots",
        "rss",
        "search",
        "section",
        "sitemap",
        "static",
        "tag",
        "well-known",
    }
)
SLUG_LENGTH = 120
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_OLD_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,=:@/-]*")


def validate_slug(slug: str) -> None:
    """Raises ValidationError unless `slug` is lower-case ASCII words joined by single hyphens."""
    if not _SLUG.fullmatch(slug) or len(slug) > SLUG_LENGTH:
        raise ValidationError(
            "“%(slug)s” can't be part of an address. Use small letters, digits and single hyphens.",
            code="slug",
            params={"slug": slug},
        )


def validate_article_slug(slug: str) -> None:
    """As `validate_slug`, and never a first segment that the publication itself uses."""
    validate_slug(slug)
    if slug in RESERVED:
        raise ValidationError(
            "“%(slug)s” is an address of the publication itself. Choose another one.",
            code="reserved",
            params={"slug": slug},
        )


def slug_from(words: str) -> str:
    """A slug made of `words`; where no Latin letter or digit is in them, a short name that is always the same."""
    plain = unicodedata.normalize("NFKD", words.replace("’", "").replace("'", "")).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:SLUG_LENGTH].strip("-")
    return slug or "n" + hashlib.sha256(words.encode()).hexdigest()[:10]


def clean_old_path(path: str) -> str:
    """The one spelling under which an old path is kept: a leading slash, none at the end. "" where it can't be one."""
    path = "/" + path.strip().strip("/")
    segments = path.split("/")[1:]
    if not _OLD_PATH.fullmatch(path) or any(part in ("", ".", "..") for part in segments) or segments[0] in RESERVED:
        return ""
    return path
