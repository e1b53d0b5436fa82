from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class DeskAdminConfig(AdminConfig):
    """Django's admin with the desk as its site."""

    default_site = "foldline.site.readers.desk.admin_site.DeskSite"
