"""Readers, products and entitlements at the desk. Entitlements are given and ended, never edited or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from foldline.site.desk import audit
from foldline.site.desk.audit import Subject
from foldline.site.desk.audited import AuditedAdmin, staff_of
from foldline.site.readers import codes, entitlements, moment, passes
from foldline.site.readers.models import Entitlement, Product, Reader

if TYPE_CHECKING:
    EntitlementForm = forms.ModelForm[Entitlement]
else:
    EntitlementForm = forms.ModelForm


class KeptAdmin(AuditedAdmin):
    """What others refer to is not deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Reader)
class ReaderAdmin(KeptAdmin):
    """Who has an account. Staff are made by `foldline staff add` alone."""

    list_display = ("email", "name", "joined_at", "last_login", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    fields = ("email", "name", "is_active", "is_staff", "joined_at", "last_login")
    readonly_fields = ("is_staff", "joined_at", "last_login")
    actions = ("sign_out_everywhere",)
    veiled = frozenset({"email", "name"})

    def subject(self, obj: Reader) -> Subject:
        return audit.of_staff(obj) if obj.is_staff else audit.of_reader(obj)

    def save_model(self, request: HttpRequest, obj: Reader, form: ModelForm[Reader], change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            return
        if "email" in form.changed_data:
            # The new address has confirmed nothing, and codes that went to the old one must not sign in.
            EmailAddress.objects.filter(user=obj).delete()
            EmailAddress.objects.create(user=obj, email=obj.email, primary=True)
            codes.replace_all(obj)
        if {"is_active", "email"} & set(form.changed_data):
            passes.end_all(obj)

    @admin.action(description="Sign out on all devices", permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, readers: QuerySet[Reader]) -> None:
        for reader in readers:
            passes.end_all(reader)
            self.record(request, "signed out everywhere", reader)
        messages.success(request, f"Signed out: {readers.count()}.")


@admin.register(Product)
class ProductAdmin(KeptAdmin):
    list_display = ("number", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:
        return ("number",) if obj is not None else ()


class GiveForm(EntitlementForm):
    """A new entitlement starts now; who gives it is who is signed in."""

    class Meta:
        model = Entitlement
        fields = ("reader", "product", "kind", "ends_at", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            kinds = [kind for kind in Entitlement.Kind.choices if kind[0] not in Entitlement.OF_SUBSCRIPTIONS]
            self.fields["kind"] = forms.ChoiceField(choices=kinds, initial=Entitlement.Kind.COMPLIMENTARY)

    def clean_ends_at(self) -> Any:
        ends_at = self.cleaned_data["ends_at"]
        if ends_at is not None and ends_at <= moment.now():
            raise forms.ValidationError("This end has passed.")
        return ends_at


@admin.register(Entitlement)
class EntitlementAdmin(KeptAdmin):
    list_display = ("reader", "product", "kind", "starts_at", "ends_at", "ended_at", "given_by")
    list_filter = ("product", "kind")
    search_fields = ("reader__email", "note")
    autocomplete_fields = ("reader",)
    form = GiveForm
    actions = ("end_now",)
    veiled = frozenset({"reader", "note"})
    records: ClassVar[tuple[str, ...]] = (
        "reader", "product", "kind", "starts_at", "ends_at", "note", "given_by", "given_at", "ended_at", "ended_by",
    )  # fmt: skip

    def subject(self, obj: Entitlement) -> Subject:
        return audit.of_entitlement(obj)

    def get_fields(self, request: HttpRequest, obj: Entitlement | None = None) -> tuple[str, ...]:
        return self.records if obj is not None else GiveForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Entitlement | None = None) -> tuple[str, ...]:
        return self.records if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Entitlement, form: ModelForm[Entitlement], change: bool) -> None:
        if change:
            return
        given = entitlements.give(
            obj.reader, obj.product, kind=obj.kind, ends_at=obj.ends_at, note=obj.note, by=staff_of(request)
        )
        obj.pk = given.pk

    @admin.action(description="End now", permissions=["change"])
    def end_now(self, request: HttpRequest, chosen: QuerySet[Entitlement]) -> None:
        owned = chosen.filter(kind__in=Entitlement.OF_SUBSCRIPTIONS)
        ending = chosen.exclude(kind__in=Entitlement.OF_SUBSCRIPTIONS)
        for entitlement in ending:
            entitlements.end(entitlement, by=staff_of(request))
            self.record(request, "ended", entitlement)
        if owned.exists():
            messages.warning(request, f"Subscriptions own {owned.count()} of these. End them at the payment provider.")
        messages.success(request, f"Ended: {ending.count()}.")
