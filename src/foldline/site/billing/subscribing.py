"""From the wall to the payment page and back to the article."""

from __future__ import annotations

import logging
import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from allauth.core import ratelimit
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from foldline.errors import StoreUnavailable
from foldline.plans import Plan
from foldline.site.billing import changing, held, offered, orders, plans, selling
from foldline.site.billing.going import plans_for, silent, to_sign_in, to_the_provider
from foldline.site.billing.models import Order
from foldline.site.billing.provider import Checkout, Declined, NotAtProvider, Provider, ProviderUnavailable
from foldline.site.billing.terms import Offered, consent, legal_pages, offered_as, price_of
from foldline.site.readers import account, moment, rendering
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Reader
from foldline.site.readers.return_path import FRONT, own_path
from foldline.site.readers.wording import words

log = logging.getLogger(__name__)

_TOKEN = re.compile(r"[0-9a-f]{32}")
_CHECKOUT = re.compile(r"[A-Za-z0-9_-]{1,255}")


@dataclass(frozen=True, slots=True)
class Offer:
    """What the page offers a reader who came from `path`, and what they agree to. `version` changes with any word."""

    path: str
    plans: tuple[Offered, ...]
    consent: str

    @property
    def version(self) -> str:
        return orders.version_of("\n".join([*(plan.told for plan in self.plans), self.consent]))


@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """The plans that open the article that one came from. POST begins a visit to the provider's payment page."""
    provider = selling.provider()
    if provider is None or not plans.plans():
        return account.subscribe(request)
    reader = request.user if isinstance(request.user, Reader) else None
    path = own_path(request.POST.get("next") or request.GET.get("next"))
    offer = _offer(path, reader)
    if request.method != "POST":
        return _page(request, offer, reader)
    if reader is None:
        return SeeOther(to_sign_in(plans_for(offer.path)))
    return _order(request, provider, offer, reader)


@require_safe
def subscribed(request: HttpRequest) -> HttpResponse:
    """Back from the payment page. The address proves nothing: the provider is asked, and the ledger writes what it
    says; a notice that comes later, twice or never changes nothing about that."""
    provider = selling.provider()
    named = request.GET.get("checkout", "")
    if provider is not None and "change" in request.GET:
        return changing.changed(request, provider)
    if provider is not None and "checkout" not in request.GET:
        return _without_paying(request)
    if provider is None or not _CHECKOUT.fullmatch(named):
        raise Http404
    reader = request.user
    if not isinstance(reader, Reader):
        return SeeOther(to_sign_in(_back_with(named)))
    order = Order.objects.filter(provider=provider.name, checkout=named, reader=reader).first()
    if order is None:
        raise Http404
    try:
        checkout = provider.checkout(named)
        if Reader.objects.of_key(checkout.reader) != reader:
            log.warning("a checkout came back for another reader than the one who began it")
            raise Http404
        if not checkout.paid or checkout.subscription is None:
            return _unpaid(request, order, checkout)
        snapshot = provider.subscription(checkout.subscription)
    except NotAtProvider:
        raise Http404 from None
    except ProviderUnavailable as error:
        log.warning("%s", error)
        return silent(request)
    return changing.onward(request, provider, snapshot, order)


def _without_paying(request: HttpRequest) -> HttpResponse:
    """Back from the payment page by its link: to the plans, for the article that one came from."""
    reader = request.user if isinstance(request.user, Reader) else None
    order = Order.objects.filter(reader=reader).first() if reader is not None else None
    return SeeOther(plans_for(order.return_path if order is not None else FRONT))


def _offer(path: str, reader: Reader | None) -> Offer:
    article = "" if path == FRONT or path.startswith(rendering.publication().prefix) else path.partition("?")[0]
    try:
        found = offered.opening(article) if article else plans.plans()
    except StoreUnavailable as error:
        log.warning("%s", error)
        found = ()
    return Offer(path, tuple(offered_as(plan, reader) for plan in found), consent())


