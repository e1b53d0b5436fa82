"""The two forms of signing in: an address, then a code."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ConfirmLoginCodeForm, RequestLoginCodeForm
from allauth.account.models import EmailAddress
from allauth.core import context, ratelimit
from django.core.exceptions import ValidationError
from django.db import transaction

from foldline.site.readers import codes
from foldline.site.readers.addresses import canonical_email
from foldline.site.readers.codes import Outcome
from foldline.site.readers.limits import may_ask
from foldline.site.readers.models import Reader, new_key
from foldline.site.readers.wording import words

TOO_MANY = "too-many"
OVER = "over"


class AskForm(RequestLoginCodeForm):  # type: ignore[misc]
    """One field for signing in and for joining. Known and unknown addresses take the same way."""

    reader: Reader | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["email"]
        field.error_messages.update(required=words()["form.required"], invalid=words()["form.email-wrong"])
        field.widget.attrs.update({"placeholder": "", "autofocus": True, "inputmode": "email"})

    def clean_email(self) -> str:
        try:
            email = canonical_email(self.cleaned_data["email"])
        except ValidationError:
            raise ValidationError(words()["form.email-wrong"], code="invalid") from None
        # Counted before a row is made: typing addresses must not fill the table.
        if not may_ask(context.request, email):
            raise ValidationError(words()["code.too-many"], code=TOO_MANY)
        self.reader = _reader_of(email)
        return email


class CodeForm(ConfirmLoginCodeForm):  # type: ignore[misc]
    """The code from the mail. `code` (allauth's expected code) is the lookup of the code in our table."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.max_length = 64
        field.error_messages["required"] = words()["form.required"]
        field.widget.attrs.update({"placeholder": "", "inputmode": "numeric", "autofocus": True, "maxlength": "64"})

    def clean_code(self) -> str:
        typed: str = self.cleaned_data["code"]
        if not ratelimit.consume(context.request, action="sign_in_code"):
            raise ValidationError(words()["code.too-many"], code=TOO_MANY)
        outcome = codes.redeem(self.expected_code or "", typed)
        if outcome is Outcome.OVER:
            raise ValidationError(words()["code.expired"], code=OVER)
        if outcome is Outcome.WRONG:
            raise ValidationError(words()["code.wrong"], code="wrong")
        return typed


def _reader_of(email: str) -> Reader | None:
    """The reader of an address, made if need be; None for one whose account is closed."""
    with transaction.atomic():
        reader = Reader.objects.of_address(email)
        if reader is not None:
            # The work that an unknown address makes, undone at once: how long this takes tells nobody who is known.
            with transaction.atomic():
                nobody = Reader.objects.create(email=f"{new_key()}@nobody.invalid", password="!")  # noqa: S106 - none
                EmailAddress.objects.create(user=nobody, email=nobody.email, primary=True)
                transaction.set_rollback(True)
        reader = reader or Reader.objects.join(email)
        EmailAddress.objects.get_or_create(user=reader, email=email, defaults={"primary": True})
    return reader if reader.is_active else None
