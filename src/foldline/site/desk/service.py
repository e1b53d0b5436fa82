"""Reader service: find a reader by address, see why one can't read, give and end entitlements, end sessions, note."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foldline.errors import StoreUnavailable
from foldline.policy.window import window_at
from foldline.signed.counting import reader_owner
from foldline.site.billing import held
from foldline.site.desk import audit
from foldline.site.desk.audited import staff_of
from foldline.site.desk.models import ReaderNote
from foldline.site.desk.pages import page, staff_page, zone
from foldline.site.desk.roles import Power
from foldline.site.newsroom.press import rules_in_force
from foldline.site.readers import entitlements, erasing, moment, passes
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Entitlement, PassFacts, Product, Reader, ReaderSession
from foldline.stores.meter import SqliteMeter
from foldline.stores.passes import pack_products

FOUND = 20
MOST_DAYS = 366

if TYPE_CHECKING:
    ProductChoice = forms.ModelChoiceField[Product]
else:
    ProductChoice = forms.ModelChoiceField


class FindForm(forms.Form):
    """An address, or the beginning of one. It goes by POST: an address of a reader stands in no address of a page."""

    email = forms.CharField(label="E-mail address, or its beginning", min_length=3, max_length=254)


class GiveForm(forms.Form):
    """So many days of a product, from now on."""

    product = ProductChoice(label="Product", queryset=Product.objects.all(), empty_label=None)
    days = forms.IntegerField(label="Days", min_value=1, max_value=MOST_DAYS, initial=30)
    note = forms.CharField(label="Why", max_length=300)


class NoteForm(forms.Form):
    """A note for other staff."""

    text = forms.CharField(label="Note", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


@dataclass(frozen=True, slots=True)
class Known:
    """One thing that bears on whether a reader can read: whether it speaks for it, and what it is."""

    good: bool
    what: str


@staff_page(Power.SERVE_READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Find a reader by address. One who is found alone is shown at once."""
    form = FindForm(request.POST or None)
    found: list[Reader] = []
    looked = False
    if form.is_valid():
        wanted = form.cleaned_data["email"].strip().casefold()
        exact = Reader.objects.filter(email=wanted).first()
        found = [exact] if exact else list(Reader.objects.filter(email__istartswith=wanted)[:FOUND])
        looked = True
        if len(found) == 1:
            return SeeOther(reverse("reader", args=[found[0].pk]))
    return page(request, "readers", "Readers", {"form": form, "found": found, "looked": looked, "most": FOUND})


@staff_page(Power.SERVE_READERS)
@require_safe
def reader(request: HttpRequest, pk: int) -> HttpResponse:
    """One reader, with everything that bears on whether they can read."""
    return _shown(request, get_object_or_404(Reader, pk=pk))


@staff_page(Power.SERVE_READERS)
@require_POST
@transaction.atomic
def give(request: HttpRequest, pk: int) -> HttpResponse:
    """Give so many days of a product."""
    one = get_object_or_404(Reader, pk=pk)
    form = GiveForm(request.POST)
    if not form.is_valid():
        return _shown(request, one, giving=form, status=400)
    ends = moment.now() + timedelta(days=form.cleaned_data["days"])
    given = entitlements.give(
        one, form.cleaned_data["product"], ends_at=ends, note=form.cleaned_data["note"], by=staff_of(request)
    )
    audit.record(staff_of(request), "gave", audit.of_entitlement(given), "", f"{form.cleaned_data['days']} days")
    return SeeOther(reverse("reader", args=[pk]))


@staff_page(Power.SERVE_READERS)
@require_POST
@transaction.atomic
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End an entitlement now."""
    entitlement = get_object_or_404(Entitlement, pk=_number(request, "entitlement"), reader_id=pk)
    if entitlement.runs(moment.now()) and entitlement.kind not in Entitlement.OF_SUBSCRIPTIONS:
        before = f"until {entitlement.end:%Y-%m-%d}" if entitlement.end else "without end"
        entitlements.end(entitlement, by=staff_of(request))
        audit.record(staff_of(request), "ended", audit.of_entitlement(entitlement), before, "ended now")
    return SeeOther(reverse("reader", args=[pk]))


@staff_page(Power.SERVE_READERS)
@require_POST
@transaction.atomic
def sign_out(request: HttpRequest, pk: int) -> HttpResponse:
    """End one session of a reader, or, where none is named, all of them."""
    one = get_object_or_404(Reader, pk=pk)
    running = ReaderSession.objects.filter(reader=one, ended_at=None)
    if "session" in request.POST:
        running = running.filter(pk=_number(request, "session"))
    count = len(running)
    passes.end(running)
    if count:
        audit.record(staff_of(request), "signed out", audit.of_reader(one), f"{count} running", "ended")
    return SeeOther(reverse("reader", args=[pk]))


@staff_page(Power.SERVE_READERS)
@require_POST
@transaction.atomic
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Erase an account, where its address was typed once more: nothing brings it back."""
    one = get_object_or_404(Reader, pk=pk)
    if one.is_staff or request.POST.get("email", "").strip().casefold() != one.email:
        return _shown(request, one, erasing_refused=True, status=400)
    if held.renews(one):
        return _shown(request, one, still_charging=True, status=400)
    audit.record(staff_of(request), "erased", audit.of_reader(one))
    erasing.erase(one)
    return SeeOther(reverse("readers"))


