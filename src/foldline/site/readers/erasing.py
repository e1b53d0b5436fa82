"""Erasing an account: everything that leads to a person goes, and what the law wants kept stands without a name."""

from __future__ import annotations

import zlib

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.signing import b64_decode
from django.db import connection, transaction
from django.db.models import CASCADE, ManyToOneRel, Model, Q, QuerySet

from foldline.errors import FoldlineError
from foldline.site.billing import held
from foldline.site.feeds import keys as feed_keys
from foldline.site.gifts import giving
from foldline.site.readers import codes, entitlements, known_as, mail, meters, moment, passes
from foldline.site.readers.models import Entitlement, PassFacts, Reader, ReaderSession, new_key
from foldline.site.readers.sign_in import PENDING

#: What stands where an address stood. `.invalid` is nobody's (RFC 2606), and no code is ever sent there.
NOBODY = "erased-{key}@erased.invalid"
NAMELESS = "erased"


class StillCharging(FoldlineError):
    """A subscription of this reader is renewed unless somebody cancels it, which comes first."""

    def __init__(self) -> None:
        super().__init__("This reader has a subscription that is renewed. Cancel it first.")


@transaction.atomic
def erase(reader: Reader) -> None:
    """Erase a reader's account. They are signed out everywhere at once, and what runs ends now.

    Raises:
        ValueError: for staff. What they did at the desk is signed with their name; the desk closes them first.
        StillCharging: a provider would go on charging somebody who can sign in nowhere to end it.
        StoreUnavailable: the meter can't be written. Nothing is erased then.
    """
    if reader.is_staff:
        raise ValueError("staff are not erased")
    if held.renews(reader):
        raise StillCharging
    for entitlement in Entitlement.objects.filter(reader=reader):
        if entitlement.runs(moment.now()):
            entitlements.end(entitlement)
    passes.end_all(reader)
    forget_sessions(reader)
    addresses = known_as.addresses(reader)
    for address in addresses:
        codes.forget(address)
    forget_log(reader)
    # With those that give no name to the way back (`related_name="+"`): `related_objects` leaves them out.
    for relation in Reader._meta.get_fields(include_hidden=True):
        if isinstance(relation, ManyToOneRel) and relation.on_delete is CASCADE:
            _rows(relation.related_model, relation.field.name, reader).delete()
    meters.forget(reader)
    giving.forget(reader)
    named = Entitlement.objects.filter(Q(reader=reader) | Q(given_by=reader) | Q(ended_by=reader))
    if named.exists():
        Entitlement.objects.filter(reader=reader).update(note="")
        _keep_nameless(reader)
    else:
        reader.delete()
    transaction.on_commit(lambda: _forget_files(addresses))


def overwrite() -> None:
    """Take what was deleted out of the database's log too: its pages are overwritten there, and the log still has them
    as they were. Where somebody reads for longer than the lock waits, the next time does it."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _forget_files(addresses: list[str]) -> None:
    overwrite()
    mail.forget(addresses)


def _keep_nameless(reader: Reader) -> None:
    key = new_key()
    Reader.objects.filter(pk=reader.pk).update(
        email=NOBODY.format(key=key), name="", key=key, is_active=False, last_login=None
    )
    reader.groups.clear()
    reader.user_permissions.clear()


def forget_sessions(reader: Reader) -> None:
    """Sessions of the account, and those that were begun with its address and never finished."""
    keys = list(ReaderSession.objects.filter(reader=reader).values_list("django_key", flat=True))
    pending = Session.objects.filter(expire_date__lte=moment.now() + PENDING)
    typed = [address.encode() for address in known_as.addresses(reader)]
    for row in pending.iterator():
        held_there = _held(row.session_data)
        if any(address in held_there for address in typed):
            keys.append(row.session_key)
    Session.objects.filter(session_key__in=keys).delete()
    feed_keys.end_all(reader)
    PassFacts.objects.filter(reader=reader.key).delete()


def _held(session_data: str) -> bytes:
    """What a session holds, whoever signed it: the desk has another key than the readers' pages."""
    packed = session_data.partition(":")[0]
    raw: bytes = b64_decode(packed.lstrip(".").encode())
    return zlib.decompress(raw) if packed.startswith(".") else raw


def forget_log(reader: Reader) -> None:
    """The admin's log writes down what it calls things, and it calls readers by their name."""
    about = {Reader: [reader.pk], Entitlement: list(reader.entitlements.values_list("pk", flat=True))}
    for model, numbers in about.items():
        kind = ContentType.objects.get_for_model(model)
        LogEntry.objects.filter(content_type=kind, object_id__in=[str(number) for number in numbers]).update(
            object_repr=NAMELESS, change_message=""
        )


def _rows(model: type[Model], field: str, reader: Reader) -> QuerySet[Model]:
    return model._default_manager.filter(**{field: reader})
