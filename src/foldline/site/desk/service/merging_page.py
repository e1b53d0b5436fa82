"""Making two accounts of one person one: what each has, what will be, and the act, on a second step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from foldline.errors import StoreUnavailable
from foldline.site.billing import held
from foldline.site.desk import audit
from foldline.site.desk.audited import staff_of
from foldline.site.desk.looking import Eye
from foldline.site.desk.models import MergedAccount, ReaderNote
from foldline.site.desk.pages import page, staff_page, zone
from foldline.site.desk.roles import Power
from foldline.site.desk.service.finding import exactly
from foldline.site.desk.service.reader_page import shown
from foldline.site.readers import identities, known_as, merging, meters, passes, passkeys
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.merging import CannotMerge, Obstacle
from foldline.site.readers.models import Entitlement, Reader

#: Why not, and what to do about it.
OBSTACLES = {
    Obstacle.SAME: "This is one account already: type the address of the other one.",
    Obstacle.STAFF: "One of the two is staff. An account at the desk stays by itself.",
    Obstacle.CLOSED: "One of the two is closed. Open it first, if its reader is to have what stands there.",
    Obstacle.BOTH_RENEW: (
        "Both have a subscription that is renewed, so the reader would go on paying twice. Cancel or refund one of "
        "them at the payment provider first; as soon as it is no longer renewed here, the two can be made one."
    ),
}
NOBODY = "No account has exactly this address or key."
SILENT = "The meter can’t be written just now, so nothing was changed. Try again."


class OtherForm(forms.Form):
    """Which account is the other one. It goes by POST: an address of a reader stands in no address of a page."""

    other = forms.CharField(label="Its whole e-mail address, or its key", max_length=255)


@dataclass(frozen=True, slots=True)
class Line:
    """What one account, the other one, and the account that will be have of something."""

    what: str
    kept: tuple[str, ...]
    other: tuple[str, ...]
    then: tuple[str, ...]


@staff_page(Power.SERVE_READERS)
@require_POST
def merge(request: HttpRequest, pk: int, eye: Eye) -> HttpResponse:
    """Show both accounts, and, once that is confirmed, make them one. Confirmed twice, it is done once."""
    kept = get_object_or_404(Reader, pk=pk)
    form = OtherForm(request.POST)
    wanted = form.cleaned_data["other"].strip() if form.is_valid() else ""
    if MergedAccount.objects.filter(reader=kept, key=wanted.casefold()).exists():
        return _done(kept)
    other = exactly(wanted)
    if other is None:
        return shown(request, kept, eye, other=wanted, merging_refused=NOBODY, status=400)
    obstacle = merging.obstacle(kept, other)
    if obstacle is not None:
        return shown(request, kept, eye, other=wanted, merging_refused=OBSTACLES[obstacle], status=409)
    if "confirmed" not in request.POST:
        try:
            lines = _lines(kept, other)
        except StoreUnavailable:
            return shown(request, kept, eye, other=wanted, merging_refused=SILENT, status=503)
        return page(request, "merge", "Make two accounts one", {"kept": kept, "other": other, "lines": lines})
    try:
        with transaction.atomic():
            before = f"readers {kept.pk} and {other.pk}"
            merging.merge(kept, other)
            audit.record(staff_of(request), "merged", audit.of_reader(kept), before, f"reader {kept.pk}")
    except CannotMerge as refused:
        return shown(request, kept, eye, other=wanted, merging_refused=OBSTACLES[refused.obstacle], status=409)
    except StoreUnavailable:
        return shown(request, kept, eye, other=wanted, merging_refused=SILENT, status=503)
    return _done(kept)


def _done(kept: Reader) -> HttpResponse:
    return SeeOther(f"{reverse('reader', args=[kept.pk])}?done=merged")


def _lines(kept: Reader, other: Reader) -> list[Line]:
    both = (kept, other)
    confirmed = other.email in {one.email for one in merging.confirmed(other)}
    signs_in = [*known_as.addresses(kept), *(one.email for one in merging.confirmed(other))]
    freed = () if confirmed else (f"{other.email} is free: nobody confirmed it.",)
    lines = [
        Line("Signs in by", _addresses(kept), _addresses(other), (*signs_in, *freed)),
        Line("Name", _name(kept), _name(other), _name(kept) or _name(other)),
        _union("Entitlements", *(_rights(one) for one in both)),
        _union("Subscriptions", *(_subscriptions(one) for one in both)),
        Line("Signed in", _devices(kept), _devices(other), (*_devices(kept), *_ended(other))),
        _union("Passkeys", *(tuple(str(key) for key in passkeys.of(one)) for one in both)),
        _union(
            "Sign-ins elsewhere", *(tuple(identities.label_of(link) for link in identities.of(one)) for one in both)
        ),
        _meter(kept, other),
        _union("Notes of staff", *(_counted(ReaderNote.objects.filter(reader=one).count(), "note") for one in both)),
    ]
    return [line for line in lines if line.kept or line.other]


def _union(what: str, kept: tuple[str, ...], other: tuple[str, ...]) -> Line:
    return Line(what, kept, other, (*kept, *other))


def _addresses(one: Reader) -> tuple[str, ...]:
    return tuple(known_as.addresses(one))


def _name(one: Reader) -> tuple[str, ...]:
    return (one.name,) if one.name else ()


def _rights(one: Reader) -> tuple[str, ...]:
    rights = Entitlement.objects.filter(reader=one).select_related("product").order_by("starts_at", "pk")
    return tuple(f"{right.product}, {right.get_kind_display().lower()}, {_until(right.end)}" for right in rights)


def _until(end: datetime | None) -> str:
    return "without end" if end is None else f"until {end.astimezone(zone()):%Y-%m-%d}"


def _subscriptions(one: Reader) -> tuple[str, ...]:
    return tuple(f"{bought.plan}, {bought.state}, {bought.provider_id}" for bought in held.of(one))


def _devices(one: Reader) -> tuple[str, ...]:
    return tuple(session.device or "A device" for session, _day in passes.in_use(one))


def _ended(other: Reader) -> tuple[str, ...]:
    count = len(passes.in_use(other))
    return (f"signed out: {count} of the other account",) if count else ()


def _meter(kept: Reader, other: Reader) -> Line:
    counted = [{(tally.meter, tally.ends): tally.articles for tally in meters.tallies(one)} for one in (kept, other)]
    names = sorted(set(counted[0]) | set(counted[1]))

    def told(articles: list[int]) -> tuple[str, ...]:
        return tuple(f"{name}: {count} read" for (name, _ends), count in zip(names, articles, strict=True) if count)

    each = [[tallies.get(name, 0) for name in names] for tallies in counted]
    return Line("Meter", told(each[0]), told(each[1]), told([sum(pair) for pair in zip(*each, strict=True)]))


def _counted(count: int, what: str) -> tuple[str, ...]:
    return (f"{count} {what}{'' if count == 1 else 's'}",) if count else ()
