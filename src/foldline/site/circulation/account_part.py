"""What the account's page says of print subscriptions, where the publication has any."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from foldline.pages.dates import short_dateline
from foldline.site.circulation.models import PrintActivation, PrintSubscription
from foldline.site.readers import moment, rendering
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words


def account_part(request: HttpRequest, reader: Reader) -> SafeString:
    """The part's HTML: what is activated, and the way to activate one. "" where no circulation file was ever taken."""
    if not PrintSubscription.objects.exists():
        return SafeString()
    held = PrintActivation.objects.filter(reader=reader).select_related("subscription", "entitlement")
    values = {"w": rendering.Texts(), "lines": [_line(one) for one in held]}
    return render_to_string("circulation/account_part.html", values)


def _line(one: PrintActivation) -> str:
    publication = rendering.publication()
    end = one.entitlement.end or one.subscription.end
    date = short_dateline(end, publication.zone, publication.language)
    key = "print.runs" if one.entitlement.runs(moment.now()) else "print.ended"
    return words().format(key, number=one.subscription.number, date=date)
