"""What every page of the desk has in common: who may see it, its head, and the pages that this role has."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from foldline.site.desk.access import has_entered, sign_in_address
from foldline.site.desk.audited import staff_of
from foldline.site.desk.roles import Power, role_of
from foldline.site.readers import moment
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.return_path import own_path

View = Callable[..., HttpResponse]


class Place(NamedTuple):
    """A page of the desk in its menu: its name, its title, what it is for, and who may see it."""

    name: str
    title: str
    about: str
    power: Power

    @property
    def address(self) -> str:
        if self.name == "newsroom":
            return reverse("admin:app_list", kwargs={"app_label": "newsroom"})
        return reverse(self.name)


PLACES: tuple[Place, ...] = (
    Place("newsroom", "Newsroom", "Write, schedule, publish and withdraw articles.", Power.NEWSROOM),
    Place("see_as", "See as", "Any article as any reader gets it, and why.", Power.SEE_AS),
    Place("open_now", "Open now", "An article, a section or all of it for everybody, for a time.", Power.OPEN_NOW),
    Place("gifts", "Gifts", "An article for a few people, by a link, for a time.", Power.OPEN_NOW),
    Place("newsstand", "Newsstand", "Whose feeds stand beside our own articles.", Power.NEWSSTAND),
    Place("readers", "Readers", "Find a reader, see why one can’t read, and help.", Power.SERVE_READERS),
    Place(
        "print_subscriptions", "Print", "Print subscribers: the last file, and whose a number is.", Power.SERVE_READERS
    ),
    Place("plans", "Plans", "What is sold, and how many subscribe.", Power.SEE_PAYMENTS),
    Place("institutions", "Libraries", "Libraries and companies: networks, addresses, use.", Power.CHANGE_INSTITUTIONS),
    Place("rules", "Rules", "What decides, line by line; its history; new rules, and back.", Power.SEE_RULES),
    Place("decisions", "Decisions", "The last 200 decisions, without anybody’s name.", Power.SEE_DECISIONS),
    Place("jobs", "Jobs", "What the site does by itself, and how it went.", Power.SEE_JOBS),
    Place("audit", "Audit log", "Who changed what, and when.", Power.SEE_AUDIT),
)

#: Pages that have no place of their own in the menu.
_UNDER = {
    "reader": "readers",
    "merge": "readers",
    "endless": "readers",
    "withdrawals": "readers",
    "rules_write": "rules",
    "rules_changes": "rules",
    "institution": "institutions",
}


def staff_page(power: Power | None = None) -> Callable[[View], View]:
    """Guard a view: staff whose second factor has been seen, and, where one is named, who have this power.

    Whoever is not signed in is led to the sign-in and back; whoever lacks the power is refused (403).
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not has_entered(request):
                back = own_path(request.get_full_path()) if request.method == "GET" else "/"
                return SeeOther(sign_in_address(back))
            if power is not None and not may(request, power):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return guard


def may(request: HttpRequest, power: Power) -> bool:
    """Whether whoever is signed in has this power."""
    return staff_of(request).has_perm(power)


def zone() -> ZoneInfo:
    """The newsroom's zone, in which the desk tells every time."""
    return ZoneInfo(settings.FOLDLINE.publication.zone)


def _here(place: Place, name: str) -> str:
    """The value of `aria-current` for a place in the menu of a page."""
    if place.name == name:
        return "page"
    return "true" if _UNDER.get(name) == place.name else ""


def page(request: HttpRequest, name: str, title: str, context: dict[str, Any], status: int = 200) -> TemplateResponse:
    """A page of the desk: the template `desk/<name>.html` in the desk's frame."""
    member = staff_of(request)
    places = [place for place in PLACES if may(request, place.power)]
    frame = {
        "title": title,
        "publication": settings.FOLDLINE.publication,
        "menu": [(place.address, place.title, _here(place, name)) for place in places],
        "places": [(place.address, place.title, place.about) for place in places],
        "member": member,
        "role": role_of(member) or "no role",
        "zone": settings.FOLDLINE.publication.zone,
        "today": moment.now(),
    }
    return TemplateResponse(request, f"desk/{name}.html", {**frame, **context}, status=status)
