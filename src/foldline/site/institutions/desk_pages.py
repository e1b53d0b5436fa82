"""Libraries and companies at the desk: who they are, until when, with how many addresses, and what they use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.timezone import localtime
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foldline.callers.doubts import count_of
from foldline.callers.networks import read_range
from foldline.errors import StoreUnavailable
from foldline.insight.institutions import Month
from foldline.site.desk import audit
from foldline.site.desk.audited import staff_of
from foldline.site.desk.pages import page, staff_page
from foldline.site.desk.roles import Power
from foldline.site.institutions import files, provided, use
from foldline.site.institutions.forms import InstitutionForm, filled
from foldline.site.institutions.models import Provided
from foldline.site.readers import moment
from foldline.site.readers.adapter import SeeOther
from foldline.stores.institutions import Doubted, InstitutionStore, StoredInstitution

CANNOT_READ = "Institutions can’t be read just now. Try again."
CANNOT_WRITE = "It could not be written down, so nothing has changed. Try again."
#: How many months back the page offers what was used.
MONTHS = 13
_COUNTABLE = 1 << 33


@dataclass(frozen=True, slots=True)
class Shown:
    """An institution as the desk shows it. `readers` have an entitlement by their address now."""

    stored: StoredInstitution
    starts: str
    last_day: str
    readers: int

    @property
    def addresses_told(self) -> str:
        return counted(self.stored.ranges)

    @property
    def ranges(self) -> tuple[str, ...]:
        return self.stored.ranges[:3]

    @property
    def more(self) -> int:
        return len(self.stored.ranges) - 3


@staff_page(Power.CHANGE_INSTITUTIONS)
@require_safe
def institutions(request: HttpRequest) -> HttpResponse:
    """All of them: those that run, those to come, those that ended."""
    now = moment.epoch()
    context: dict[str, object] = {"months": _months()}
    try:
        shown = [_shown(one) for one in provided.known()]
    except StoreUnavailable:
        return page(request, "institutions", "Libraries", {**context, "note": CANNOT_READ}, status=503)
    groups = (
        ("Provide now", [one for one in shown if one.stored.runs(now)]),
        ("Begin later", [one for one in shown if one.stored.starts > now]),
        ("Ended", [one for one in shown if one.stored.ends <= now]),
    )
    return page(request, "institutions", "Libraries", {**context, "groups": groups, "any": bool(shown)})


@staff_page(Power.CHANGE_INSTITUTIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def institution(request: HttpRequest, number: int = 0) -> HttpResponse:
    """One of them, or with the number 0 a new one."""
    try:
        before = next((one for one in provided.known() if one.id == number), None)
    except StoreUnavailable:
        return page(request, "institution", "Library", {"note": CANNOT_READ}, status=503)
    if number and before is None:
        raise Http404
    if request.method != "POST":
        return _form_page(request, before, filled(before, localtime(moment.now()).date()))
    form = InstitutionForm(request.POST)
    if not form.is_valid():
        return _form_page(request, before, form, status=400)
    try:
        _save(request, form, before)
    except Doubted as doubted:
        return _form_page(request, before, form, doubted, status=400)
    except ValueError as error:
        form.add_error(None, f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return _form_page(request, before, form, status=400)
    except StoreUnavailable:
        form.add_error(None, CANNOT_WRITE)
        return _form_page(request, before, form, status=503)
    return SeeOther(reverse("institutions"))


@staff_page(Power.CHANGE_INSTITUTIONS)
@require_POST
def end(request: HttpRequest, number: int) -> HttpResponse:
    """End a contract now. It stays in the list."""
    now = moment.epoch()
    try:
        one = next((one for one in provided.known() if one.id == number), None)
        if one is None or not one.runs(now):
            raise Http404
        with InstitutionStore(settings.FOLDLINE.home) as store:
            # What it has was confirmed when it was stored.
            store.save(replace(one, ends=max(now, one.starts + 1)), staff_of(request).email, now, confirmed=True)
        provided.settle_all()
    except StoreUnavailable:
        return page(request, "institutions", "Libraries", {"note": CANNOT_WRITE, "months": _months()}, status=503)
    subject = audit.Subject("institution", str(number), one.name)
    audit.record(
        staff_of(request), "ended", subject, f"until {files.last_day(one, settings.FOLDLINE.zone)}", "ended now"
    )
    return SeeOther(reverse("institutions"))


@staff_page(Power.CHANGE_INSTITUTIONS)
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """All of them as the file that `foldline import institutions` takes."""
    try:
        return _file(files.as_csv(provided.known(), settings.FOLDLINE.zone), "institutions.csv")
    except StoreUnavailable:
        return page(request, "institutions", "Libraries", {"note": CANNOT_READ, "months": _months()}, status=503)


@staff_page(Power.CHANGE_INSTITUTIONS)
@require_safe
def used(request: HttpRequest) -> HttpResponse:
    """What they used in a month, as a file."""
    try:
        month = Month.of(request.GET.get("month", ""), settings.FOLDLINE.zone)
    except ValueError:
        raise Http404 from None
    try:
        return _file(use.report(settings.FOLDLINE.home, month), f"use-{month}.csv")
    except StoreUnavailable:
        return page(request, "institutions", "Libraries", {"note": CANNOT_READ, "months": _months()}, status=503)


ADDRESSES: list[URLPattern] = [
    path("institutions", institutions, name="institutions"),
    path("institutions/new", institution, name="institution_new"),
    path("institutions/<int:number>", institution, name="institution"),
    path("institutions/<int:number>/end", end, name="institution_end"),
    path("institutions/list.csv", listed, name="institutions_list"),
    path("institutions/use.csv", used, name="institutions_use"),
]


def _save(request: HttpRequest, form: InstitutionForm, before: StoredInstitution | None) -> None:
    given = form.stored(before.id if before is not None else 0)
    by = staff_of(request)
    with InstitutionStore(settings.FOLDLINE.home) as store:
        stored = store.save(given, by.email, moment.epoch(), confirmed=form.cleaned_data["confirm"])
    subject = audit.Subject("institution", str(stored.id), stored.name)
    audit.record(by, "added" if before is None else "changed", subject, _told(before), _told(stored))
    provided.settle_all()


def _told(one: StoredInstitution | None) -> str:
    if one is None:
        return ""
    zone = settings.FOLDLINE.zone
    networks, domains = ", ".join(one.ranges) or "none", ", ".join(one.domains) or "none"
    days = f"{files.first_day(one, zone)} to {files.last_day(one, zone)}"
    return f"{one.kind} {one.name}; {days}; networks: {networks}; domains: {domains}; product {one.product}"


def _form_page(
    request: HttpRequest,
    before: StoredInstitution | None,
    form: InstitutionForm,
    doubted: Doubted | None = None,
    status: int = 200,
) -> HttpResponse:
    title = before.name if before is not None else "New library or company"
    context = {
        "form": form,
        "before": before,
        "addresses": counted(before.ranges) if before is not None else "",
        "starts": _day(form, "starts"),
        "last_day": _day(form, "last_day"),
        "doubts": doubted.doubts if doubted is not None else (),
        "final": doubted is not None and doubted.final,
    }
    return page(request, "institution", title, context, status=status)


def _shown(one: StoredInstitution) -> Shown:
    zone = settings.FOLDLINE.zone
    rows = Provided.objects.filter(institution=one.id).select_related("entitlement")
    readers = sum(row.entitlement.runs(moment.now()) for row in rows)
    return Shown(one, files.first_day(one, zone), files.last_day(one, zone), readers)


def counted(ranges: Sequence[str]) -> str:
    """How many addresses, as in `256 of IPv4 and 2^80 of IPv6`: of the second nobody reads the digits."""
    read = [read_range(text) for text in ranges]
    told = []
    for version in (4, 6):
        count = count_of(one for one in read if one.first.version == version)
        if count:
            shown = f"{count:,}" if count < _COUNTABLE else f"about 2^{count.bit_length() - 1}"
            told.append(f"{shown} of IPv{version}")
    return " and ".join(told) or "none"


def _day(form: InstitutionForm, name: str) -> str:
    """The value of a field with a day, as a browser wants it."""
    return str(form[name].value() or "")


def _months() -> list[str]:
    """This month and those before it, as in 2026-11."""
    today = datetime.fromtimestamp(moment.epoch(), UTC).astimezone(settings.FOLDLINE.zone)
    ordinal = today.year * 12 + today.month - 1
    return [f"{at // 12:04d}-{at % 12 + 1:02d}" for at in range(ordinal, ordinal - MONTHS, -1)]


def _file(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
