"""The desk's forms: address and password, and the first code of a new second factor."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import get_totp_secret
from django import forms

from foldline.site.readers.addresses import LONGEST
from foldline.site.readers.models import Reader


class EnrolForm(ActivateTOTPForm):  # type: ignore[misc]
    """One secret for the whole of setting up. Stock draws a new one at each GET, and browsers ask for icons too."""

    def __init__(self, *args: Any, user: Reader, **kwargs: Any) -> None:
        forms.Form.__init__(self, *args, **kwargs)
        self.user = user
        self.secret = get_totp_secret()


class SignInForm(forms.Form):
    """E-mail address and password. Tries are limited by address of both kinds (allauth's `login_failed`)."""

    email = forms.EmailField(
        max_length=LONGEST,
        widget=forms.EmailInput(attrs={"id": "id_username", "autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        max_length=1024, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    reader: Reader

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "email" in given and "password" in given:
            email = given["email"].casefold()
            reader = get_adapter().authenticate(context.request, email=email, password=given["password"])
            if not isinstance(reader, Reader):
                raise forms.ValidationError("This address and this password do not open the desk.")
            self.reader = reader
        return given
