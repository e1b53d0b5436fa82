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
#: A secret or restricted key of Stripe, and the secret of its webhook endpoint (two, with a space, at a rotation).
STRIPE_KEY, STRIPE_NOTICE_SECRETS = "FOLDLINE_STRIPE_KEY", "FOLDLINE_STRIPE_WEBHOOK_SECRET"
#: Stripe's interface at another address than its own.
STRIPE_API = "FOLDLINE_STRIPE_API"
REAL_KEYS = (STRIPE_KEY, STRIPE_NOTICE_SECRETS, "STRIPE_API_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")

_REAL = re.compile(r"\s*(?:sk|rk|pk)_(?:live|test)_|\s*whsec_")
_SECRET_KEY = re.compile(r"(?:sk|rk)_(?:live|test)_\S+")


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
        ConfigurationError: FL050, a real key beside the till; FL290, the till or its publication is not on loopback;
            FL291, Stripe's key is none; FL292, there is no secret for what Stripe tells.
    """
    address = environ.get(TILL, "")
    if not address:
        return _stripe(environ) if environ.get(STRIPE_KEY) or environ.get(STRIPE_NOTICE_SECRETS) else None
    refuse_real_keys(environ)
    require_loopback(address)
    require_loopback(url)
    return Till(address, *till_secrets(secret))


def refuse_real_keys(environ: Mapping[str, str]) -> None:
    """The till takes no real money, and must never hold what does.

    Raises:
        ConfigurationError: FL050, with the names of the variables and nothing of their values.
    """
    found = sorted(name for name, value in environ.items() if value and (name in REAL_KEYS or _REAL.match(value)))
    if found:
        hint = "Unset it; the till makes its own."
        raise ConfigurationError((Problem("FL050", "the till refuses real keys", ", ".join(found), hint),))


def _stripe(environ: Mapping[str, str]) -> Provider:
    """Raises:
    ConfigurationError: FL291 and FL292, both at once; values are not repeated.
    """
    key, secrets = environ.get(STRIPE_KEY, "").strip(), tuple(environ.get(STRIPE_NOTICE_SECRETS, "").split())
    problems = []
    if not _SECRET_KEY.fullmatch(key):
        hint = "Take the secret key, or a restricted one: it begins with sk_ or rk_."
        problems.append(Problem("FL291", "Stripe's key is none", STRIPE_KEY, hint))
    if not secrets:
        hint = "Nothing is sold without it: Stripe shows it beside the webhook endpoint."
        problems.append(Problem("FL292", "there is no secret for what Stripe tells", STRIPE_NOTICE_SECRETS, hint))
    if problems:
        raise ConfigurationError(tuple(problems))
    # The library takes half a second and 30 MB: only who sells through it pays that.
    from foldline.site.billing.stripe_provider import API, StripeProvider

    return StripeProvider(key, secrets, environ.get(STRIPE_API) or API)
