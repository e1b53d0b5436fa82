from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class DeskConfig(AppConfig):
    name = "foldline.site.desk"
    label = "desk"
    verbose_name = "Desk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from foldline.site.desk.roles import write_groups

        # The last of our applications: the permissions of the others are there by now.
        post_migrate.connect(write_groups, sender=self, dispatch_uid="desk-groups")


class DeskAdminConfig(AdminConfig):
    """Django's admin with the desk as its site."""

    default_site = "foldline.site.desk.admin_site.DeskSite"
