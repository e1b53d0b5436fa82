"""The page on which a print subscriber activates what they have: number and postcode, and one answer to what fails."""

from __future__ import annotations

from urllib.parse import urlencode

from allauth.core import ratelimit
from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods

from foldline.site.circulation import activating, hashes
from foldline.site.readers import rendering
from foldline.site.readers.account import done
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.limits import network_of
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words

_LONGEST = 80


class ActivationForm(forms.Form):
    """What stands on the address label of a printed newspaper."""

    number = forms.CharField(
        max_length=_LONGEST, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    postcode = forms.CharField(
        max_length=_LONGEST, widget=forms.TextInput(attrs={"autocomplete": "postal-code", "spellcheck": "false"})
    )


@require_http_methods(["GET", "HEAD", "POST"])
def activate(request: HttpRequest) -> HttpResponse:
    """Ask, and on POST activate. What failed (the number, the postcode, a subscription that has ended or that somebody
    else activated) is told to nobody: the answer is the same, byte for byte."""
    reader = request.user
    if not isinstance(reader, Reader):
        query = urlencode({"next": reverse("print")}, safe="/")
        return SeeOther(f"{reverse('account_login')}?{query}")
    if request.method != "POST":
        return _page(request, ActivationForm())
    form = ActivationForm(request.POST)
    for field in form.fields.values():
        field.error_messages["required"] = words()["form.required"]
    if not form.is_valid():
        return _page(request, form, status=400)
    number, postcode = form.cleaned_data["number"], form.cleaned_data["postcode"]
    if not _may_try(request, reader, number):
        return _page(request, ActivationForm(), words()["print.too-many"], 429)
    if activating.activate(reader, number, postcode) is None:
        return _page(request, ActivationForm(), words()["print.wrong"], 400)
    return done("print", "print")


ADDRESSES: list[URLPattern] = [path("print", activate, name="print")]


def _may_try(request: HttpRequest, reader: Reader, number: str) -> bool:
    """Whether one more try may be made. Each is counted under all three, before anything is looked up."""
    counted = (
        ("print_reader", reader.key),
        ("print_network", network_of(request)),
        ("print_number", hashes.of_number(number)),
    )
    spent = [action for action, key in counted if not ratelimit.consume(request, action=action, key=key)]
    return not spent


def _page(request: HttpRequest, form: ActivationForm, problem: str = "", status: int = 200) -> HttpResponse:
    context = {"form": form, "problem": problem}
    return rendering.page(request, "circulation/activate", words()["print.title"], context, status=status)
