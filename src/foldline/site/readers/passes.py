"""Pass sessions: the rows that gate workers read, written in the transaction of what changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from foldline import config
from foldline.callers.devices import device_of
from foldline.errors import InvalidToken
from foldline.signed import cookies, meter, reader_pass
from foldline.signed.keys import Keyring
from foldline.signed.reader_pass import ROLL_AFTER, SESSION_SECONDS
from foldline.site.billing import held
from foldline.site.readers import moment, signing
from foldline.site.readers.models import Change, Entitlement, PassFacts, Product, Reader, ReaderSession
from foldline.site.readers.wording import words
from foldline.stores.passes import pack_products, unpack_products


def start(request: HttpRequest, reader: Reader) -> ReaderSession:
    """Begin a pass session beside the Django session that `request` now has."""
    with transaction.atomic():
        session = ReaderSession.objects.create(
            reader=reader, django_key=request.session.session_key or "", device=device_name(request)
        )
        begin(session.pass_session, reader, used_on=moment.today())
    return session


def begin(pass_session: str, reader: Reader, *, used_on: int = 0) -> None:
    """Let the gate know a session, and what its reader may read in it. `used_on` is an ordinal, 0 for not yet."""
    PassFacts.objects.create(
        session=pass_session,
        reader=reader.key,
        products=pack_products(product_ends(reader)),
        session_until=moment.epoch() + SESSION_SECONDS,
        used_on=used_on,
        payment_failed=held.awaits_payment(reader),
    )


def forget(pass_sessions: Collection[str]) -> None:
    """End sessions that nothing is kept of."""
    with transaction.atomic():
        PassFacts.objects.filter(session__in=pass_sessions).delete()
        _tell(pass_sessions)


def running(request: HttpRequest) -> ReaderSession | None:
    """The pass session of a signed-in request, None if it has ended."""
    found = ReaderSession.objects.filter(django_key=request.session.session_key or "", ended_at=None)
    session = found.select_related("reader").first()
    return session if session is not None and _running_facts(session=session.pass_session).exists() else None


def roll(session: ReaderSession) -> bool:
    """Move the end of a session that is in use, at most once in a while; whether it was. Nobody has to hear of it: it
    takes nothing away. A page that only shows something writes nothing, and so waits for no lock."""
    until, today = moment.epoch() + SESSION_SECONDS, moment.today()
    stale = Q(session_until__lt=until - ROLL_AFTER) | Q(used_on__lt=today)
    due = _running_facts(session=session.pass_session).filter(stale)
    return due.exists() and bool(due.update(session_until=until, used_on=today))


def adopt(request: HttpRequest) -> None:
    """Sign in whoever carries a running pass and no session of these pages: who only reads for a year has a pass that
    rolled on, and a session here that has ended. The pass is as well kept in the browser as that session was."""
    token = request.COOKIES.get(cookies.PASS, "")
    try:
        carried = reader_pass.read(keyring(), token.encode())
    except (InvalidToken, UnicodeEncodeError):
        return
    found = ReaderSession.objects.filter(pass_session=carried.session.hex(), ended_at=None, reader__is_active=True)
    session = found.select_related("reader").first()
    if session is None or not _running_facts(session=session.pass_session).exists():
        return
    login(request, session.reader, settings.AUTHENTICATION_BACKENDS[0])
    request.session.set_expiry(None)
    found.update(django_key=request.session.session_key or "")


def refresh(reader: Reader) -> None:
    """Write what a reader may read now into all their running sessions, and tell the gate."""
    with transaction.atomic():
        running_facts = _running_facts(reader=reader.key)
        running_facts.update(products=pack_products(product_ends(reader)), payment_failed=held.awaits_payment(reader))
        _tell(running_facts.values_list("session", flat=True))


def end(sessions: Iterable[ReaderSession]) -> None:
    """End sessions: their passes, and the Django sessions beside them."""
    ending = list(sessions)
    keys = [session.pass_session for session in ending]
    with transaction.atomic():
        ReaderSession.objects.filter(pk__in=[session.pk for session in ending]).update(ended_at=moment.now())
        PassFacts.objects.filter(session__in=keys, ended_at=0).update(ended_at=moment.epoch())
        _tell(keys)


def end_all(reader: Reader) -> None:
    """Sign a reader out on every device, and end their feeds: whoever holds an address of one is a device, too."""
    with transaction.atomic():
        end(ReaderSession.objects.filter(reader=reader, ended_at=None))
        forget(list(_running_facts(reader=reader.key).values_list("session", flat=True)))


def give_pass(response: HttpResponse, session: ReaderSession) -> None:
    """Set the pass cookie of a session on a response."""
    row = _running_facts(session=session.pass_session).first()
    if row is None:
        return
    now = moment.epoch()
    facts = reader_pass.PassFacts(
        bytes.fromhex(row.reader),
        bytes.fromhex(row.session),
        unpack_products(row.products),
        row.session_until,
        payment_failed=row.payment_failed,
    )
    token = reader_pass.issue(keyring(), reader_pass.from_facts(facts, now))
    set_cookie(response, cookies.set_cookie(cookies.PASS, token, row.session_until - now))


def expire_cookies(response: HttpResponse, *, meter: bool = False) -> None:
    """End what a signed-in reader carries. The meter counts for the device and stays, unless told otherwise."""
    for name in (cookies.PASS, cookies.OPENING, *((cookies.METER,) if meter else ())):
        set_cookie(response, cookies.expire(name))


def forget_reading(request: HttpRequest, response: HttpResponse) -> None:
    """The device's meters go on counting, but no longer know what was read before somebody signed out."""
    token = request.COOKIES.get(cookies.METER, "")
    try:
        counted = meter.read(keyring(), token.encode())
    except (InvalidToken, UnicodeEncodeError):
        return
    forgotten = meter.issue(keyring(), meter.forget(counted))
    set_cookie(response, cookies.set_cookie(cookies.METER, forgotten, meter.DEVICE_SECONDS))


