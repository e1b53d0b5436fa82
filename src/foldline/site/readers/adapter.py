"""Where allauth asks for our way: own return paths, no passwords and no second factor on the readers' side."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from foldline.site.readers import passes
from foldline.site.readers.models import Reader
from foldline.site.readers.rendering import publication
from foldline.site.readers.return_path import continue_at, own_path


class SeeOther(HttpResponseRedirect):
    """303: the next request is a GET, whatever this one was (RFC 9110, 15.4.4)."""

    status_code = 303


class ReaderAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Signing in by code gives a pass; nothing else does."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        return own_path(url) == url

    def get_login_stages(self) -> list[str]:
        # A second factor guards the desk. A reader with a passkey must not meet it after a code (allauth counts any
        # passkey as one).
        return ["allauth.account.stages.LoginByCodeStage"]

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Pages say what they have to say themselves."""

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        return SeeOther(reverse("account_login"))

    def post_login(
        self,
        request: HttpRequest,
        user: AbstractBaseUser,
        *,
        email_verification: str,
        signal_kwargs: dict[str, Any] | None,
        email: str | None,
        signup: bool,
        redirect_url: str | None,
    ) -> HttpResponse:
        if not isinstance(user, Reader):
            raise TypeError("only readers sign in here")
        request.session.set_expiry(None)
        response = SeeOther(continue_at(own_path(redirect_url), publication().prefix))
        passes.give_pass(response, passes.start(request, user))
        return response
