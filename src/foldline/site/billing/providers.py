"""Which provider takes the payments of this publication, from the environment alone: keys stand in no settings file.

The till's own key and the secret of its notices are derived from the publication's secret, so that there is nothing to
set up; a provider out there gives its own.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import NamedTuple

from foldline.errors import ConfigurationError, Problem
from foldline.site.billing.provider import Provider
from foldline.site.billing.till.client import Till
from foldline.site.billing.till.loopback import require_loopback

#: Where the till serves. `foldline demo` sets it for its own processes.
TILL = "FOLDLINE_TILL"
STRIPE_KEY, STRIPE_NOTICE_SECRETS = "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"
REAL_KEYS = ("STRIPE_API_KEY", STRIPE_KEY, STRIPE_NOTICE_SECRETS)


class TillSecrets(NamedTuple):
    """`key` opens the till's interface, `notices` signs what it tells."""

    key: str
    notices: str


def till_secrets(secret: bytes) -> TillSecrets:
    """The till's secrets under a publication's secret."""
    key, notices = (hmac.digest(secret, b"foldline till " + name, "sha256").hex() for name in (b"key", b"notices"))
    return TillSecrets(key, notices)


def provider_from(environ: Mapping[str, str], url: str, secret: bytes) -> Provider | None:
    """The provider that `environ` names, None where nothing is sold. `url` is the publication's, `secret` its newest.

    Raises:
        ConfigurationError: FL050, a real key beside the till; FL290, the till or its publication is not on loopback.
    """
    address = environ.get(TILL, "")
    if not address:
        return None
    refuse_real_keys(environ)
    require_loopback(address)
    require_loopback(url)
    return Till(address, *till_secrets(secret))


def refuse_real_keys(environ: Mapping[str, str]) -> None:
    """The till takes no real money, and must never hold what does.

    Raises:
        ConfigurationError: FL050, with the names of the variables and nothing of their values.
    """
    real = re.compile(r"\s*(?:sk|rk|pk)_(?:live|test)_|\s*whsec_")
    found = sorted({name for name, value in environ.items() if real.match(value)} | {*REAL_KEYS} & {*_set(environ)})
    if found:
        hint = "Unset it; the till makes its own."
        raise ConfigurationError((Problem("FL050", "the till refuses real keys", ", ".join(found), hint),))


def _set(environ: Mapping[str, str]) -> set[str]:
    return {name for name, value in environ.items() if value}
