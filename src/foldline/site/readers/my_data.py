"""A reader's own data: a file with all of it, and the way to erase it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth import logout
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods, require_safe

from foldline.site.billing import held, kept
from foldline.site.billing.models import Order, Withdrawal
from foldline.site.circulation.models import PrintActivation
from foldline.site.desk.models import AuditEntry, MergedAccount, ReaderNote
from foldline.site.feeds import keys as feed_keys
from foldline.site.gifts import giving
from foldline.site.institutions.models import Provided
from foldline.site.readers import erasing, identities, known_as, meters, moment, passes, passkeys, rendering
from foldline.site.readers.account import signed_in
from foldline.site.readers.models import Reader, SignInCode
from foldline.site.readers.wording import words
from foldline.stores.gifts import Given

FILE = "my-data.json"


@require_safe
@signed_in
def data(request: HttpRequest, reader: Reader) -> HttpResponse:
    """All that is stored about a reader, as a file for people and programs."""
    layout = {"indent": 2, "ensure_ascii": False}
    response = JsonResponse(told(reader), json_dumps_params=layout)
    response.headers["Content-Disposition"] = f'attachment; filename="{FILE}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def erase(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Say what goes and what stays, and on POST let it go."""
    if reader.is_staff:
        context: dict[str, Any] = {"staff": True}
        return rendering.page(request, "erase", words()["erase.title"], context, status=403)
    if held.renews(reader):
        # Else a provider would go on charging somebody whom nobody here knows any more.
        return rendering.page(request, "erase", words()["erase.title"], {"renews": True}, status=409)
    if request.method != "POST":
        runs = any(entitlement.runs(moment.now()) for entitlement in reader.entitlements.all())
        return rendering.page(request, "erase", words()["erase.title"], {"runs": runs})
    erasing.erase(reader)
    meters.forget_device(request)
    logout(request)
    response = rendering.page(request, "erased", words()["erase.done-title"])
    passes.expire_cookies(response, meter=True)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def told(reader: Reader) -> dict[str, Any]:
    """What is stored about a reader. Moments are UTC; a day is one in the publication's zone."""
    return _account(reader) | _read_and_bought(reader) | _signed_in_by(reader) | _said_by_staff(reader)


def _account(reader: Reader) -> dict[str, Any]:
    return {
        "account": {
            "email": reader.email,
            "further_addresses": known_as.further_addresses(reader),
            "name": reader.name,
            "key": reader.key,
            "confirmed": EmailAddress.objects.filter(user=reader, verified=True).exists(),
            "joined": _moment(reader.joined_at),
            "last_signed_in": _moment(reader.last_login),
        },
        "merged_accounts": [
            {"key": one.key, "at": _moment(one.at)} for one in MergedAccount.objects.filter(reader=reader)
        ],
    }


def _gave(given: tuple[Given, ...]) -> dict[str, Any]:
    return {
        "gifts": [
            {
                "article": one.article,
                "shown_name": one.giver,
                "given": _epoch(one.made_at),
                "until": _epoch(one.ends),
                "taken_back": _epoch(one.taken_back),
                "opened_on_devices": one.opened,
                "may_be_opened_on": one.most,
            }
            for one in given
        ],
        "gifts_left_this_month": giving.left(given),
    }


def _read_and_bought(reader: Reader) -> dict[str, Any]:
    return {
        "subscriptions": [
            {
                "product": str(entitlement.product),
                "kind": entitlement.kind,
                "given": _moment(entitlement.given_at),
                "from": _moment(entitlement.starts_at),
                "until": _moment(entitlement.end),
                "note": entitlement.note,
            }
            for entitlement in reader.entitlements.select_related("product").order_by("starts_at", "pk")
        ],
        "provided_by_institutions": [
            {"note": row.entitlement.note, "address_proven": _moment(row.proven_at)}
            for row in Provided.objects.filter(entitlement__reader=reader).select_related("entitlement").order_by("pk")
        ],
        "print_subscriptions": [
            {"number": one.subscription.number, "activated": _moment(one.at), "until": _moment(one.entitlement.end)}
            for one in PrintActivation.objects.filter(reader=reader).select_related("subscription", "entitlement")
        ],
        **_gave(giving.of(reader)),
        "plans": kept.told(reader),
        "agreed_to": [
            {
                "at": _epoch(order.agreed_at),
                "plan": order.plan,
                "order_number": order.number,
                "terms": order.terms,
                "version": order.terms_version,
                "language": order.language,
                "came_from": order.return_path,
                "at_provider": f"{order.provider} {order.checkout}".strip(),
                "confirmed": _epoch(order.confirmed_at),
            }
            for order in Order.objects.filter(reader=reader)
        ],
        "withdrawals": [
            {
                "at": _moment(datetime.fromtimestamp(one.at, UTC)),
                "declared": one.declared,
                "language": one.language,
                "outcome": one.outcome,
            }
            for one in Withdrawal.objects.filter(
                Q(email__in=known_as.addresses(reader)) | Q(subscription__reader=reader)
            )
        ],
    }


def _signed_in_by(reader: Reader) -> dict[str, Any]:
    return {
        "devices": [
            {
                "name": session.device,
                "signed_in": _moment(session.started_at),
                "last_used_on": date.fromordinal(day).isoformat() if day else None,
            }
            for session, day in passes.in_use(reader)
        ],
        "feeds": [
            {
                "of": one.key.base or "/",
                "made": _moment(one.key.made_at),
                "last_used_on": date.fromordinal(one.used_on).isoformat() if one.used_on else None,
                "networks_on_the_busiest_day": one.networks,
            }
            for one in feed_keys.running(reader)
        ],
        "meters": [
            {
                "meter": tally.meter,
                "articles": tally.articles,
                "until": _epoch(tally.ends),
            }
            for tally in meters.tallies(reader)
        ],
        "passkeys": [
            {"name": str(passkey), "added": _moment(passkey.created_at), "last_used": _moment(passkey.last_used_at)}
            for passkey in passkeys.of(reader)
        ],
        "sign_ins_elsewhere": [
            {"at": linked.provider, "as": linked.uid, "linked": _moment(linked.date_joined)}
            for linked in identities.of(reader)
        ],
        "codes_asked_for": [_moment(code.asked_at) for code in SignInCode.objects.filter(reader=reader).order_by("pk")],
    }


def _said_by_staff(reader: Reader) -> dict[str, Any]:
    given = [str(number) for number in reader.entitlements.values_list("pk", flat=True)]
    numbers = [reader.pk, *MergedAccount.objects.filter(reader=reader).values_list("number", flat=True)]
    about = Q(kind="reader", key__in=[str(number) for number in numbers]) | Q(kind="entitlement", key__in=given)
    return {
        "notes_by_staff": [
            {"at": _moment(note.at), "text": note.text} for note in ReaderNote.objects.filter(reader=reader)
        ],
        "changes_by_staff": [
            {"at": _moment(entry.at), "what": entry.what} for entry in AuditEntry.objects.filter(about).order_by("pk")
        ],
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds")


def _epoch(at: int) -> str | None:
    """A moment in epoch seconds; None for 0, which is none."""
    return _moment(datetime.fromtimestamp(at, UTC)) if at else None
