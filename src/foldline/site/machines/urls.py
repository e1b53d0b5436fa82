"""The address of the policy, under the prefix."""

from __future__ import annotations

from django.urls import URLPattern, path

from foldline.site.machines import policy
from foldline.syndication.robots import POLICY_PAGE

urlpatterns: list[URLPattern] = [path(POLICY_PAGE, policy.policy, name="machines")]
