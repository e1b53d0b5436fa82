"""Bringing in what `foldline export` wrote. Nothing that stands here is changed or taken away."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model

from foldline.site.billing.lifecycle import State
from foldline.site.billing.models import Order, OwnedEntitlement, Subscription
from foldline.site.billing.provider import Status
from foldline.site.circulation import activating
from foldline.site.circulation.models import PrintActivation
from foldline.site.desk.models import MergedAccount
from foldline.site.portable import reading
from foldline.site.portable.files import CONSENTS, ENTITLEMENTS, FILES, PRODUCTS, READERS, SUBSCRIPTIONS
from foldline.site.portable.reading import Checked, Row
from foldline.site.portable.verdicts import Outcome, Verdict
from foldline.site.readers import known_as, passes
from foldline.site.readers.addresses import canonical_email
from foldline.site.readers.models import Entitlement, PassFacts, Product, Reader

#: How many rows are one transaction: a second of the lock at most, so that the site goes on meanwhile.
BATCH = 200

Judged = tuple[Outcome, str]

#: Columns of what was agreed to that came later.
_OF_ORDERS = frozenset(("form", "order_number", "subscription"))


class _Refused(ValueError):
    """Why a row can't be imported."""


class Restoring:
    """One import of one folder. With `dry` everything is judged, and nothing written."""

    def __init__(self, folder: Path, *, dry: bool) -> None:
        self._folder = folder
        self._dry = dry
        # What a dry run would have written, and which reader here a key of the files stands for. On disk, not in
        # memory: SQLite deletes a database without a name by itself.
        self._known = sqlite3.connect("", isolation_level=None)
        self._known.execute(
            "CREATE TABLE known (what TEXT, key TEXT, here INTEGER, PRIMARY KEY (what, key)) WITHOUT ROWID"
        )
        self._twins: dict[bytes, int] = {}
        self._reader_of_twins = ""
        self._touched: set[int] = set()

    def run(self, begin: Callable[[str], Callable[[int, int], None]]) -> Iterator[Verdict]:
        """Judge and write every row.

        Raises:
            NotReadable: before anything is written where the folder is no whole export.
        """
        found = reading.files_of(self._folder)
        judges: dict[str, tuple[str, Callable[[Checked], Judged]]] = {
            PRODUCTS.name: ("number", self._product),
            READERS.name: ("email", self._reader),
            SUBSCRIPTIONS.name: ("subscription", self._subscription),
            ENTITLEMENTS.name: ("reader", self._entitlement),
            CONSENTS.name: ("reader", self._consent),
        }
        with closing(self._known):
            for file in (file for file in FILES if file.comes_back):
                path, of = found[file.name]
                step, done = begin(file.name), 0
                rows = reading.rows_of(path, file)
                about, judge = judges[file.name]
                while batch := list(islice(rows, BATCH)):
                    yield from self._batch(path.name, batch, about, judge)
                    done += len(batch)
                    step(done, of)

    def _batch(self, name: str, batch: list[Row], about: str, judge: Callable[[Checked], Judged]) -> list[Verdict]:
        if self._dry:
            return [_judged(name, row, about, judge) for row in batch]
        with transaction.atomic():
            verdicts = [_judged(name, row, about, judge) for row in batch]
            for reader in Reader.objects.filter(pk__in=self._touched):
                if PassFacts.objects.filter(reader=reader.key).exists():
                    passes.refresh(reader)
            self._touched.clear()
        return verdicts

    def _product(self, row: Checked) -> Judged:
        number, name = row["number"], row["name"]
        here = Product.objects.filter(number=number).first()
        product = Product(number=number, name=name)
        if here is not None and here.name == name:
            return Outcome.SAME, ""
        if here is not None and Entitlement.objects.filter(product=here).exists():
            return Outcome.KEPT, f"it is called {here.name} here"
        try:
            product.full_clean(validate_unique=False)
        except ValidationError as error:
            raise _Refused("; ".join(error.messages)) from None
        if Product.objects.filter(name=name).exclude(number=number).exists():
            raise _Refused(f"another product is called {name} here")
        self._note("product", str(number))
        if not self._dry:
            product.save()
        return Outcome.NEW, "" if here is None else f"it was called {here.name} here"

    def _reader(self, row: Checked) -> Judged:
        key, email = str(row["key"]), str(row["email"])
        try:
            canonical = canonical_email(email)
            Reader._meta.get_field("key").clean(key, None)
        except ValidationError as error:
            raise _Refused("; ".join(error.messages)) from None
        if canonical != email:
            raise _Refused(f"the address has to be written {canonical}")
        further, earlier = _further(row)
        by_key, by_email = Reader.objects.of_key(key), Reader.objects.of_address(email)
        here = by_key or by_email
        if by_key and by_email and by_key != by_email:
            raise _Refused("the key and the address are those of two readers here")
        if here is None and self._is_noted("email", email):
            raise _Refused("an earlier row has this address")
        if here is not None:
            self._note("reader", key, here.pk)
            return self._standing_reader(here, row)
        if self._is_noted("reader", key):
            raise _Refused("an earlier row has this key")
        taken = [one for one in further if Reader.objects.of_address(one) or self._is_noted("email", one)]
        taken += [one for one in earlier if Reader.objects.of_key(one) or self._is_noted("reader", one)]
        if taken:
            raise _Refused(f"another reader has {taken[0]} too")
        made = Reader(
            key=key,
            email=email,
            name=row["name"],
            joined_at=row["joined"],
            last_login=row["last_signed_in"],
            is_active=bool(row["active"]),
        )
        self._write(made)
        number = 0
        if not self._dry:
            EmailAddress.objects.create(user=made, email=email, verified=bool(row["confirmed"]), primary=True)
            for one in further:
                EmailAddress.objects.create(user=made, email=one, verified=True, primary=False)
            for one in earlier:
                MergedAccount.objects.create(reader=made, key=one, at=row["joined"])
            number = made.pk
        for one in (email, *further):
            self._note("email", one)
        for one in (key, *earlier):
            self._note("reader", one, number)
        return Outcome.NEW, ""

    def _standing_reader(self, here: Reader, row: Checked) -> Judged:
        confirmed = EmailAddress.objects.filter(user=here, verified=True).exists()
        standing = {
            "key": here.key,
            "email": here.email,
            "name": here.name,
            "joined": here.joined_at,
            "last_signed_in": here.last_login,
            "confirmed": confirmed,
            "active": here.is_active,
            "further_emails": " ".join(known_as.further_addresses(here)),
            "earlier_keys": " ".join(sorted(here.merged_accounts.values_list("key", flat=True))),
        }
        return _compared(standing, row)

    def _subscription(self, row: Checked) -> Judged:
        state, status = str(row["state"]), str(row["status"])
        if state not in set(State):
            raise _Refused(f"{state!r} is no state")
        if status not in set(Status):
            raise _Refused(f"{status!r} is no word of a provider")
        products = str(row["products"])
        if products and not all(_is_product(number) for number in products.split(",")):
            raise _Refused(f"{products!r} are no numbers of products")
        if not row["provider"] or not row["subscription"]:
            raise _Refused("it has no number at a provider")
        values = {
            "provider": row["provider"],
            "provider_id": row["subscription"],
            "customer": row["customer"],
            "reader_id": self._reader_here(str(row["reader"])),
            "plan": row["plan"],
            "products": products,
            "grace_days": row["grace_days"],
            "state": state,
            "status": status,
            "period_end": _epoch(row["paid_until"]),
            "cancel_at_period_end": row["cancelled"],
            "trial_end": _epoch(row["trial_until"]),
            "paused": row["paused"],
            "refunded": row["refunded"],
            "disputed": row["disputed"],
            "amount": row["amount"],
            "currency": row["currency"],
            "created": _epoch(row["began"]),
            "version": _epoch(row["changed"]),
            "seen": _epoch(row["seen"]),
            "off": row["off"],
            "off_until": _epoch(row["off_until"]),
        }
        name = _owner_name(row)
        here = Subscription.objects.filter(provider=row["provider"], provider_id=row["subscription"]).first()
        if here is not None:
            return _compared({field: getattr(here, field) for field in values}, values)
        if self._is_noted("subscription", name):
            raise _Refused("an earlier row has this number")
        self._write(Subscription(**values))
        self._note("subscription", name)
        return Outcome.NEW, ""

    def _entitlement(self, row: Checked) -> Judged:
        kind = str(row["kind"])
        owner = _owner_name(row) if row["subscription"] else ""
        if kind not in Entitlement.Kind.values:
            raise _Refused(f"{kind!r} is no kind of entitlement")
        if kind in Entitlement.OF_SUBSCRIPTIONS and not owner:
            raise _Refused(f"only a subscription gives one of the kind {kind}")
        if row["ends"] is None and kind != Entitlement.Kind.STAFF:
            raise _Refused("only an entitlement of the kind staff may have no end")
        if not self._has_product(int(str(row["product"]))):
            raise _Refused(f"there is no product {row['product']}")
        if not row["reader"]:
            raise _Refused("it belongs to no reader")
        subscription = self._subscription_of(row)
        reader = self._reader_here(str(row["reader"]))
        identity = {
            "reader_id": reader,
            "product_id": row["product"],
            "starts_at": row["starts"],
            "given_at": row["given"],
            "note": row["note"],
        }
        rest = {
            "kind": kind,
            "ends_at": row["ends"],
            "given_by_id": self._reader_here(str(row["given_by"])),
            "ended_at": row["ended"],
            "ended_by_id": self._reader_here(str(row["ended_by"])),
        }
        standing = Entitlement.objects.none()
        if reader and (subscription is not None or not owner):
            owned = {"owner__subscription": subscription} if subscription is not None else {"owner__isnull": True}
            standing = Entitlement.objects.filter(**identity, **owned)
        same = standing.filter(**rest)
        # Two that are alike to the last digit are two: so many must stand here as rows were read of them.
        read = self._count_twin(str(row["reader"]), repr((identity, rest, owner)))
        if same.count() >= read:
            return Outcome.SAME, ""
        before = (one for one in standing if not self._is_noted("written", str(one.pk)))
        if not same.exists() and (other := next(before, None)) is not None:
            return _compared({field: getattr(other, field) for field in rest}, rest)
        printed = str(row["print_number"])
        if printed and (
            self._is_noted("printed", printed) or PrintActivation.objects.filter(subscription__number=printed).exists()
        ):
            raise _Refused(f"somebody has activated the print subscription {printed} here")
        self._note("printed", printed)
        self._new_entitlement(Entitlement(**identity, **rest), subscription, printed)
        return Outcome.NEW, ""

    def _new_entitlement(self, entitlement: Entitlement, subscription: Subscription | None, printed: str) -> None:
        self._write(entitlement)
        if self._dry:
            return
        self._touched.add(entitlement.reader_id)
        self._note("written", str(entitlement.pk))
        if subscription is not None:
            OwnedEntitlement.objects.create(subscription=subscription, entitlement=entitlement)
        if printed:
            activating.restore(printed, entitlement)

    def _consent(self, row: Checked) -> Judged:
        reader = self._reader_here(str(row["reader"]))
        values = {
            "reader_id": reader,
            "plan": row["plan"],
            "provider": row["provider"],
            "checkout": row["checkout"],
            "return_path": row["came_from"],
            "terms": row["terms"],
            "terms_version": row["version"],
            "language": row["language"],
            "agreed_at": _epoch(row["agreed"]),
            "confirmed_at": _epoch(row["confirmed"]) or 0,
        }
        became = self._subscription_of(row)
        if row["subscription"]:
            values["subscription_id"] = None if became is None else became.pk
        form, twin = str(row["form"]), 1
        if not form:
            # From before the form's number was told: this one makes the same row of the same words.
            written = json.dumps([str(row[name]) for name in CONSENTS.names if name not in _OF_ORDERS])
            twin = self._count_twin(str(row["reader"]), written)
            form = hashlib.sha256(f"{twin} {written}".encode()).hexdigest()[:32]
        same = Order.objects.filter(token=form, **values) if row["form"] else Order.objects.filter(**values)
        if reader != 0 and same.count() >= twin:
            return Outcome.SAME, ""
        visits = Order.objects.filter(provider=row["provider"], checkout=row["checkout"]) if row["checkout"] else None
        here = visits.first() if visits is not None else None
        if here is None and row["form"] and reader != 0:
            here = Order.objects.filter(
                token=form, **{name: values[name] for name in ("reader_id", "agreed_at")}
            ).first()
        if here is not None:
            return _compared({field: getattr(here, field) for field in values}, values)
        self._write(Order(token=form, **values))
        return Outcome.NEW, ""

    def _subscription_of(self, row: Checked) -> Subscription | None:
        """The subscription that a row names; None for none, and for one that a dry run would make."""
        if not row["subscription"]:
            return None
        found = Subscription.objects.filter(provider=row["provider"], provider_id=row["subscription"]).first()
        if found is None and not self._is_noted("subscription", _owner_name(row)):
            raise _Refused(f"there is no subscription {_owner_name(row)}")
        return found

    def _write(self, made: Model) -> None:
        """Write a row, after asking its fields what they hold. Which rows it names, and where none may stand, has been
        looked at."""
        names = [
            field.name for field in made._meta.fields if field.is_relation or getattr(made, field.attname) in ("", None)
        ]
        try:
            made.clean_fields(exclude=names)
        except ValidationError as error:
            told = [f"{field} {' '.join(messages)}" for field, messages in error.message_dict.items()]
            raise _Refused("; ".join(told)) from None
        if not self._dry:
            made.save()

    def _reader_here(self, key: str) -> int | None:
        """The number of the reader that a key of the files stands for; 0 for one that a dry run would make."""
        if not key:
            return None
        found = self._known.execute("SELECT here FROM known WHERE what = 'reader' AND key = ?", (key,)).fetchone()
        if found is None:
            raise _Refused(f"{key[:40]!r} is the key of no reader of these files")
        return int(found[0])

    def _has_product(self, number: int) -> bool:
        return self._is_noted("product", str(number)) or Product.objects.filter(number=number).exists()

    def _note(self, what: str, key: str, here: int = 0) -> None:
        self._known.execute("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", (what, key, here))

    def _is_noted(self, what: str, key: str) -> bool:
        query = "SELECT 1 FROM known WHERE what = ? AND key = ?"
        return self._known.execute(query, (what, key)).fetchone() is not None

    def _count_twin(self, reader: str, row: str) -> int:
        """How many rows that are alike were read of the reader whose rows are being read."""
        if reader != self._reader_of_twins:
            self._twins, self._reader_of_twins = {}, reader
        name = hashlib.sha256(row.encode()).digest()
        self._twins[name] = self._twins.get(name, 0) + 1
        return self._twins[name]


