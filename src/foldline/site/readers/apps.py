from __future__ import annotations

from django.apps import AppConfig


class ReadersConfig(AppConfig):
    name = "foldline.site.readers"
    label = "readers"
    default_auto_field = "django.db.models.BigAutoField"
