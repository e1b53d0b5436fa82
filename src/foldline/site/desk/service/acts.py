"""What staff do for a reader: give days, end what staff gave, send a code again, sign out, note, erase.

Every act is one transaction with its line in the audit log.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from foldline.site.billing import held
from foldline.site.desk import audit
from foldline.site.desk.audited import staff_of
from foldline.site.desk.looking import Eye
from foldline.site.desk.models import ReaderNote
from foldline.site.desk.pages import staff_page
from foldline.site.desk.roles import Power
from foldline.site.desk.service import resending
from foldline.site.desk.service.forms import GiveForm, NoteForm
from foldline.site.desk.service.reader_page import shown
from foldline.site.feeds import keys as feed_keys
from foldline.site.feeds.models import FeedKey
from foldline.site.readers import entitlements, erasing, moment, passes
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Entitlement, Reader, ReaderSession


@staff_page(Power.SERVE_READERS)
@require_POST
@transaction.atomic
def give(request: HttpRequest, pk: int, eye: Eye) -> HttpResponse:
    """Give so many days of a product."""
    one = get_object_or_404(Reader, pk=pk)
    form = GiveForm(request.POST)
    if not form.is_valid():
        return shown(request, one, eye, giving=form, status=400)
    ends = moment.now() + timedelta(days=form.cleaned_data["days"])
    given = entitlements.give(
        one, form.cleaned_data["product"], ends_at=ends, note=form.cleaned_data["note"], by=staff_of(request)
    )
    told = f"{given.get_kind_display().lower()}, {form.cleaned_data['days']} days, until {ends:%Y-%m-%d}"
    audit.record(staff_of(request), "gave", audit.of_entitlement(given), _stood(one, given), told)
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
def resend_code(request: HttpRequest, pk: int) -> HttpResponse:
    """Mail the reader a new code for signing in where they wait for one."""
    one = get_object_or_404(Reader, pk=pk)
    became = resending.resend(request, one)
    if became is resending.Resent.SENT:
        audit.record(staff_of(request), "sent a code", audit.of_reader(one), "", "mailed to the reader")
    return SeeOther(f"{reverse('reader', args=[pk])}?done={became}")


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
def end_feed(request: HttpRequest, pk: int) -> HttpResponse:
    """End one private feed of a reader. They can make another."""
    feed = get_object_or_404(FeedKey, pk=_number(request, "feed"), reader_id=pk)
    feed_keys.end([feed])
    audit.record(
        staff_of(request), "ended a feed", audit.of_reader(feed.reader), f"feed of {feed.base or '/'}", "ended"
    )
    return SeeOther(reverse("reader", args=[pk]))


@staff_page(Power.SERVE_READERS)
@require_POST
@transaction.atomic
def erase(request: HttpRequest, pk: int, eye: Eye) -> HttpResponse:
    """Erase an account, where its address was typed once more: nothing brings it back."""
    one = get_object_or_404(Reader, pk=pk)
    if one.is_staff or request.POST.get("email", "").strip().casefold() != one.email:
        return shown(request, one, eye, erasing_refused=True, status=400)
    if held.renews(one):
        return shown(request, one, eye, still_charging=True, status=400)
    audit.record(staff_of(request), "erased", audit.of_reader(one))
    erasing.erase(one)
    return SeeOther(reverse("readers"))


@staff_page(Power.SERVE_READERS)
@require_POST
@transaction.atomic
def note(request: HttpRequest, pk: int, eye: Eye) -> HttpResponse:
    """Write a note. Notes are never changed."""
    one = get_object_or_404(Reader, pk=pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return shown(request, one, eye, noting=form, status=400)
    ReaderNote.objects.create(reader=one, by=staff_of(request).email, text=form.cleaned_data["text"])
    audit.record(staff_of(request), "wrote a note", audit.of_reader(one))
    return SeeOther(reverse("reader", args=[pk]))


def _number(request: HttpRequest, name: str) -> int:
    given = request.POST.get(name, "")
    if not given.isascii() or not given.isdecimal() or len(given) > 15:
        raise Http404
    return int(given)


def _stood(one: Reader, given: Entitlement) -> str:
    """What a reader had of a product before it was given: its latest end, or "" where they never had it."""
    before = Entitlement.objects.filter(reader=one, product=given.product).exclude(pk=given.pk)
    if not before:
        return ""
    ends = [right.end for right in before]
    known = [end for end in ends if end is not None]
    return f"until {max(known):%Y-%m-%d}" if len(known) == len(ends) else "without end"
