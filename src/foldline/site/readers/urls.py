"""The readers' addresses under the prefix. No stock address of allauth is among them."""

from __future__ import annotations

from django.urls import URLPattern, path

from foldline.site.readers import account, devices, views

urlpatterns: list[URLPattern] = [
    path("sign-in", views.AskView.as_view(), name="account_login"),
    path("sign-in/code", views.CodeView.as_view(), name="account_confirm_login_code"),
    path("sign-in/link/<str:opaque>", views.mailed_link, name="mailed_link"),
    path("sign-out", views.sign_out, name="sign_out"),
    path("account", account.account, name="account"),
    path("account/devices", devices.sign_out_devices, name="devices"),
    path("subscribe", account.subscribe, name="subscribe"),
]
