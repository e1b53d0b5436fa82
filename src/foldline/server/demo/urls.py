"""The demonstration's addresses under the prefix."""

from __future__ import annotations

from django.urls import URLPattern, path

from foldline.server.demo import views

urlpatterns: list[URLPattern] = [
    path("become/<str:kind>", views.become, name="demo_become"),
    path("mail", views.mail, name="demo_mail"),
    path("desk", views.desk, name="demo_desk"),
    path("till", views.till, name="demo_till"),
]
