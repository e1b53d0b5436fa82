"""Withdrawing from a contract: what was declared is kept first, and the provider asked to end and pay back after it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet

from foldline import config
from foldline.pages.dates import dateline
from foldline.site.billing import ledger, terms
from foldline.site.billing.lifecycle import DAY
from foldline.site.billing.models import Order, Subscription, Withdrawal
from foldline.site.billing.provider import Declined, NotAtProvider, Provider, ProviderUnavailable
from foldline.site.readers import mail, moment, rendering
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words

log = logging.getLogger(__name__)

#: Days after the day on which the contract was made (Directive 2011/83/EU, article 9).
DAYS = 14

Outcome = Withdrawal.Outcome


@dataclass(frozen=True, slots=True)
class Declaration:
    """What somebody declares. `email` is canonical; `number` as it was typed."""

    name: str
    email: str
    number: str

    @property
    def words(self) -> str:
        """The sentence that is shown, confirmed, kept and mailed."""
        return words().format(
            "withdraw.declared",
            publication=rendering.publication().name,
            name=self.name or self.email,
            email=self.email,
            number=self.number,
        )


def declare(declaration: Declaration) -> None:
    """Keep a declaration and acknowledge it by mail, once however often it is sent within a day. Nothing that a
    stranger sees tells whether anybody has this address or this number: a mail goes to readers of ours alone."""
    now = moment.epoch()
    same = Withdrawal.objects.filter(email=declaration.email, number=declaration.number, at__gt=now - DAY)
    if same.exists():
        return
    reader = Reader.objects.of_address(declaration.email)
    if reader is not None and not reader.is_active:
        reader = None
    subscription = _meant(reader, declaration.number) if reader is not None else None
    kept = Withdrawal.objects.create(
        at=now,
        name=declaration.name,
        email=declaration.email,
        number=declaration.number,
        declared=declaration.words,
        language=words().language,
        subscription=subscription,
        outcome=_outcome(subscription, now),
    )
    if reader is not None:
        publication = rendering.publication()
        mail.send_notice(
            declaration.email,
            "withdrawn",
            terms.foot(),
            at=dateline(datetime.fromtimestamp(now, UTC), publication.zone, publication.language),
            declared=kept.declared,
            follows=words()[f"withdraw.follows-{kept.outcome}"],
        )


def settle(provider: Provider, now: int) -> None:
    """Let the provider end and pay back what was withdrawn from. A declaration that it could not be asked about stays
    due; one that it refuses is for people.

    Raises:
        ProviderUnavailable: at the first that could not be asked about. Asking again changes nothing twice.
    """
    due = Withdrawal.objects.filter(outcome=Outcome.DUE, subscription__provider=provider.name).order_by("at", "pk")
    for one in due.select_related("subscription"):
        subscription = one.subscription
        if subscription is None:
            continue
        try:
            snapshot = provider.withdraw(subscription.provider_id, f"withdraw-{subscription.provider_id}")
        except ProviderUnavailable:
            raise
        except (NotAtProvider, Declined) as error:
            log.error("billing: a withdrawal can't be carried out: %s", error)
            Withdrawal.objects.filter(pk=one.pk).update(outcome=Outcome.REFUSED)
            continue
        ledger.apply(provider.name, snapshot, now, ledger.Heard.ACCOUNT)
        Withdrawal.objects.filter(pk=one.pk).update(outcome=Outcome.DONE, settled_at=now)


def beyond(now: int) -> QuerySet[Withdrawal]:
    """Declarations that were dealt with in a calendar year whose claims are barred by now: the year has ended, and so
    many more as the settings say. One that nobody has dealt with stays until somebody has."""
    zone = ZoneInfo(rendering.publication().zone)
    foldline: config.Settings = settings.FOLDLINE
    year = datetime.fromtimestamp(now, UTC).astimezone(zone).year - foldline.withdrawal_years
    begins = int(datetime(year, 1, 1, tzinfo=zone).timestamp())
    return Withdrawal.objects.filter(settled_at__gt=0, settled_at__lt=begins, at__lt=begins)


def forget(now: int) -> None:
    """Delete what needs to be shown to nobody any more. The subscription stays."""
    beyond(now).delete()


def for_people() -> list[Withdrawal]:
    """Declarations that nobody has dealt with, and that no machine will."""
    return list(Withdrawal.objects.filter(settled_at=0).exclude(outcome=Outcome.DUE))


def last_day(subscription: Subscription) -> date:
    """The last day on which one may withdraw, in the publication's zone."""
    return _day(subscription.created) + timedelta(days=DAYS)


def _outcome(subscription: Subscription | None, now: int) -> str:
    if subscription is None:
        return Outcome.UNKNOWN
    return Outcome.DUE if _day(now) <= last_day(subscription) else Outcome.LATE


def _meant(reader: Reader, number: str) -> Subscription | None:
    """The reader's own subscription of a number: the one of a receipt, however it was typed, or the provider's."""
    typed = _plain(number)
    for order in Order.objects.filter(reader=reader).exclude(subscription=None).select_related("subscription"):
        if _plain(order.number) == typed:
            return order.subscription
    return Subscription.objects.filter(reader=reader, provider_id=number).first()


def _plain(number: str) -> str:
    return "".join(letter for letter in number.upper() if letter.isalnum())


def _day(at: int) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(rendering.publication().zone)).date()
