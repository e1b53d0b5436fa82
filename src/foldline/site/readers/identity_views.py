"""Going to a provider, coming back from it, and taking a link away."""

from __future__ import annotations

import logging

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from allauth.core import ratelimit
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from foldline.config import Provider
from foldline.errors import InvalidToken, StoreUnavailable
from foldline.site.readers import identities, oidc, rendering
from foldline.site.readers.account import done, signed_in
from foldline.site.readers.models import Reader
from foldline.site.readers.oidc import Asked
from foldline.site.readers.return_path import FRONT, own_path
from foldline.site.readers.sign_in import PENDING_SECONDS
from foldline.site.readers.views import ask_again, go_on
from foldline.site.readers.wording import words

PART = "identities"

log = logging.getLogger(__name__)


@require_POST
def go(request: HttpRequest, name: str) -> HttpResponse:
    """Send the browser to a provider. A page in between, because no form of ours may lead to another host."""
    provider = _provider(name)
    return_path = own_path(request.POST.get("next"))
    reader = request.user if isinstance(request.user, Reader) else None
    if reader is not None and "link" not in request.POST:
        return go_on(request, return_path)
    if not ratelimit.consume(request, action="identity"):
        return ask_again(request, return_path, words()["code.too-many"], 429)
    if reader is None:
        request.session.set_expiry(PENDING_SECONDS)
    try:
        address = oidc.ask(request, provider, Asked(return_path, reader.key if reader is not None else ""))
    except StoreUnavailable as error:
        log.warning("%s", error)
        return _refusal(request, provider, return_path, "sign-in.identity-silent", 502)
    title = words().format("sign-in.going-title", label=provider.label)
    context = {"address": address, "label": provider.label}
    response = rendering.page(request, "going", title, {**context, **_texts(provider)})
    response.headers["Refresh"] = f"0; url={address}"
    return response


@require_safe
def back(request: HttpRequest, name: str) -> HttpResponse:
    """The browser comes back with an answer. Whoever opens this address without having asked is told so."""
    provider = _provider(name)
    return_path = FRONT
    try:
        asked, state = oidc.recall(request, provider)
        return_path = asked.return_path
        who = oidc.answer(request, provider, state)
        if asked.linked_to:
            return _link(request, provider, who, asked)
        if request.user.is_authenticated:
            return go_on(request, return_path)
        reader = identities.reader_of(provider, who)
    except identities.Refused as refused:
        return _refusal(request, provider, return_path, refused.words, 403)
    except InvalidToken:
        return _refusal(request, provider, return_path, "sign-in.identity-failed", 403)
    except StoreUnavailable as error:
        log.warning("%s", error)
        return _refusal(request, provider, return_path, "sign-in.identity-silent", 502)
    response: HttpResponse = perform_login(request, Login(user=reader, redirect_url=return_path))
    return response


@require_POST
@signed_in
def unlink(request: HttpRequest, reader: Reader, number: int) -> HttpResponse:
    """Take a link away. A code opens the account all the same."""
    if not identities.of(reader).filter(pk=number).delete()[0]:
        raise Http404
    return done("unlinked", PART)


def _link(request: HttpRequest, provider: Provider, who: oidc.Who, asked: Asked) -> HttpResponse:
    reader = request.user
    if not isinstance(reader, Reader) or reader.key != asked.linked_to:
        raise InvalidToken("somebody else is signed in by now")
    identities.link(reader, provider, who)
    return done("linked", PART)


def _provider(name: str) -> Provider:
    for provider in identities.providers():
        if provider.name == name:
            return provider
    raise Http404


def _texts(provider: Provider) -> dict[str, str]:
    return {
        "going": words().format("sign-in.going", label=provider.label),
        "going_on": words().format("sign-in.going-on", label=provider.label),
    }


def _refusal(request: HttpRequest, provider: Provider, return_path: str, why: str, status: int) -> HttpResponse:
    sentence = words().format(why, label=provider.label)
    if request.user.is_authenticated:
        context = {"sentence": sentence}
        return rendering.page(request, "identity_refused", words()["account.identities"], context, status=status)
    return ask_again(request, return_path, sentence, status)
