"""Django's admin as the desk: our own tables, and only for staff whose second factor has been seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.db.models import Model
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from foldline.site.desk.access import has_entered, sign_in_address
from foldline.site.desk.home import home
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.return_path import own_path

SHOWN = frozenset({"readers", "newsroom"})


class DeskSite(AdminSite):
    """What other applications register (allauth shows second-factor secrets in its admin) is not shown here."""

    site_header = "Foldline desk"
    site_title = "Foldline desk"
    index_title = "Desk"
    site_url = None

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        models = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else list(model_or_iterable)
        ours = [model for model in models if model._meta.app_label in SHOWN]
        if ours:
            super().register(ours, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and has_entered(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return home(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return SeeOther(sign_in_address(own_path(request.GET.get("next"))))