def set_cookie(response: HttpResponse, header: str) -> None:
    """Add the value of a `Set-Cookie` header to a response."""
    response.cookies.load(header)


def keyring() -> Keyring:
    """The publication's keys that hold now, for the host that readers type."""
    foldline: config.Settings = settings.FOLDLINE
    return signing.keyring(foldline)


def product_ends(reader: Reader, besides: Collection[str] = ()) -> dict[int, int]:
    """Each product that a reader has or had, with the epoch second of its end; 0 for none. Entitlements of the kinds in
    `besides` are left out."""
    now = moment.now()
    ends: dict[int, int] = {}
    for entitlement in Entitlement.objects.filter(reader=reader, starts_at__lte=now).exclude(kind__in=besides):
        end = 0 if entitlement.end is None else int(entitlement.end.timestamp())
        before = ends.get(entitlement.product_id)
        ends[entitlement.product_id] = end if before is None else 0 if 0 in (end, before) else max(end, before)
    return ends


def products_running(reader: Reader, besides: Collection[str] = ()) -> list[tuple[Product, int]]:
    """The products that a reader has or had, with their ends, those that run first."""
    ends = product_ends(reader, besides)
    products = Product.objects.in_bulk(list(ends))
    now = moment.epoch()
    return sorted(
        ((products[number], end) for number, end in ends.items()), key=lambda pair: (0 < pair[1] <= now, pair[0].number)
    )


def in_use(reader: Reader) -> list[tuple[ReaderSession, int]]:
    """The sessions of a reader that run, each with the day of its last use, the latest used first."""
    days = dict(_running_facts(reader=reader.key).values_list("session", "used_on"))
    sessions = ReaderSession.objects.filter(reader=reader, ended_at=None, pass_session__in=list(days))
    used = [(session, days[session.pass_session]) for session in sessions]
    return sorted(used, key=lambda pair: (pair[1], pair[0].started_at), reverse=True)


def days_of_use(reader: Reader) -> dict[str, int]:
    """The sessions of a reader that run, each with the day of its last use, an ordinal."""
    return dict(_running_facts(reader=reader.key).values_list("session", "used_on"))


def known_sessions() -> QuerySet[PassFacts, str]:
    """Every session that the gate knows, whether or not it runs."""
    return PassFacts.objects.values_list("session", flat=True)


def device_name(request: HttpRequest) -> str:
    """The name that a device keeps until it signs out; what it was made from is not stored."""
    browser, system = device_of(request.headers.get("User-Agent", ""))
    if browser and system:
        return words().format("device.named", browser=browser, system=system)
    return browser or system or words()["device.unknown"]


def _running_facts(**wanted: Any) -> QuerySet[PassFacts]:
    return PassFacts.objects.filter(ended_at=0, session_until__gt=moment.epoch(), **wanted)


def _tell(sessions: Iterable[str]) -> None:
    at = moment.epoch()
    Change.objects.bulk_create([Change(kind="session", key=session, at=at) for session in sessions])
