"""The form of an institution at the desk."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings

from foldline.site.institutions.files import first_day, last_day
from foldline.site.readers.models import WHOLE_PUBLICATION, Product
from foldline.stores.institutions import LONGEST_NAME, Kind, StoredInstitution

_AREA = {"rows": 6, "spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"}


class InstitutionForm(forms.Form):
    """Days are in the newsroom's zone; the last one belongs to the contract. `confirm` is for what is dangerous."""

    kind = forms.ChoiceField(label="What it is", choices=[(kind.value, f"a {kind}") for kind in Kind])
    name = forms.CharField(label="Name, as readers are to see it", max_length=LONGEST_NAME)
    starts = forms.DateField(label="First day")
    last_day = forms.DateField(label="Last day")
    ranges = forms.CharField(
        label="Networks, one a line", required=False, max_length=40_000, widget=forms.Textarea(attrs=_AREA)
    )
    domains = forms.CharField(
        label="Domains of its e-mail addresses, one a line",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={**_AREA, "rows": 3}),
    )
    product = forms.TypedChoiceField(label="What its addresses are entitled to", coerce=int)
    confirm = forms.BooleanField(label="I have looked at this, and it is meant so", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"].choices = list(Product.objects.values_list("number", "name"))  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        starts, last = given.get("starts"), given.get("last_day")
        if starts is not None and last is not None and last < starts:
            self.add_error("last_day", "The last day comes before the first.")
        if not given.get("ranges", "").strip() and not given.get("domains", "").strip():
            self.add_error("ranges", "Write a network, or a domain below: without one nobody reads.")
        return given

    def stored(self, number: int) -> StoredInstitution:
        """What a valid form says, as the store takes it."""
        given = self.cleaned_data
        return StoredInstitution(
            Kind(given["kind"]),
            given["name"],
            _epoch(given["starts"]),
            _epoch(given["last_day"] + timedelta(days=1)),
            _lines(given["ranges"]),
            _lines(given["domains"]),
            given["product"],
            number,
        )


def filled(one: StoredInstitution | None, today: date) -> InstitutionForm:
    """The form of one that is stored, or of a new one for a year from today."""
    if one is None:
        year = {"starts": today, "last_day": today + timedelta(days=364)}
        return InstitutionForm(initial={"kind": Kind.LIBRARY.value, "product": WHOLE_PUBLICATION, **year})
    zone = settings.FOLDLINE.zone
    return InstitutionForm(
        initial={
            "kind": one.kind.value,
            "name": one.name,
            "starts": first_day(one, zone),
            "last_day": last_day(one, zone),
            "ranges": "\n".join(one.ranges),
            "domains": "\n".join(one.domains),
            "product": one.product,
        }
    )


def _epoch(day: date) -> int:
    return int(datetime.combine(day, time(), settings.FOLDLINE.zone).astimezone(UTC).timestamp())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
