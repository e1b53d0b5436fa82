"""Changing the e-mail address: a code to the new one, both told, and the same page whether somebody has it or not."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.core import ratelimit
from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from foldline.site.readers import codes, known_as, mail, rendering
from foldline.site.readers.account import done, signed_in
from foldline.site.readers.addresses import canonical_email
from foldline.site.readers.codes import Outcome
from foldline.site.readers.limits import may_ask, network_of
from foldline.site.readers.models import Reader
from foldline.site.readers.proven import address_proven
from foldline.site.readers.prune import unconfirmed
from foldline.site.readers.views import MINUTES
from foldline.site.readers.wording import words

#: The code of a change stands apart from those for signing in: neither can be typed in the other's place.
_PENDING = "address-change"


class NewAddressForm(forms.Form):
    """Where the code is to go."""

    email = forms.CharField(max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class ConfirmForm(forms.Form):
    """The code from the new mailbox. The address stands in the form, so that no table holds one that nobody confirmed;
    the code's row knows which address it went to."""

    email = forms.CharField(max_length=254, widget=forms.HiddenInput)
    code = forms.CharField(
        max_length=64, widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"})
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def change(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Ask for the new address, and mail it a code."""
    if request.method != "POST":
        return _ask_page(request, NewAddressForm())
    form = NewAddressForm(request.POST)
    try:
        email = canonical_email(request.POST.get("email", ""))
    except ValidationError:
        return _ask_page(request, form, words()["form.email-wrong"], 400)
    if email == reader.email:
        return _ask_page(request, form, words()["address.same"], 400)
    if not may_ask(request, email):
        return _ask_page(request, form, words()["code.too-many"], 429)
    codes.replace(request.session.get(_PENDING, ""))
    free = _is_free(email, reader)
    mailed = codes.make(email, reader if free else None, network_of(request))
    request.session[_PENDING] = mailed.lookup
    if free:
        mail.send_address_code(email, mailed)
    else:
        mail.send_notice(email, "taken")
    return _code_page(request, email)


@require_POST
@signed_in
def confirm(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Change the address, where the right code was typed. Codes for the old one are good for nothing from now on."""
    lookup = request.session.get(_PENDING, "")
    try:
        email = canonical_email(request.POST.get("email", ""))
    except ValidationError:
        email = ""
    if not lookup or not codes.went_to(lookup, email):
        return _ask_page(request, NewAddressForm(), words()["code.expired"], 403)
    if not ratelimit.consume(request, action="sign_in_code"):
        return _code_page(request, email, words()["code.too-many"], 429)
    outcome = codes.redeem(lookup, request.POST.get("code", "")[:64])
    if outcome is Outcome.WRONG:
        return _code_page(request, email, words()["code.wrong"], 400)
    del request.session[_PENDING]
    if outcome is Outcome.OVER or not _moves(reader, email):
        return _ask_page(request, NewAddressForm(), words()["code.expired"], 403)
    return done("address")


@require_POST
@signed_in
def remove(request: HttpRequest, reader: Reader, number: int) -> HttpResponse:
    """Let a further address sign in no more. Codes that went there are good for nothing from now on."""
    found = known_as.further(reader).filter(pk=number).first()
    if found is None:
        raise Http404
    with transaction.atomic():
        found.delete()
        codes.forget(found.email)
    return done("further")


def _is_free(email: str, reader: Reader) -> bool:
    """Whether nobody has an account of this address. Who only typed it, and never a code, has none."""
    has = Reader.objects.of_address(email)
    return has is None or has == reader or unconfirmed().filter(pk=has.pk).exists()


def _moves(reader: Reader, email: str) -> bool:
    """Give a reader the address that they confirmed; not where somebody else has confirmed it in the meantime."""
    old = reader.email
    try:
        with transaction.atomic():
            unconfirmed().filter(email=email).delete()
            Reader.objects.filter(pk=reader.pk).update(email=email)
            # Further addresses of the account stay; the new one may be one of them.
            EmailAddress.objects.filter(user=reader, email__in=(old, email)).delete()
            EmailAddress.objects.create(user=reader, email=email, verified=True, primary=True)
            codes.replace_all(reader)
    except IntegrityError:
        return False
    reader.refresh_from_db()
    address_proven(reader)
    mail.send_notice(old, "changed")
    mail.send_notice(email, "welcome")
    return True


def _ask_page(request: HttpRequest, form: NewAddressForm, problem: str = "", status: int = 200) -> HttpResponse:
    context = {"form": form, "problem": problem}
    return rendering.page(request, "address", words()["address.title"], context, status=status)


def _code_page(request: HttpRequest, email: str, problem: str = "", status: int = 200) -> HttpResponse:
    lead = words().format("address.code-lead", email=email, minutes=MINUTES)
    context = {"form": ConfirmForm(initial={"email": email}), "lead": lead, "problem": problem}
    return rendering.page(request, "address_code", words()["address.title"], context, status=status)
