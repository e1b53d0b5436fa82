"""The desk stands on the readers' side: the same home folder, and the same empty tables."""

from __future__ import annotations

from tests.readers.conftest import home, later, site

__all__ = ["home", "later", "site"]
