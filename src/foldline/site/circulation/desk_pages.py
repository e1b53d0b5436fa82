"""Print subscriptions at the desk: how the last file went, and whose a number is."""

from __future__ import annotations

from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from foldline.site.circulation import activating, hashes
from foldline.site.circulation.models import PrintActivation, PrintSubscription
from foldline.site.desk import audit
from foldline.site.desk.audited import staff_of
from foldline.site.desk.pages import page, staff_page
from foldline.site.desk.roles import Power
from foldline.site.readers import moment
from foldline.site.readers.adapter import SeeOther

#: How many of the subscriptions that the last file lacked are listed.
LISTED = 200


@staff_page(Power.SERVE_READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def print_subscriptions(request: HttpRequest) -> HttpResponse:
    """What the last file said, what it lacked, and on POST one number."""
    now = moment.now()
    every = PrintSubscription.objects.all()
    last = every.aggregate(last=Max("seen_at"))["last"]
    missing = [one for one in every.filter(seen_at__lt=last) if one.runs(now)] if last is not None else []
    wanted = hashes.plain_number(request.POST.get("number", "")) if request.method == "POST" else ""
    found = every.filter(number=wanted).select_related("activation__reader").first() if wanted else None
    context = {
        "last": last,
        "count": every.count(),
        "activated": PrintActivation.objects.count(),
        "missing": missing[:LISTED],
        "missing_count": len(missing),
        "wanted": wanted,
        "found": found,
        "runs": found is not None and found.runs(now),
        "activation": getattr(found, "activation", None),
    }
    return page(request, "print", "Print", context)


@staff_page(Power.SERVE_READERS)
@require_POST
def release(request: HttpRequest, number: int) -> HttpResponse:
    """Take a subscription from whoever activated it."""
    found = PrintActivation.objects.filter(subscription=number).select_related("entitlement", "reader").first()
    if found is None:
        raise Http404
    before = f"activated by reader {found.reader_id}"
    activating.release(found, staff_of(request))
    audit.record(staff_of(request), "released", audit.Subject("print subscription", str(number)), before, "nobody's")
    return SeeOther(reverse("print_subscriptions"))


ADDRESSES: list[URLPattern] = [
    path("print", print_subscriptions, name="print_subscriptions"),
    path("print/<int:number>/release", release, name="print_release"),
]
