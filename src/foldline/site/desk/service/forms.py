"""The forms of reader service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms

from foldline.site.readers.models import Product

MOST_DAYS = 366

if TYPE_CHECKING:
    ProductChoice = forms.ModelChoiceField[Product]
else:
    ProductChoice = forms.ModelChoiceField


class FindForm(forms.Form):
    """What a reader is found by. It goes by POST: an address of a reader stands in no address of a page."""

    wanted = forms.CharField(
        label="E-mail address or its beginning, key, or subscription", min_length=3, max_length=255
    )


class GiveForm(forms.Form):
    """So many days of a product, from now on."""

    product = ProductChoice(label="Product", queryset=Product.objects.all(), empty_label=None)
    days = forms.IntegerField(label="Days", min_value=1, max_value=MOST_DAYS, initial=30)
    note = forms.CharField(label="Why", max_length=300)


class NoteForm(forms.Form):
    """A note for other staff."""

    text = forms.CharField(label="Note", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
