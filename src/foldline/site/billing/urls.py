"""The addresses of selling, under the prefix."""

from __future__ import annotations

from django.urls import URLPattern, path

from foldline.site.billing import managing, notices, subscribing, withdrawing

urlpatterns: list[URLPattern] = [
    path("subscribe", subscribing.subscribe, name="subscribe"),
    path("subscribed", subscribing.subscribed, name="subscribed"),
    path("withdraw", withdrawing.withdraw, name="withdraw"),
    path("billing/notice", notices.notice, name="billing_notice"),
    path("account/payments", managing.payments, name="payments"),
    path("account/subscriptions/<int:number>/cancel", managing.cancel, name="cancel_subscription"),
    path("account/subscriptions/<int:number>/resume", managing.resume, name="resume_subscription"),
    path("account/subscriptions/<int:number>/pay", managing.portal, name="payment_portal"),
]
