"""Signing out other devices from the account's page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from foldline.site.readers import passes
from foldline.site.readers.account import done, signed_in
from foldline.site.readers.models import Reader, ReaderSession


@require_POST
@signed_in
def sign_out_devices(request: HttpRequest, reader: Reader) -> HttpResponse:
    """End one other session (`device` is its number), or all others. This device has the button to sign out."""
    others = ReaderSession.objects.filter(reader=reader, ended_at=None)
    others = others.exclude(django_key=request.session.session_key or "")
    chosen = request.POST.get("device", "")
    if chosen == "others":
        passes.end(others)
        return done("others", "devices")
    passes.end(others.filter(pk=int(chosen)) if chosen.isdecimal() and len(chosen) < 19 else ())
    return done("device", "devices")
