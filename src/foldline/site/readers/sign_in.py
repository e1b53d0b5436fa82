"""allauth's login by code, with the code kept as a hash and bound to the browser that asked for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

from allauth.account.internal.constants import LoginStageKey
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.internal.stagekit import unstash_login
from allauth.account.models import Login
from allauth.account.stages import LoginByCodeStage, LoginStageController
from django.http import HttpRequest

from foldline.site.readers import codes, mail
from foldline.site.readers.limits import network_of
from foldline.site.readers.models import Reader

#: How long a browser that asked for a code remembers it, in seconds. Longer than a code lives, for a kind answer.
PENDING_SECONDS = int(codes.WAITING.total_seconds())
PENDING = timedelta(seconds=PENDING_SECONDS + 60)


class CodeProcess(LoginCodeVerificationProcess):  # type: ignore[misc]
    """`state["code"]` holds the lookup of the code, never the code itself; `state["next"]` where to go afterwards."""

    @classmethod
    def ask(cls, request: HttpRequest, reader: Reader | None, email: str, return_path: str) -> Self:
        """Mail a code and bind it to this browser. For no reader everything looks the same, and no mail goes out."""
        replaced = pending_lookup(request)
        if replaced:
            codes.replace(replaced)
        login = Login(user=reader, email=email)
        login.state["stages"] = {"current": LoginByCodeStage.key}
        stage = LoginByCodeStage(LoginStageController(request, login), request, login)
        stage.state.update(cls.initial_state(user=reader, email=email))
        stage.state.update(initiated_by_user=True, next=return_path)
        process = cls(stage)
        process.send()
        process.persist()
        request.session.set_expiry(PENDING_SECONDS)
        return process

    @classmethod
    def resume(cls, stage: LoginByCodeStage) -> Self | None:
        process: Self | None = cls(stage).abort_if_invalid()
        return process

    @property
    def email(self) -> str:
        return str(self.state.get("email", ""))

    @property
    def return_path(self) -> str:
        return str(self.state.get("next", "/"))

    def send(self, skip_enumeration_mails: bool = False) -> None:
        reader = self.user if isinstance(self.user, Reader) else None
        mailed = codes.make(self.email, reader, network_of(self.request))
        self.state["code"] = mailed.lookup
        if self.user is not None:
            mail.send_code(self.email, mailed)

    def is_valid(self) -> bool:
        # How long a code lives is written in its row; the browser's memory of it ends with its session.
        return "code" in self.state


def pending_process(request: HttpRequest) -> CodeProcess | None:
    """What this browser has asked for and not finished."""
    stage = LoginStageController.enter(request, LoginByCodeStage.key)
    return CodeProcess(stage) if isinstance(stage, LoginByCodeStage) else None


def pending_lookup(request: HttpRequest) -> str:
    """The lookup of the code that this browser asked for, "" for none."""
    login: Any = unstash_login(request, peek=True)
    if login is None:
        return ""
    stages: dict[str, Any] = login.state.get("stages", {})
    data = stages.get(LoginStageKey.LOGIN_BY_CODE.value, {}).get("data", {})
    return str(data.get("code", ""))
