"""allauth at the desk: e-mail and password, staff only, then the second factor."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Reader
from foldline.site.readers.return_path import own_path


class DeskAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Whoever is not staff is refused like a wrong password, and counted like one."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        return own_path(url) == url

    def get_login_stages(self) -> list[str]:
        return ["allauth.mfa.stages.AuthenticateStage"]

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Pages say what they have to say themselves."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        reader = super().authenticate(request, **credentials)
        return reader if isinstance(reader, Reader) and reader.is_staff and reader.is_active else None

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        return SeeOther(reverse("account_login"))
