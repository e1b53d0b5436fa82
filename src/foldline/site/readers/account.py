"""A reader's own account, all of it on one page, and the page where nothing is sold yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from foldline import config
from foldline.pages.assets import asset_path
from foldline.pages.dates import short_dateline
from foldline.site.readers import identities, known_as, moment, passes, passkeys, rendering
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Entitlement, Reader
from foldline.site.readers.return_path import own_path
from foldline.site.readers.wording import words

Arguments = ParamSpec("Arguments")

#: What a page of the account may say about what was just done. The address names it; the words are ours.
DONE = frozenset(
    (
        "device",
        "others",
        "passkey-added",
        "passkey-renamed",
        "passkey-removed",
        "linked",
        "unlinked",
        "address",
        "further",
        "cancelled",
        "resumed",
        "print",
        "feed-ended",
        "gift-back",
    )
)
FAILED = frozenset(("passkey-wrong", "passkey-many"))

#: Parts of the page that other rooms add as they are set up: each gives its HTML, "" where it has nothing to say.
PARTS: list[Callable[[HttpRequest, Reader], SafeString]] = []
#: The same for those that stand behind the devices.
AFTER_DEVICES: list[Callable[[HttpRequest, Reader], SafeString]] = []


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list on the account's page. `here` marks this device, `rename` labels a field."""

    id: int
    name: str
    facts: tuple[str, ...]
    here: bool = False
    rename: str = ""


def signed_in(
    view: Callable[Concatenate[HttpRequest, Reader, Arguments], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Arguments], HttpResponse]:
    """A view of the account: it is given the reader, and whoever is not signed in goes to sign in first."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
        reader = request.user
        if not isinstance(reader, Reader):
            query = urlencode({"next": reverse("account")}, safe="/")
            return SeeOther(f"{reverse('account_login')}?{query}")
        return view(request, reader, *args, **kwargs)

    return guarded


def done(what: str, at: str = "") -> HttpResponse:
    """Back to the account's page, which says what was done; `at` is the part of it to look at."""
    return SeeOther(f"{reverse('account')}?done={what}{f'#{at}' if at else ''}")


@require_safe
@signed_in
def account(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The address, what it may read until when, where it is signed in and how, and the way out."""
    said = request.GET.get("done", "")
    context = {
        "reader": reader,
        "done": words()[f"account.done-{said}"] if said in DONE else "",
        "problem": words()[f"account.{said}"] if said in FAILED else "",
        "further": known_as.further(reader),
        "since": words().format("account.since", date=_date(reader.joined_at)),
        "subscriptions": _subscriptions(reader),
        "parts": [html for part in PARTS if (html := part(request, reader))],
        "after_devices": [html for part in AFTER_DEVICES if (html := part(request, reader))],
        "devices": _devices(request, reader),
        "device": passes.device_name(request),
        "passkeys_offered": passkeys.offered(),
        "passkeys": _passkeys(reader),
        "identities": _identities(reader),
        "linkable": _linkable(reader),
        "script": asset_path("passkeys.js", rendering.publication().prefix),
    }
    response = rendering.page(request, "account", words()["account.title"], context)
    session = passes.running(request)
    if session is not None:
        passes.give_pass(response, session)
    return response


@require_safe
def subscribe(request: HttpRequest) -> HttpResponse:
    """An honest page: nothing is sold here yet, and who can be asked."""
    foldline: config.Settings = settings.FOLDLINE
    offer = foldline.publication.offer
    context = {
        "offer": words().format("offer.line", product=offer.product, price=offer.price)
        if offer.product and offer.price
        else offer.product,
        "contact": foldline.mail.sender,
        "next": own_path(request.GET.get("next")),
    }
    title = words().format("subscribe.title", name=foldline.publication.name)
    return rendering.page(request, "subscribe", title, context)


def _subscriptions(reader: Reader) -> list[str]:
    lines = []
    for product, end in passes.products_running(reader, Entitlement.OF_SUBSCRIPTIONS):
        if not end:
            lines.append(words().format("account.runs-open", product=product))
            continue
        key = "account.runs" if end > moment.epoch() else "account.ended"
        date = _date(datetime.fromtimestamp(end, UTC))
        lines.append(words().format(key, product=product, date=date))
    return lines


def _devices(request: HttpRequest, reader: Reader) -> list[Entry]:
    here = request.session.session_key
    entries = []
    for session, day in passes.in_use(reader):
        facts = [words().format("account.device-since", date=_date(session.started_at))]
        if day:
            noon = datetime.combine(date.fromordinal(day), time(12), settings.FOLDLINE.zone)
            facts.append(words().format("account.device-used", date=_date(noon)))
        name = session.device or words()["device.unknown"]
        entries.append(Entry(session.pk, name, tuple(facts), session.django_key == here))
    return entries


def _passkeys(reader: Reader) -> list[Entry]:
    entries = []
    for passkey in passkeys.of(reader):
        since = words().format("account.passkey-since", date=_date(passkey.created_at))
        used = words()["account.passkey-unused"]
        if passkey.last_used_at is not None:
            used = words().format("account.passkey-used", date=_date(passkey.last_used_at))
        rename = words().format("account.passkey-rename", name=passkey)
        entries.append(Entry(passkey.pk, str(passkey), (since, used), rename=rename))
    return entries


def _identities(reader: Reader) -> list[Entry]:
    entries = []
    for linked in identities.of(reader):
        since = words().format("account.identity-since", date=_date(linked.date_joined))
        entries.append(Entry(linked.pk, identities.label_of(linked), (since,)))
    return entries


def _linkable(reader: Reader) -> list[tuple[str, str]]:
    """Providers that do not open this account yet: name, and what the button says."""
    linked = set(identities.of(reader).values_list("provider", flat=True))
    return [
        (provider.name, words().format("account.identity-link", label=provider.label))
        for provider in identities.providers()
        if provider.issuer not in linked
    ]


def _date(at: datetime) -> str:
    foldline: config.Settings = settings.FOLDLINE
    return short_dateline(at, foldline.publication.zone, foldline.publication.language)
