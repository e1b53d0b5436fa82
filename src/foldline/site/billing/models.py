"""What we know of subscriptions. The provider's own objects decide; `ledger` writes these rows after them."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models

from foldline.site.billing.lifecycle import State
from foldline.site.billing.order_numbers import order_number
from foldline.site.billing.provider import Snapshot, Status
from foldline.site.readers.models import Entitlement, Reader

_STATES = [(state.value, state.value) for state in State]


class Subscription(models.Model):
    """One subscription at a provider, as we saw it last. Moments are epoch seconds, `amount` whole minor units.

    `reader` is None where nobody here has the key that the provider keeps, or the account is gone. `plan`, `products`
    and `grace_days` are what was sold: they outlive the plan in the settings (numbers with
    commas, empty where the plan was never known). `version` is `Snapshot.updated`, `seen` when
    something in it was new.
    """

    provider = models.CharField(max_length=20)
    provider_id = models.CharField(max_length=255)
    customer = models.CharField(max_length=255)
    reader = models.ForeignKey(Reader, on_delete=models.SET_NULL, null=True, related_name="paid_subscriptions")
    plan = models.CharField(max_length=40)
    products = models.CharField(max_length=120)
    grace_days = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=_STATES)
    status = models.CharField(max_length=20)
    period_end = models.BigIntegerField()
    cancel_at_period_end = models.BooleanField()
    trial_end = models.BigIntegerField(null=True)
    paused = models.BooleanField()
    refunded = models.BooleanField()
    disputed = models.BooleanField()
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    off = models.PositiveBigIntegerField(default=0)
    off_until = models.BigIntegerField(null=True)
    created = models.BigIntegerField()
    version = models.BigIntegerField()
    seen = models.BigIntegerField()

    class Meta:
        ordering = ("-created", "-pk")
        default_permissions = ()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["provider", "provider_id"], name="one_row_for_a_subscription"),
        ]
        indexes = (
            models.Index(fields=["provider_id"], name="billing_subscription_number"),
            models.Index(fields=["customer"], name="billing_subscription_customer"),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.provider_id}"

    @property
    def snapshot(self) -> Snapshot:
        """The provider's object, as we saw it last. Its `reader` is who the subscription belongs to here."""
        return self.seen_of("" if self.reader is None else self.reader.key)

    def seen_of(self, reader: str) -> Snapshot:
        """The same with a reader's key that is known already."""
        return Snapshot(
            subscription=self.provider_id,
            customer=self.customer,
            reader=reader,
            plan=self.plan,
            status=Status(self.status),
            period_end=self.period_end,
            cancel_at_period_end=self.cancel_at_period_end,
            trial_end=self.trial_end,
            paused=self.paused,
            refunded=self.refunded,
            disputed=self.disputed,
            amount=self.amount,
            currency=self.currency,
            created=self.created,
            updated=self.version,
            off=self.off,
            off_until=self.off_until,
        )

    @property
    def opens(self) -> tuple[int, ...]:
        """The numbers of its products."""
        return tuple(int(number) for number in self.products.split(",") if number)


class OwnedEntitlement(models.Model):
    """That a subscription owns an entitlement: nothing else moves its end, and it moves no other."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="owned")
    entitlement = models.OneToOneField(Entitlement, on_delete=models.CASCADE, related_name="owner")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.entitlement_id} of {self.subscription_id}"


class SeenNotice(models.Model):
    """An event that a provider told, and that is done with. It comes in the transaction of what it did."""

    provider = models.CharField(max_length=20)
    event = models.CharField(max_length=255)
    at = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["provider", "event"], name="an_event_counts_once"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event}"


class BillingEvents(models.QuerySet["BillingEvent"]):
    """Rows that are added, and never changed or taken away."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("the log of billing is append-only")

    def delete(self) -> NoReturn:
        raise TypeError("the log of billing is append-only")


class BillingEvent(models.Model):
    """One step of a subscription as we came to know it. The database refuses to change rows.

    `what` are the events between the two states, with spaces, or `unexplained` where the table knows none. `heard` says
    by what way. `until` is the end of what it opens, in epoch seconds, 0 for nothing. Nobody's address stands here.
    """

    class Heard(models.TextChoices):
        NOTICE = "notice"
        RETURN = "return"
        ACCOUNT = "account"
        RECONCILE = "reconcile"

    at = models.BigIntegerField()
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="events")
    heard = models.CharField(max_length=10, choices=Heard.choices)
    what = models.CharField(max_length=200)
    before = models.CharField(max_length=10, choices=_STATES)
    after = models.CharField(max_length=10, choices=_STATES)
    until = models.BigIntegerField()
    version = models.BigIntegerField()

    objects = BillingEvents.as_manager()

    class Meta:
        ordering = ("-id",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.subscription_id}: {self.what}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("the log of billing is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("the log of billing is append-only")


class Order(models.Model):
    """One form that was sent once. `token` names the form: sent twice, it is one order, and one visit to the provider.

    `terms` are the words agreed to, `terms_version` is what `version_of` makes of all that stood on the page. The row
    outlives the reader's account, without their name: it shows what was agreed. `amount` is what one interval costs by
    them, whole minor units; 0 in orders that were made before it was kept. `confirmed_at` is when the mail that
    confirms the contract went out, 0 for not yet; `subscription` is what it became then, or, from the beginning on, the
    one that goes to another plan by it. Moments are epoch seconds.
    """

    token = models.CharField(max_length=32)
    reader = models.ForeignKey(Reader, on_delete=models.SET_NULL, null=True, related_name="+")
    plan = models.CharField(max_length=40)
    provider = models.CharField(max_length=20)
    checkout = models.CharField(max_length=255, blank=True, default="")
    return_path = models.CharField(max_length=512)
    terms = models.TextField()
    terms_version = models.CharField(max_length=20)
    amount = models.PositiveBigIntegerField(default=0)
    language = models.CharField(max_length=16)
    agreed_at = models.BigIntegerField()
    confirmed_at = models.BigIntegerField(default=0)
    subscription = models.ForeignKey(Subscription, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ("-agreed_at", "-pk")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["reader", "token"], name="one_order_for_a_form"),
            models.UniqueConstraint(
                fields=["provider", "checkout"], condition=~models.Q(checkout=""), name="one_order_for_a_checkout"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan}, {self.agreed_at}"

    @property
    def number(self) -> str:
        """The number that stands in the receipt."""
        return order_number(self.token, self.agreed_at)


class Withdrawal(models.Model):
    """One declaration that somebody withdraws from a contract, as it was made. The row outlives the account, with its
    address, for the years that the settings say: it shows what was declared, and when.

    `declared` are the words that were confirmed. `subscription` is None where address and number belong to nothing
    here. `settled_at` is when it was dealt with, 0 for not yet. Moments are epoch seconds.
    """

    class Outcome(models.TextChoices):
        """All but the first two are for people: the desk lists them until somebody has dealt with them."""

        DUE = "due"
        DONE = "done"
        LATE = "late"
        UNKNOWN = "unknown"
        REFUSED = "refused"

    at = models.BigIntegerField()
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(max_length=254)
    number = models.CharField(max_length=255)
    declared = models.TextField()
    language = models.CharField(max_length=16)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, null=True, related_name="withdrawals")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    settled_at = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"withdrawal of {self.at}"
