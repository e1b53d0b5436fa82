"""Passkeys: adding, renaming and removing them, and signing in by one."""

from __future__ import annotations

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from allauth.core import ratelimit
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from foldline.errors import InvalidToken
from foldline.site.readers import mail, passes, passkeys
from foldline.site.readers.account import done, signed_in
from foldline.site.readers.models import Reader
from foldline.site.readers.return_path import own_path
from foldline.site.readers.sign_in import PENDING_SECONDS
from foldline.site.readers.views import ask_again, go_on
from foldline.site.readers.wording import words

PART = "passkeys"


@require_POST
def ask_for_known(request: HttpRequest) -> HttpResponse:
    """The question to a browser that wants to sign in by a passkey, as JSON."""
    _require_offered()
    if not ratelimit.consume(request, action="passkey"):
        return JsonResponse({}, status=429)
    if not request.user.is_authenticated:
        request.session.set_expiry(PENDING_SECONDS)
    return JsonResponse(passkeys.ask_for_known(request))


@require_POST
def use(request: HttpRequest) -> HttpResponse:
    """Sign in by the answer of a passkey. It leads on like a code, and gives the same pass."""
    _require_offered()
    return_path = own_path(request.POST.get("next"))
    if request.user.is_authenticated:
        return go_on(request, return_path)
    if not ratelimit.consume(request, action="passkey"):
        return ask_again(request, return_path, words()["code.too-many"], 429)
    try:
        reader = passkeys.reader_of(request, request.POST.get("credential", ""))
    except InvalidToken:
        return ask_again(request, return_path, words()["sign-in.passkey-wrong"], 403)
    response: HttpResponse = perform_login(request, Login(user=reader, redirect_url=return_path))
    return response


@require_POST
@signed_in
def ask_for_new(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The question to a browser that makes a passkey, as JSON."""
    _require_offered()
    return JsonResponse(passkeys.ask_for_new(request, reader))


@require_POST
@signed_in
def add(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Keep a new passkey, and tell the reader by mail: whoever holds one is in without a code."""
    _require_offered()
    if passkeys.of(reader).count() >= passkeys.MOST:
        return done("passkey-many", PART)
    name = request.POST.get("name", "").strip() or passes.device_name(request)
    try:
        passkeys.add(request, reader, request.POST.get("credential", ""), name)
    except InvalidToken:
        return done("passkey-wrong", PART)
    mail.send_notice(reader.email, "passkey", device=name[: passkeys.LONGEST_NAME])
    return done("passkey-added", PART)


@require_POST
@signed_in
def change(request: HttpRequest, reader: Reader, number: int) -> HttpResponse:
    """Rename a passkey, or remove it."""
    passkey = passkeys.of(reader).filter(pk=number).first()
    if passkey is None:
        raise Http404
    if "remove" in request.POST:
        passkey.delete()
        return done("passkey-removed", PART)
    passkeys.rename(passkey, request.POST.get("name", ""))
    return done("passkey-renamed", PART)


def _require_offered() -> None:
    if not passkeys.offered():
        raise Http404
