"""The audit log at the desk, for admins."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from foldline.site.desk.models import AuditEntry
from foldline.site.desk.pages import page, staff_page
from foldline.site.desk.roles import Power

ON_A_PAGE = 50


@staff_page(Power.SEE_AUDIT)
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Who changed what, the newest first; `?kind=` keeps to one kind of thing."""
    kinds = list(AuditEntry.objects.order_by("kind").values_list("kind", flat=True).distinct())
    kind = request.GET.get("kind", "")
    entries = AuditEntry.objects.filter(kind=kind) if kind in kinds else AuditEntry.objects.all()
    shown = Paginator(entries, ON_A_PAGE).get_page(request.GET.get("page"))
    return page(request, "audit", "Audit log", {"entries": shown, "kinds": kinds, "kind": kind})
