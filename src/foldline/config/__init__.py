"""`foldline.toml` and the environment, read once into values. Every problem is reported, not only the first."""

from __future__ import annotations

from foldline.config.loading import home_from, load
from foldline.config.secrets import REVOKED, SECRET_MINIMUM
from foldline.config.settings import GiftSettings, LegalPages, MailSettings, OriginSettings, Provider, Settings
from foldline.config.tables import SCHEMA

__all__ = [
    "REVOKED",
    "SCHEMA",
    "SECRET_MINIMUM",
    "GiftSettings",
    "LegalPages",
    "MailSettings",
    "OriginSettings",
    "Provider",
    "Settings",
    "home_from",
    "load",
]
