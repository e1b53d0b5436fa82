from __future__ import annotations

from django.apps import AppConfig


class InstitutionsConfig(AppConfig):
    name = "foldline.site.institutions"
    label = "institutions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # What imports models can be imported only now.
        from foldline.site.institutions.account_part import account_part
        from foldline.site.institutions.provided import prove
        from foldline.site.readers.account import PARTS
        from foldline.site.readers.proven import PROVEN

        PARTS.append(account_part)
        PROVEN.append(prove)
