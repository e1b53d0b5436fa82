"""Django's admin, writing each change into the audit log with the values before and after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import Field, ManyToManyField, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from foldline.site.desk import audit
from foldline.site.desk.audit import Subject
from foldline.site.desk.models import AuditEntry
from foldline.site.readers.models import Reader

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

LONGEST_VALUE = 200
_BEFORE = "foldline.before"

Values = dict[str, str]


class AuditedAdmin(_ModelAdmin):
    """`veiled` fields are told as changed, without their values. Django's own log is not written: it keeps names."""

    veiled: frozenset[str] = frozenset()

    def subject(self, obj: Any) -> Subject:
        return Subject(str(obj._meta.verbose_name), str(obj.pk), str(obj))

    def record(self, request: HttpRequest, what: str, obj: Any, before: str = "", after: str = "") -> None:
        audit.record(staff_of(request), what, self.subject(obj), before, after)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Called before anything is written: the database still has the values from before."""
        kept: dict[Any, Values] = request.META.setdefault(_BEFORE, {})
        if change:
            old = self._kept(form.instance)
            kept[old.pk] = self._values(request, old, form.fields)
        else:
            kept[None] = dict.fromkeys(form.fields, "")
        return super().save_form(request, form, change)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        values = self._values(request, self._kept(obj), request.META[_BEFORE][None])
        self.record(request, "added", obj, "", self._told(values, {}))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        before: Values = request.META[_BEFORE][obj.pk]
        after = self._values(request, self._kept(obj), before)
        changed = [name for name in after if after[name] != before.get(name, "")]
        if changed:
            old = {name: before.get(name, "") for name in changed}
            new = {name: after[name] for name in changed}
            self.record(request, "changed", obj, self._told(old, new), self._told(new, old, "another"))

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> None:  # type: ignore[override]
        for obj in queryset:
            self.record(request, "deleted", obj)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        subject = self.subject(obj)
        entries = AuditEntry.objects.filter(kind=subject.kind, key=subject.key)[:100]
        context = {"title": f"What was changed: {subject.name or subject.key}", "entries": entries}
        return render(request, "desk/history.html", {**self.admin_site.each_context(request), **context})

    def _kept(self, obj: Any) -> Any:
        return type(obj)._default_manager.get(pk=obj.pk)

    def _values(self, request: HttpRequest, obj: Any, names: Iterable[str]) -> Values:
        """The fields of a form, and the rows of the tables inside it, as text."""
        inlines = {str(inline.model._meta.verbose_name_plural): inline for inline in self._inlines(request, obj)}
        values = {name: _text(obj, field) for name in names if (field := _field(obj, name)) is not None}
        for name, inline in inlines.items():
            names_within = inline.get_formset(request, obj).form.base_fields
            keys = [key.name for key in inline.model._meta.fields if key.related_model is type(obj)]
            rows = inline.model._default_manager.filter(**{keys[0]: obj})
            values[name] = "; ".join(
                " ".join(_text(row, field) for part in names_within if (field := _field(row, part)) is not None)
                for row in rows
            )
        return values

    def _inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return list(self.get_inline_instances(request, obj))

    def _told(self, values: Values, others: Values, veil: str = "one") -> str:
        """`headline: Rivers rise; access: free`; a veiled value is only told to be there."""
        parts = []
        for name, value in values.items():
            if not value and not others.get(name):
                continue
            shown = (f"({veil})" if value else "") if name in self.veiled else value[:LONGEST_VALUE]
            parts.append(f"{name}: {shown or '(none)'}")
        return "; ".join(parts)


def staff_of(request: HttpRequest) -> Reader:
    """Who is at the desk. Every page that calls this has asked for staff already."""
    if not isinstance(request.user, Reader):
        raise TypeError("nobody is signed in")
    return request.user


def _field(obj: Model, name: str) -> Field[Any, Any] | ManyToManyField[Any, Any] | None:
    try:
        found = obj._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, Field) else None


def _text(obj: Model, field: Field[Any, Any] | ManyToManyField[Any, Any]) -> str:
    value = getattr(obj, field.name)
    if isinstance(field, ManyToManyField):
        related: QuerySet[Any] = value.all()
        return ", ".join(str(one) for one in related)
    return "" if value is None else str(value)
