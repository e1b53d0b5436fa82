from __future__ import annotations

from django.contrib import admin
from django.urls import path

import foldline.site.newsroom.admin  # noqa: F401 - registers what the desk shows

urlpatterns = [path("", admin.site.urls)]
