"""Where the provider tells that something happened. What it says is not believed: the object is fetched again."""

from __future__ import annotations

import logging

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from foldline.insight.counts import count
from foldline.site.billing import ledger, orders, selling
from foldline.site.billing.provider import NoticeRefused, ProviderUnavailable
from foldline.site.readers import moment

log = logging.getLogger(__name__)

#: The largest notice, in bytes. The gate takes a megabyte; no notice about a subscription comes near this.
MOST_BYTES = 256 << 10


@csrf_exempt  # A provider has no cookie; its signature stands in the token's place.
@require_POST
def notice(request: HttpRequest) -> HttpResponse:
    """Take a notice: 200 once it is in the ledger, 400 for one that nobody signed, 503 for one to be sent again."""
    provider = selling.provider()
    if provider is None:
        raise Http404
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return HttpResponse(status=413)
    signature = request.headers.get(provider.signature_header, "")
    try:
        told = provider.read_notice(body, signature, moment.epoch())
        outcome = ledger.notice(provider, told, moment.epoch())
    except NoticeRefused as refused:
        count("notices", "refused")
        log.warning("a notice was refused: %s", refused.why)
        return HttpResponse(status=refused.status)
    except ProviderUnavailable as error:
        count("notices", "to come again")
        log.warning("%s: the notice is to come again", error)
        return HttpResponse(status=503)
    count("notices", "taken")
    # One that comes again, too: the site may have ended between its entitlement and its mail.
    orders.confirm(outcome.subscription if outcome is not None else ledger.kept(provider, told))
    return HttpResponse(status=200)