def _judged(file: str, row: Row, about: str, judge: Callable[[Checked], Judged]) -> Verdict:
    if row.wrong:
        return Verdict(file, row.line, "", Outcome.REFUSED, row.wrong)
    try:
        outcome, why = judge(row.values)
    except _Refused as refused:
        outcome, why = Outcome.REFUSED, str(refused)
    return Verdict(file, row.line, str(row.values[about]), outcome, why)


def _further(row: Checked) -> tuple[list[str], list[str]]:
    """The further addresses and the earlier keys of a row of readers."""
    further, earlier = str(row["further_emails"]).split(), str(row["earlier_keys"]).split()
    try:
        wrong = [one for one in further if canonical_email(one) != one]
        for one in earlier:
            Reader._meta.get_field("key").clean(one, None)
    except ValidationError as error:
        raise _Refused("; ".join(error.messages)) from None
    if wrong:
        raise _Refused(f"the address has to be written {canonical_email(wrong[0])}")
    return further, earlier


def _compared(standing: dict[str, Any], wanted: dict[str, Any]) -> Judged:
    differing = [name.removesuffix("_id") for name, value in standing.items() if value != wanted[name]]
    return (Outcome.KEPT, f"{', '.join(differing)} differ here") if differing else (Outcome.SAME, "")


def _owner_name(row: Checked) -> str:
    return f"{row['provider']} {row['subscription']}"


def _is_product(number: str) -> bool:
    return number.isascii() and number.isdigit() and 1 <= int(number) <= 65535


def _epoch(value: object) -> int | None:
    return int(value.astimezone(UTC).timestamp()) if isinstance(value, datetime) else None
