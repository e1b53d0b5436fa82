"""Two accounts of one person become one: all that one of them has goes over to the other, and nothing of it ends.

The address of the account that goes stays a way to sign in, where its reader had confirmed it: who typed it for years
would else be a stranger with an empty account.
"""

from __future__ import annotations

from enum import StrEnum

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import ManyToOneRel, QuerySet

from foldline.errors import FoldlineError
from foldline.site.billing import held
from foldline.site.desk.models import MergedAccount
from foldline.site.feeds import keys as feed_keys
from foldline.site.feeds.models import FeedKey
from foldline.site.readers import codes, erasing, known_as, mail, meters, passes
from foldline.site.readers.models import Reader, ReaderSession, SignInCode

#: What ends with the account that goes. Every other row that names its reader names the other one from then on.
ENDS = frozenset((ReaderSession, SignInCode, FeedKey))


class Obstacle(StrEnum):
    """Why two accounts can't be made one."""

    SAME = "same"
    STAFF = "staff"
    CLOSED = "closed"
    BOTH_RENEW = "both-renew"


class CannotMerge(FoldlineError):
    """Nothing was merged; `obstacle` says why."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(f"These two accounts can’t be made one: {obstacle}.")
        self.obstacle = obstacle


def obstacle(kept: Reader, other: Reader) -> Obstacle | None:
    """What stands against making two accounts one; None for nothing."""
    if kept.pk == other.pk:
        return Obstacle.SAME
    if kept.is_staff or other.is_staff:
        # What staff did is signed with their name, and they come in by another door.
        return Obstacle.STAFF
    if not (kept.is_active and other.is_active):
        return Obstacle.CLOSED
    if held.renews(kept) and held.renews(other):
        return Obstacle.BOTH_RENEW
    return None


@transaction.atomic
def merge(kept: Reader, other: Reader) -> None:
    """Make two accounts one. `other` is gone afterwards, signed out everywhere; `kept` has what both had, and stays
    signed in where it is. Both mailboxes are told once it is written.

    Raises:
        CannotMerge: nothing was changed.
        StoreUnavailable: the meter can't be written. Nothing was changed.
    """
    # Whoever merges the other way round at the same moment waits here, and finds one of the two gone.
    locked = Reader.objects.select_for_update().in_bulk([kept.pk, other.pk])
    kept, other = locked[kept.pk], locked[other.pk]
    found = obstacle(kept, other)
    if found is not None:
        raise CannotMerge(found)
    number, key = other.pk, other.key
    feed_keys.end_all(other)
    passes.end_all(other)
    erasing.forget_sessions(other)
    erasing.forget_log(other)
    for address in known_as.addresses(other):
        codes.forget(address)
    _move_addresses(kept, other)
    _move_rows(kept, other)
    _write_account(kept, other)
    other.delete()
    MergedAccount.objects.create(reader=kept, key=key, number=number)
    passes.refresh(kept)
    # A file of its own, so last: what comes after it can't fail any more.
    meters.move(key, kept)
    told = known_as.addresses(kept)
    transaction.on_commit(lambda: _tell(told))


def _tell(addresses: list[str]) -> None:
    """Each mailbox, and in none of them the address of another: should staff have been mistaken, nobody learns one."""
    for address in addresses:
        mail.send_notice(address, "merged")


def confirmed(other: Reader) -> QuerySet[EmailAddress]:
    """The addresses of an account that sign in to the other one afterwards. What nobody confirmed is free then."""
    found: QuerySet[EmailAddress] = EmailAddress.objects.filter(user=other, verified=True)
    return found.order_by("-primary", "email")


def _move_addresses(kept: Reader, other: Reader) -> None:
    confirmed(other).update(user=kept, primary=False)
    EmailAddress.objects.filter(user=other).delete()


def _move_rows(kept: Reader, other: Reader) -> None:
    """All rows of all tables that name a reader, with those that give no name to the way back."""
    for relation in Reader._meta.get_fields(include_hidden=True):
        if isinstance(relation, ManyToOneRel) and relation.related_model not in ENDS:
            rows = relation.related_model._default_manager.filter(**{relation.field.name: other})
            rows.update(**{relation.field.name: kept})


def _write_account(kept: Reader, other: Reader) -> None:
    kept.name = kept.name or other.name
    kept.joined_at = min(kept.joined_at, other.joined_at)
    signed_in = [at for at in (kept.last_login, other.last_login) if at is not None]
    kept.last_login = max(signed_in, default=None)
    kept.save(update_fields=["name", "joined_at", "last_login"])
