"""Sign-ins elsewhere that open an account here: allauth's table, one row for each."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from foldline import config
from foldline.config import Provider
from foldline.errors import FoldlineError
from foldline.site.readers.addresses import canonical_email
from foldline.site.readers.models import Reader
from foldline.site.readers.oidc import Who


class Refused(FoldlineError):
    """A sign-in elsewhere opens nothing here. `words` is the key of the sentence that says so."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def providers() -> tuple[Provider, ...]:
    """Whom the publisher lets say who a reader is."""
    foldline: config.Settings = settings.FOLDLINE
    return foldline.providers


def of(reader: Reader) -> QuerySet[SocialAccount]:
    """What is linked to a reader's account. `provider` is the issuer: a name in our settings may change hands."""
    found: QuerySet[SocialAccount] = SocialAccount.objects.filter(user=reader)
    return found.order_by("date_joined", "pk")


def label_of(linked: SocialAccount) -> str:
    """What a provider is called; its issuer where it is none of ours any more."""
    labels = {provider.issuer: provider.label for provider in providers()}
    issuer: str = linked.provider
    return labels.get(issuer, issuer)


@transaction.atomic
def reader_of(provider: Provider, who: Who) -> Reader:
    """The reader whom somebody is: the one linked before, or whoever has the verified address, made if need be.

    Raises:
        Refused: without a link and a verified address, and where the account is closed.
    """
    linked = SocialAccount.objects.filter(provider=provider.issuer, uid=who.subject).select_related("user").first()
    if linked is not None:
        linked.save(update_fields=["last_login"])
        return _open(linked.user)
    address = _address(who)
    reader = _open(Reader.objects.join(address))
    if address == reader.email:
        EmailAddress.objects.update_or_create(user=reader, email=address, defaults={"verified": True, "primary": True})
    SocialAccount.objects.create(user=reader, provider=provider.issuer, uid=who.subject)
    return reader


@transaction.atomic
def link(reader: Reader, provider: Provider, who: Who) -> None:
    """Let a sign-in elsewhere open a reader's account from now on.

    Raises:
        Refused: it opens another account already, or its address is not verified.
    """
    _address(who)
    linked, _new = SocialAccount.objects.get_or_create(
        provider=provider.issuer, uid=who.subject, defaults={"user": reader}
    )
    if linked.user_id != reader.pk:
        raise Refused("sign-in.identity-taken")


def _open(reader: Reader) -> Reader:
    if not reader.is_active:
        raise Refused("sign-in.identity-failed")
    return reader


def _address(who: Who) -> str:
    try:
        return canonical_email(who.email)
    except ValidationError:
        raise Refused("sign-in.identity-unconfirmed") from None
