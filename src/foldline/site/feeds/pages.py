"""Making a private feed, and ending one."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from foldline.site.feeds import keys
from foldline.site.feeds.account_part import PART
from foldline.site.feeds.lists import offered
from foldline.site.feeds.models import FeedKey
from foldline.site.readers import rendering
from foldline.site.readers.account import done, signed_in
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words

#: What feed readers call the forms, and how their addresses end.
FORMS = (("RSS", "xml"), ("Atom", "atom"), ("JSON Feed", "json"))


@require_POST
@signed_in
def make(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Make a feed of the list at `base`, in place of the one before, and show its address: this once."""
    base, lists = request.POST.get("base", ""), offered()
    if base not in lists:
        raise Http404
    key = keys.make(reader, base)
    publication = rendering.publication()
    start = f"{publication.url}{publication.prefix}feed/{key}{base}"
    addresses = [(name, ending, f"{start}.{ending}") for name, ending in FORMS]
    title = words().format("feed.made", name=lists[base])
    return rendering.page(request, "feeds/made", title, {"addresses": addresses})


@require_POST
@signed_in
def end(request: HttpRequest, reader: Reader, number: int) -> HttpResponse:
    """End one of one's own feeds."""
    keys.end(FeedKey.objects.filter(reader=reader, pk=number))
    return done("feed-ended", PART)


ADDRESSES: list[URLPattern] = [
    path("account/feeds", make, name="make_feed"),
    path("account/feeds/<int:number>/end", end, name="end_feed"),
]
