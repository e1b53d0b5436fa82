from __future__ import annotations

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "foldline.site.billing"
    label = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # What imports models can be imported only now.
        from foldline.site.billing.account_part import account_part
        from foldline.site.readers.account import PARTS

        PARTS.append(account_part)
