"""The page of one reader: everything that bears on why they can't read, and the forms of what staff may do."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from foldline.errors import StoreUnavailable
from foldline.site.desk.looking import Eye
from foldline.site.desk.models import MergedAccount, ReaderNote
from foldline.site.desk.pages import may, page, staff_page
from foldline.site.desk.roles import Power
from foldline.site.desk.service import resending, why
from foldline.site.desk.service.bought import bought_by
from foldline.site.desk.service.forms import GiveForm, NoteForm
from foldline.site.desk.service.known import known_of
from foldline.site.feeds import keys as feed_keys
from foldline.site.readers import known_as, moment, passes
from foldline.site.readers.models import Entitlement, Reader

LONGEST_WANTED = 300

#: What was just done here, by the word in the page's address.
_DONE = {
    "merged": "The two accounts are one now, and both mailboxes are told. Where the other one was signed in, one signs "
    "in once more.",
    "code": "A new code is on its way to the reader. It can be typed where a code was asked for last.",
    "no-code": "No code was sent: the reader has to ask for one first, within the last hour, and keep that page open.",
    "too-many": "No code was sent: this address got too many in a short time. Try again in ten minutes.",
}


@staff_page(Power.SERVE_READERS)
@require_safe
def reader(request: HttpRequest, pk: int, eye: Eye) -> HttpResponse:
    """One reader, with everything that bears on whether they can read."""
    return shown(request, get_object_or_404(Reader, pk=pk), eye)


def shown(
    request: HttpRequest,
    one: Reader,
    eye: Eye,
    *,
    giving: GiveForm | None = None,
    noting: NoteForm | None = None,
    erasing_refused: bool = False,
    still_charging: bool = False,
    other: str = "",
    merging_refused: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page, with a form that was refused and why where one is given."""
    now = moment.now()
    rights = [
        (right, right.runs(now), right.kind in Entitlement.OF_SUBSCRIPTIONS)
        for right in Entitlement.objects.filter(reader=one).select_related("product", "given_by")
    ]
    wanted = request.GET.get("q", "").strip()[:LONGEST_WANTED]
    unread = False
    articles: list[why.Answer] = []
    try:
        articles = why.answers(eye, one, wanted)
    except StoreUnavailable:
        unread = True
    sessions = [(session, date.fromordinal(day) if day else None) for session, day in passes.in_use(one)]
    context = {
        "reader": one,
        "known": known_of(one),
        "wanted": wanted,
        "articles": articles,
        "unread": unread,
        # A decision is that of a reader who is signed in: where nobody is, that has to come first.
        "keeps_out": _keeps_out(one, signed_in=bool(sessions)),
        "rights": rights,
        "sees_payments": may(request, Power.SEE_PAYMENTS),
        "bought": bought_by(one) if may(request, Power.SEE_PAYMENTS) else [],
        "sessions": sessions,
        "feeds": feed_keys.running(one),
        "asked": resending.waiting(one) is not None,
        "done": _DONE.get(request.GET.get("done", ""), ""),
        "notes": ReaderNote.objects.filter(reader=one),
        "giving": giving or GiveForm(),
        "noting": noting or NoteForm(),
        "erasing_refused": erasing_refused,
        "still_charging": still_charging,
        "further": known_as.further_addresses(one),
        "merged": MergedAccount.objects.filter(reader=one),
        "other": other,
        "merging_refused": merging_refused,
    }
    return page(request, "reader", "Reader", context, status=status)


def _keeps_out(one: Reader, *, signed_in: bool) -> str:
    if not one.is_active:
        return "The account is closed, so nobody signs in to it: every device gets what a stranger gets."
    if not signed_in:
        return "Signed in nowhere: every device gets what a stranger gets. This is what comes after signing in."
    return ""
