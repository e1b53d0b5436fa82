"""The readers' addresses under the prefix. No stock address of allauth is among them."""

from __future__ import annotations

from django.urls import URLPattern, path

from foldline.site.readers import account, address, devices, identity_views, my_data, passkey_views, views

urlpatterns: list[URLPattern] = [
    path("sign-in", views.AskView.as_view(), name="account_login"),
    path("sign-in/code", views.CodeView.as_view(), name="account_confirm_login_code"),
    path("sign-in/link/<str:opaque>", views.mailed_link, name="mailed_link"),
    path("sign-in/passkey", passkey_views.use, name="use_passkey"),
    path("sign-in/passkey/ask", passkey_views.ask_for_known, name="ask_for_passkey"),
    path("sign-in/with/<str:name>", identity_views.go, name="identity"),
    path("sign-in/from/<str:name>", identity_views.back, name="identity_back"),
    path("sign-out", views.sign_out, name="sign_out"),
    path("account", account.account, name="account"),
    path("account/address", address.change, name="change_address"),
    path("account/address/code", address.confirm, name="confirm_address"),
    path("account/address/<int:number>/remove", address.remove, name="remove_address"),
    path("account/data", my_data.data, name="my_data"),
    path("account/erase", my_data.erase, name="erase"),
    path("account/devices", devices.sign_out_devices, name="devices"),
    path("account/passkeys", passkey_views.add, name="add_passkey"),
    path("account/passkeys/ask", passkey_views.ask_for_new, name="ask_for_new_passkey"),
    path("account/passkeys/<int:number>", passkey_views.change, name="change_passkey"),
    path("account/identities/<int:number>", identity_views.unlink, name="unlink"),
]
