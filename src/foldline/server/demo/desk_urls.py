"""The demonstration's way into its desk."""

from __future__ import annotations

from django.urls import URLPattern, path

from foldline.server.demo import views

urlpatterns: list[URLPattern] = [path("enter", views.enter, name="demo_enter")]
