"""The desk's door. No stock address of allauth is among these."""

from __future__ import annotations

from django.urls import URLPattern, path

from foldline.site.desk import views

urlpatterns: list[URLPattern] = [
    path("sign-in", views.SignInView.as_view(), name="account_login"),
    path("sign-in/code", views.SecondFactorView.as_view(), name="mfa_authenticate"),
    path("second-factor", views.EnrolView.as_view(), name="second_factor"),
    path("sign-out", views.sign_out, name="account_logout"),
    # The admin's own form for signing out.
    path("logout/", views.sign_out),
    path("static/<path:path>", views.static_file),
]
