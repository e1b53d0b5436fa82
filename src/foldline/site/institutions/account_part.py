"""What the account's page says of the library or company that provides the publication to a reader."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from foldline.pages.dates import short_dateline
from foldline.site.institutions.models import Provided
from foldline.site.readers import moment, rendering
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words


def account_part(request: HttpRequest, reader: Reader) -> SafeString:
    """The part's HTML, "" for whom no institution provides anything."""
    now = moment.now()
    rows = Provided.objects.filter(entitlement__reader=reader).select_related("entitlement")
    lines = [_line(row) for row in rows if row.entitlement.runs(now)]
    if not lines:
        return SafeString()
    return render_to_string("institutions/account_part.html", {"w": rendering.Texts(), "lines": lines})


def _line(row: Provided) -> str:
    publication = rendering.publication()
    ends = row.entitlement.ends_at
    assert ends is not None
    date = short_dateline(ends, publication.zone, publication.language)
    name = row.entitlement.note.removeprefix("provided by ")
    return words().format("account.provided", name=name, date=date)
