"""Signing in at the desk, the second factor, and the way out."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.flows.logout import logout
from allauth.account.models import Login
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.totp.internal.auth import TOTP, clear_totp_secret
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST, require_safe
from django.views.generic.edit import FormView

from foldline.site.desk import audit
from foldline.site.desk.access import must_enrol, record_second_factor, sign_in_address
from foldline.site.desk.forms import EnrolForm, SignInForm
from foldline.site.desk.roles import Role
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Reader
from foldline.site.readers.return_path import own_path

STATIC_SECONDS = 3600

if TYPE_CHECKING:
    SignInFormView = FormView[SignInForm]
    AuthenticateFormView = FormView[AuthenticateForm]
    EnrolFormView = FormView[EnrolForm]
else:
    SignInFormView = AuthenticateFormView = EnrolFormView = FormView


class SignInView(SignInFormView):
    """E-mail address and password; the second factor follows."""

    form_class = SignInForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return SeeOther("/")
        return super().dispatch(request, *args, **kwargs)

    @property
    def return_path(self) -> str:
        return own_path(self.request.POST.get("next") or self.request.GET.get("next"))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._page(self.get_form())

    def form_valid(self, form: SignInForm) -> HttpResponse:
        email = form.cleaned_data["email"]
        login = Login(user=form.reader, email=email, redirect_url=self.return_path)
        response: HttpResponse = perform_password_login(self.request, {"email": email}, login)
        return response

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        return self._page(form, status=403 if form.non_field_errors() else 400)

    def _page(self, form: SignInForm, status: int = 200) -> HttpResponse:
        roles = [role.value for role in Role] if settings.FOLDLINE.demo else []
        context = {"title": "Sign in", "form": form, "next": self.return_path, "roles": roles}
        return render(self.request, "desk/sign_in.html", context, status=status)


@method_decorator(login_stage_required(stage=AuthenticateStage.key, redirect_urlname="account_login"), name="dispatch")
class SecondFactorView(AuthenticateFormView):
    """The code of the authenticator application, after the password."""

    form_class = AuthenticateForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.stage: AuthenticateStage = request._login_stage  # type: ignore[attr-defined]
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.stage.login.user}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._page(self.get_form())

    def form_valid(self, form: AuthenticateForm) -> HttpResponse:
        form.save()
        response: HttpResponse = self.stage.exit()
        return response

    def form_invalid(self, form: AuthenticateForm) -> HttpResponse:
        return self._page(form, status=403)

    def _page(self, form: AuthenticateForm, status: int = 200) -> HttpResponse:
        return render(self.request, "desk/authenticate.html", {"title": "Second factor", "form": form}, status=status)


class EnrolView(EnrolFormView):
    """Setting up the second factor, before anything else can be reached."""

    form_class = EnrolForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not must_enrol(request):
            return SeeOther("/" if request.user.is_authenticated else sign_in_address())
        return super().dispatch(request, *args, **kwargs)

    @property
    def reader(self) -> Reader:
        if not isinstance(self.request.user, Reader):
            raise Http404
        return self.request.user

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.reader}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._page(self.get_form())

    def form_valid(self, form: EnrolForm) -> HttpResponse:
        TOTP.activate(self.reader, form.secret)
        clear_totp_secret(self.request)
        self.request.session.cycle_key()
        record_second_factor(self.request, self.reader, "totp")
        audit.record(self.reader, "second factor set up", audit.of_staff(self.reader))
        return SeeOther("/")

    def form_invalid(self, form: EnrolForm) -> HttpResponse:
        return self._page(form, status=400)

    def _page(self, form: EnrolForm, status: int = 200) -> HttpResponse:
        adapter = get_adapter()
        url = adapter.build_totp_url(self.reader, form.secret)
        svg = mark_safe(adapter.build_totp_svg(url).partition("?>")[2])  # noqa: S308 - drawn by qrcode
        context = {"title": "Set up your second factor", "form": form, "svg": svg, "secret": form.secret}
        return render(self.request, "desk/enrol.html", context, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the desk's session."""
    logout(request)
    response = SeeOther(reverse("account_login"))
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@require_safe
def static_file(request: HttpRequest, path: str) -> HttpResponse:
    """The admin's own style sheets and scripts. They are public, and the desk has no other server before it."""
    found = None if ".." in path.split("/") else finders.find(path.lstrip("/"))
    if not isinstance(found, str) or not Path(found).is_file():
        raise Http404
    kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
    response = HttpResponse(Path(found).read_bytes(), content_type=kind)
    response.headers["Cache-Control"] = f"public, max-age={STATIC_SECONDS}"
    return response
