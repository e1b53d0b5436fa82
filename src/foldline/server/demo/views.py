"""Being somebody in the demonstration, its mail, and the way to its desk."""

from __future__ import annotations

import os
from contextlib import closing

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from foldline.server.demo.loopback import only_here
from foldline.server.demo.mailbox import read_mails
from foldline.server.demo.readers import NOBODY, READERS, STAFF
from foldline.signed.counting import reader_owner
from foldline.site.billing.providers import TILL
from foldline.site.desk.access import record_second_factor
from foldline.site.desk.roles import Role
from foldline.site.readers import passes, rendering
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Reader, ReaderSession
from foldline.site.readers.return_path import own_path
from foldline.site.readers.wording import words
from foldline.stores.meter import SqliteMeter

#: What tells the gate's pages that this visit plays a crawler. It grants nothing.
AGENT_COOKIE = "foldline-demo-agent"


@csrf_exempt  # `only_here` stands in its place: tools on this machine send no token.
@require_POST
@only_here
def become(request: HttpRequest, kind: str) -> HttpResponse:
    """Sign out, and in as the reader of this kind. 303 to `next`, or 204 where none is given."""
    if kind not in READERS and kind not in NOBODY:
        raise Http404
    passes.end(ReaderSession.objects.filter(django_key=request.session.session_key or "", ended_at=None))
    logout(request)
    wanted = request.POST.get("next")
    response = SeeOther(own_path(wanted)) if wanted else HttpResponse(status=204)
    passes.expire_cookies(response, meter=kind in NOBODY)
    if kind in NOBODY:
        _forget_what_was_counted()
    if kind in READERS:
        reader = get_object_or_404(Reader, email=READERS[kind].email)
        get_adapter().login(request, reader)
        passes.give_pass(response, passes.start(request, reader))
    if kind == "googlebot":
        response.set_cookie(AGENT_COOKIE, "googlebot", samesite="Lax")
    else:
        response.delete_cookie(AGENT_COOKIE, samesite="Lax")
    return response


def _forget_what_was_counted() -> None:
    """To be nobody begins anew, also for the readers that one may become next."""
    with closing(SqliteMeter(settings.FOLDLINE.home)) as store:
        for reader in Reader.objects.filter(email__in=[invented.email for invented in READERS.values()]):
            store.forget(reader_owner(passes.keyring(), bytes.fromhex(reader.key)))


@require_safe
@only_here
def mail(request: HttpRequest) -> HttpResponse:
    """The mails that were sent, newest first."""
    mails = read_mails(settings.FOLDLINE.home.mail, settings.FOLDLINE.publication.url)
    return rendering.page(request, "demo_mail", words()["demo.mail-title"], {"mails": mails})


@require_safe
@only_here
def desk(request: HttpRequest) -> HttpResponse:
    """To the desk, which has a host of its own."""
    host, port = settings.FOLDLINE.desk
    return SeeOther(f"http://{host}:{port}/")


@require_safe
@only_here
def till(request: HttpRequest) -> HttpResponse:
    """To the till's books, which have a host of their own. 404 where the demonstration runs without a till."""
    address = os.environ.get(TILL, "")
    if not address:
        raise Http404
    return SeeOther(f"{address}/")


@require_POST
@only_here
def enter(request: HttpRequest) -> HttpResponse:
    """At the desk: come in as the demonstration's staff of a role, the second factor taken for shown."""
    invented = {role.value: one for role, one in STAFF.items()}.get(request.POST.get("role", Role.EDITOR))
    if invented is None:
        raise Http404
    member = get_object_or_404(Reader, email=invented.email, is_staff=True)
    logout(request)
    get_adapter().login(request, member)
    record_second_factor(request, member, "demonstration")
    return SeeOther("/")
