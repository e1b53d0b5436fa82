from __future__ import annotations

from django.apps import AppConfig


class CirculationConfig(AppConfig):
    name = "foldline.site.circulation"
    label = "circulation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # What imports models can be imported only now.
        from foldline.site.circulation.account_part import account_part
        from foldline.site.circulation.activating import match
        from foldline.site.readers.account import PARTS
        from foldline.site.readers.proven import PROVEN

        PARTS.append(account_part)
        PROVEN.append(match)
