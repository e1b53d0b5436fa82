"""Signing in, the link in the mail, signing out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.logout import logout
from allauth.account.stages import LoginByCodeStage
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods
from django.views.generic.edit import FormView

from foldline.pages.assets import asset_path
from foldline.site.readers import codes, identities, passes, passkeys, rendering
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.forms import OVER, TOO_MANY, AskForm, CodeForm
from foldline.site.readers.models import Reader, ReaderSession
from foldline.site.readers.proven import address_proven
from foldline.site.readers.return_path import FRONT, continue_at, own_path
from foldline.site.readers.sign_in import CodeProcess, pending_lookup
from foldline.site.readers.wording import words

MINUTES = int(codes.LIFE.total_seconds()) // 60

if TYPE_CHECKING:
    AskFormView = FormView[AskForm]
    CodeFormView = FormView[CodeForm]
else:
    AskFormView = CodeFormView = FormView


class AskView(AskFormView):
    """One field for an address. Whoever is signed in already gets a fresh pass and goes on."""

    form_class = AskForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return go_on(request, self.return_path)
        return super().dispatch(request, *args, **kwargs)

    @property
    def return_path(self) -> str:
        return own_path(self.request.POST.get("next") or self.request.GET.get("next"))

    def form_valid(self, form: AskForm) -> HttpResponse:
        CodeProcess.ask(self.request, form.reader, form.cleaned_data["email"], self.return_path)
        return SeeOther(reverse("account_confirm_login_code"))

    def form_invalid(self, form: AskForm) -> HttpResponse:
        return _ask_page(self.request, form, self.return_path, status=_status(form, "email"))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _ask_page(request, self.get_form(), self.return_path)


@method_decorator(login_stage_required(stage=LoginByCodeStage.key, redirect_urlname="account_login"), name="dispatch")
class CodeView(CodeFormView):
    """The code, typed in the browser that asked for it: no other browser has the process in its session."""

    form_class = CodeForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        process = CodeProcess.resume(request._login_stage)  # type: ignore[attr-defined]
        if process is None:
            return SeeOther(reverse("account_login"))
        self._process = process
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "code": self._process.code}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _code_page(request, self.get_form(), self._process)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        if isinstance(self._process.user, Reader):
            address_proven(self._process.user)
        response: HttpResponse = self._process.finish(self._process.return_path)
        return response

    def form_invalid(self, form: CodeForm) -> HttpResponse:
        if form.has_error("code", OVER):
            return_path = self._process.return_path
            self._process.abort()
            return ask_again(self.request, return_path, words()["code.expired"], 403)
        form.data = QueryDict()  # The field is shown empty, ready for the next try.
        return _code_page(self.request, form, self._process, status=_status(form, "code"))


@require_http_methods(["GET", "HEAD"])
def mailed_link(request: HttpRequest, opaque: str) -> HttpResponse:
    """The link in the mail. It changes nothing and signs nobody in, however often and by whomever it is opened: mail
    scanners open links, run their scripts and press buttons."""
    asked = codes.find_live(opaque)
    referrer = "no-referrer"
    if asked is None:
        response = rendering.page(request, "link_over", words()["link.expired-title"], status=410)
    elif asked.lookup == pending_lookup(request):
        form = CodeForm(initial={"code": codes.code_of(opaque)})
        title = words().format("link.title", name=rendering.publication().name)
        response = rendering.page(request, "link_here", title, {"form": form})
        # `no-referrer` would make the form's own Origin header "null" (Fetch, 3.2): the path stays hidden all the same.
        referrer = "strict-origin"
    else:
        context = {"code": codes.code_of(opaque)}
        response = rendering.page(request, "link_elsewhere", words()["link.elsewhere-title"], context)
    response.headers["Referrer-Policy"] = referrer
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ask, and on POST end the session here (or, with `everywhere`, on all devices) and in the gate."""
    if request.method != "POST":
        return rendering.page(request, "sign_out", words()["sign-out.title"])
    response = SeeOther(FRONT)
    if request.user.is_authenticated:
        if "everywhere" in request.POST:
            passes.end_all(request.user)
        else:
            sessions = ReaderSession.objects.filter(reader=request.user, ended_at=None)
            passes.end(sessions.filter(django_key=request.session.session_key or ""))
    logout(request)
    passes.expire_cookies(response)
    passes.forget_reading(request, response)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def go_on(request: HttpRequest, return_path: str) -> HttpResponse:
    """Lead whoever is signed in already to where they came from, with a fresh pass."""
    response = SeeOther(continue_at(return_path, rendering.publication().prefix))
    session = passes.running(request)
    if session is not None:
        passes.give_pass(response, session)
    return response


def ask_again(request: HttpRequest, return_path: str, problem: str, status: int) -> HttpResponse:
    """The page to sign in, with a sentence about why another way failed. The field for an address is the way out."""
    return _ask_page(request, AskForm(), return_path, problem=problem, status=status)


def _ask_page(
    request: HttpRequest, form: Form, return_path: str, *, problem: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "next": return_path,
        "problem": problem,
        "passkeys": passkeys.offered(),
        "providers": [
            (provider.name, words().format("sign-in.with", label=provider.label)) for provider in identities.providers()
        ],
        "script": asset_path("passkeys.js", rendering.publication().prefix),
    }
    return rendering.page(request, "ask", words()["sign-in.title"], context, status=status)


def _code_page(request: HttpRequest, form: Form, process: CodeProcess, *, status: int = 200) -> HttpResponse:
    lead = words().format("code.lead", email=process.email, minutes=MINUTES)
    again = urlencode({"next": process.return_path}, safe="/")
    context = {"form": form, "lead": lead, "email": process.email, "next": process.return_path, "again": again}
    return rendering.page(request, "code", words()["code.title"], context, status=status)


def _status(form: Form, field: str) -> int:
    return 429 if form.has_error(field, TOO_MANY) else 400
