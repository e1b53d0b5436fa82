"""Who takes the money for what is sold here."""

from __future__ import annotations

from django.conf import settings

from foldline.site.billing.provider import Provider


def provider() -> Provider | None:
    """The payment provider of this publication, by the server's setting `FOLDLINE_PROVIDER`; None where nothing is
    sold."""
    found: Provider | None = settings.FOLDLINE_PROVIDER
    return found
