"""The page on which anybody withdraws from a contract, signed in or not: declare, then confirm."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from foldline.site.billing import held, orders, withdrawals
from foldline.site.billing.models import Withdrawal
from foldline.site.billing.withdrawals import Declaration
from foldline.site.readers import rendering
from foldline.site.readers.addresses import LONGEST, canonical_email
from foldline.site.readers.limits import may_declare
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words

_LONGEST_NAME = 120
_LONGEST_NUMBER = 255


class DeclarationForm(forms.Form):
    """Who withdraws, from what, and where the acknowledgement goes."""

    name = forms.CharField(required=False, max_length=_LONGEST_NAME)
    email = forms.CharField(max_length=LONGEST)
    number = forms.CharField(max_length=_LONGEST_NUMBER)

    def clean_email(self) -> str:
        try:
            return canonical_email(self.cleaned_data["email"])
        except ValidationError:
            raise ValidationError(words()["form.email-wrong"]) from None

    @property
    def declaration(self) -> Declaration:
        """What a valid form declares."""
        return Declaration(*(self.cleaned_data[field] for field in ("name", "email", "number")))


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest) -> HttpResponse:
    """Ask for the contract, show what will be declared, and on its confirmation keep it. The last page is the same
    whether address and number belong to anything or not."""
    if request.method != "POST":
        return _ask(request, DeclarationForm(initial=_known(request)))
    form = DeclarationForm(request.POST)
    for field in form.fields.values():
        field.error_messages["required"] = words()["form.required"]
    if not form.is_valid():
        return _ask(request, form, 400)
    if "confirmed" not in request.POST:
        context = {"form": form, "declared": form.declaration.words}
        return rendering.page(request, "billing/withdraw_confirm", words()["withdraw.title"], context)
    if not may_declare(request, form.declaration.email):
        return _ask(request, form, 429, words()["withdraw.too-many"])
    withdrawals.declare(form.declaration)
    context = {"declared": form.declaration.words}
    return rendering.page(request, "billing/withdrawn", words()["withdraw.received"], context)


def _ask(request: HttpRequest, form: DeclarationForm, status: int = 200, problem: str = "") -> HttpResponse:
    context = {"form": form, "problem": problem}
    return rendering.page(request, "billing/withdraw", words()["withdraw.title"], context, status=status)


def _known(request: HttpRequest) -> dict[str, str]:
    """What the page knows of who is signed in: themselves, and the newest subscription that was not withdrawn from."""
    reader = request.user
    if not isinstance(reader, Reader):
        return {}
    withdrawn = set(Withdrawal.objects.exclude(subscription=None).values_list("subscription", flat=True))
    own = [one for one in held.of(reader) if one.pk not in withdrawn]
    return {"name": reader.name, "email": reader.email, "number": orders.number_of(own[0]) if own else ""}
