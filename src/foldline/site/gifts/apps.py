from __future__ import annotations

from django.apps import AppConfig


class GiftsConfig(AppConfig):
    name = "foldline.site.gifts"
    label = "gifts"

    def ready(self) -> None:
        # What imports models can be imported only now.
        from foldline.site.gifts.account_part import account_part
        from foldline.site.readers.account import PARTS

        PARTS.append(account_part)