def _order(request: HttpRequest, provider: Provider, offer: Offer, reader: Reader) -> HttpResponse:
    chosen = next((plan for plan in offer.plans if plan.key == request.POST.get("plan")), None)
    plan = plans.named(chosen.key) if chosen is not None else None
    token = request.POST.get("order", "")
    if chosen is None or plan is None or not _TOKEN.fullmatch(token):
        return _page(request, offer, reader, "subscribe.choose", 400)
    if request.POST.get("terms") != offer.version:
        return _page(request, offer, reader, "subscribe.changed", 409)
    if "agreed" not in request.POST:
        return _page(request, offer, reader, "subscribe.agree", 400, chosen.key)
    if held.runs(reader, plan):
        return _page(request, offer, reader, "subscribe.has-it", 409)
    if chosen.blocked:
        return _page(request, offer, reader, "subscribe.not-now", 409)
    if not ratelimit.consume(request, action="checkout"):
        return _page(request, offer, reader, "subscribe.too-many", 429, chosen.key)
    order, _new = Order.objects.get_or_create(
        reader=reader,
        token=token,
        defaults={
            "plan": plan.key,
            "provider": provider.name,
            "return_path": offer.path,
            "terms": f"{chosen.told} {offer.consent}",
            "terms_version": offer.version,
            "amount": plan.amount,
            "language": words().language,
            "agreed_at": moment.epoch(),
            "subscription": chosen.instead,
        },
    )
    if order.plan != plan.key:
        # The Back button, and another plan: another order.
        return _page(request, offer, reader, "subscribe.choose", 409, chosen.key)
    try:
        if chosen.instead is not None:
            return to_the_provider(request, changing.page_of(provider, order, chosen.instead, price_of(plan, reader)))
        checkout = _begin(provider, order, reader, plan)
    except ProviderUnavailable as error:
        log.warning("%s", error)
        return _page(request, offer, reader, "subscribe.silent", 503, chosen.key, token)
    except Declined as declined:
        log.warning("%s", declined)
        return _page(request, offer, reader, "subscribe.refused", 409, chosen.key)
    if checkout.paid or not checkout.url:
        return SeeOther(_back_with(checkout.id))
    return to_the_provider(request, checkout.url)


def _begin(provider: Provider, order: Order, reader: Reader, plan: Plan) -> Checkout:
    """The visit to the payment page that belongs to an order: a new one, the one that it has already, or one that was
    begun in another window on the same terms: two that are open at once could both be paid."""
    if order.checkout:
        return provider.checkout(order.checkout)
    begun = orders.begun_before(order)
    if begun is not None:
        try:
            checkout = provider.checkout(begun.checkout)
        except NotAtProvider:
            checkout = None
        if checkout is not None and (checkout.url or checkout.paid):
            orders.take_over(begun, order)
            return checkout
    back = rendering.publication().url + reverse("subscribed")
    key = f"order-{reader.key}-{order.token}"
    checkout = provider.start_checkout(reader.key, reader.email, price_of(plan, reader), back, key)
    Order.objects.filter(pk=order.pk, checkout="").update(checkout=checkout.id)
    return checkout


def _page(
    request: HttpRequest,
    offer: Offer,
    reader: Reader | None,
    problem: str = "",
    status: int = 200,
    chosen: str = "",
    token: str = "",
) -> HttpResponse:
    own = [plan for plan in offer.plans if reader is not None and held.runs(reader, plan.plan)]
    # Who has a plan that opens the article needs no other one; on the page of all plans, the others can still be had.
    others = () if own and offer.path != FRONT else tuple(plan for plan in offer.plans if plan not in own)
    context = {
        "offer": offer,
        "plans": others,
        "legal": legal_pages(),
        "chosen": chosen or next((plan.key for plan in others if not plan.blocked), ""),
        "can_choose": any(not plan.blocked for plan in others),
        "problem": words()[problem] if problem else "",
        "order": token or secrets.token_hex(16),
        "reader": reader,
        "has": words().format("subscribe.has", plan=", ".join(plan.name for plan in own)) if own else "",
        "sign_in": to_sign_in(plans_for(offer.path)),
        "back": offer.path if offer.path != FRONT else "",
    }
    title = words().format("subscribe.title", name=rendering.publication().name)
    return rendering.page(request, "billing/subscribe", title, context, status=status)


def _back_with(checkout: str) -> str:
    """Where the payment page leads back to."""
    return f"{reverse('subscribed')}?{urlencode({'checkout': checkout})}"


def _unpaid(request: HttpRequest, order: Order, checkout: Checkout) -> HttpResponse:
    """Not paid, as the provider says. Whoever went back by the browser's button can go on where they were."""
    context = {
        "pay": checkout.url,
        "again": plans_for(order.return_path),
        "sentence": words()["subscribed.unpaid"],
    }
    return rendering.page(request, "billing/unpaid", words()["subscribed.unpaid-title"], context)
