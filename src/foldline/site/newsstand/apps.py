from __future__ import annotations

from django.apps import AppConfig


class NewsstandConfig(AppConfig):
    name = "foldline.site.newsstand"
    label = "newsstand"
    verbose_name = "Newsstand"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from foldline.site.newsroom import lists
        from foldline.site.newsstand import shelf

        lists.BESIDE.append(shelf.Shelf())
