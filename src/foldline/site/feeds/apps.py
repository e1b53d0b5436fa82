from __future__ import annotations

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    name = "foldline.site.feeds"
    label = "feeds"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # What imports models can be imported only now.
        from foldline.site.feeds.account_part import account_part
        from foldline.site.readers.account import AFTER_DEVICES

        AFTER_DEVICES.append(account_part)