@staff_page(Power.SERVE_READERS)
@require_POST
@transaction.atomic
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a note. Notes are never changed."""
    one = get_object_or_404(Reader, pk=pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _shown(request, one, noting=form, status=400)
    ReaderNote.objects.create(reader=one, by=staff_of(request).email, text=form.cleaned_data["text"])
    audit.record(staff_of(request), "wrote a note", audit.of_reader(one))
    return SeeOther(reverse("reader", args=[pk]))


def _shown(
    request: HttpRequest,
    one: Reader,
    *,
    giving: GiveForm | None = None,
    noting: NoteForm | None = None,
    erasing_refused: bool = False,
    still_charging: bool = False,
    status: int = 200,
) -> HttpResponse:
    now = moment.now()
    rights = [
        (right, right.runs(now), right.kind in Entitlement.OF_SUBSCRIPTIONS)
        for right in Entitlement.objects.filter(reader=one).select_related("product", "given_by")
    ]
    context = {
        "reader": one,
        "known": known_of(one),
        "rights": rights,
        "sessions": [(session, date.fromordinal(day) if day else None) for session, day in passes.in_use(one)],
        "notes": ReaderNote.objects.filter(reader=one),
        "giving": giving or GiveForm(),
        "noting": noting or NoteForm(),
        "erasing_refused": erasing_refused,
        "still_charging": still_charging,
    }
    return page(request, "reader", "Reader", context, status=status)


def known_of(one: Reader) -> list[Known]:
    """Everything about the account itself that lets a reader read, or keeps them from it."""
    known = [Known(one.is_active, "The account is open." if one.is_active else "The account is closed.")]
    sessions = [session for session, _day in passes.in_use(one)]
    count = len(sessions)
    signed_in = {0: "Signed in nowhere.", 1: "Signed in on one device."}
    known.append(Known(count > 0, signed_in.get(count, f"Signed in on {count} devices.")))
    now = moment.now()
    for product, end in passes.products_running(one):
        at = datetime.fromtimestamp(end, zone()) if end else None
        if at is None:
            known.append(Known(True, f"{product}: without end."))
        elif at > now:
            known.append(Known(True, f"{product}: until {at:%Y-%m-%d %H:%M}."))
        else:
            known.append(Known(False, f"{product}: ended on {at:%Y-%m-%d %H:%M}."))
    if not passes.product_ends(one):
        known.append(Known(False, "No entitlement, now or before."))
    for later in Entitlement.objects.filter(reader=one, starts_at__gt=now).select_related("product"):
        known.append(
            Known(False, f"{later.product}: starts only on {later.starts_at.astimezone(zone()):%Y-%m-%d %H:%M}.")
        )
    known += _meters(one)
    packed = pack_products(passes.product_ends(one))
    keys = [session.pass_session for session in sessions]
    if PassFacts.objects.filter(session__in=keys, ended_at=0).exclude(products=packed).exists():
        known.append(Known(False, "A device carries another right than the account has: sign it out."))
    return known


def _meters(one: Reader) -> list[Known]:
    """How much each allowance of the rules has left for this reader. Which articles were read is not looked up."""
    rules = rules_in_force()
    if rules is None:
        return [Known(False, "No rules can be read: previews only, for everybody.")]
    owner = reader_owner(passes.keyring(), bytes.fromhex(one.key))
    known = []
    try:
        with closing(SqliteMeter(settings.FOLDLINE.home)) as store:
            for allowance in rules.allowances.values():
                window = window_at(moment.epoch(), zone(), allowance.days)
                used = store.used(owner, allowance.name, window.number)
                limit = allowance.limit(signed_in=True)
                what = f"Meter “{allowance.name}”: {used} of {limit} articles read, until {window.resets:%Y-%m-%d}."
                known.append(Known(used < limit, what))
    except StoreUnavailable:
        known.append(Known(False, "The meter can’t be read just now: nothing metered opens."))
    return known


def _number(request: HttpRequest, name: str) -> int:
    given = request.POST.get(name, "")
    if not given.isascii() or not given.isdecimal() or len(given) > 15:
        raise Http404
    return int(given)
