"""Who takes the money for what is sold here. The server says which provider that is (`FOLDLINE_PROVIDER`)."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from foldline.site.billing.provider import Provider


def provider() -> Provider | None:
    """The payment provider of this publication; None where it has none, and so sells nothing."""
    found: Provider | None = import_string(settings.FOLDLINE_PROVIDER)()
    return found
