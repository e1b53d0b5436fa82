from __future__ import annotations

from django.apps import AppConfig


class NewsroomConfig(AppConfig):
    name = "foldline.site.newsroom"
    label = "newsroom"
    verbose_name = "Newsroom"
    default_auto_field = "django.db.models.BigAutoField"
