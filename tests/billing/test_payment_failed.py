"""What is told of a renewal that did not go through: while one reads on, afterwards, and when it is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.billing.shop import nora, shop, text_of
from tests.readers.browser import Browser

from foldline.policy.decide import Decision, decide
from foldline.policy.facts import Access, Article, Reader, Visit
from foldline.policy.reasons import Reason
from foldline.signed import reader_pass
from foldline.signed.reader_pass import Pass
from foldline.stores.passes import unpack_products

if TYPE_CHECKING:
    from tests.billing.shop import Shop

__all__ = ["shop"]

DAY = 86_400


def apply(shop: Shop) -> None:
    """What the till has now goes into the ledger."""
    from foldline.site.billing import ledger
    from foldline.site.readers import moment

    (one,) = shop.till.provider.subscriptions(0)
    ledger.apply("till", one, moment.epoch())


def whose_renewal_failed(shop: Shop) -> Browser:
    browser = nora()
    browser.get(shop.pay(browser, card="expires"))
    (one,) = shop.till.provider.subscriptions(0)
    shop.till.book.renewals.end_period(one.subscription)
    apply(shop)
    return browser


def carried(after: int = 0) -> Pass:
    """The pass that the stored facts allow, in so many seconds."""
    from foldline.site.readers import moment
    from foldline.site.readers.models import PassFacts

    row = PassFacts.objects.get(ended_at=0)
    facts = reader_pass.PassFacts(
        bytes.fromhex(row.reader), bytes.fromhex(row.session), unpack_products(row.products), row.session_until,
        payment_failed=row.payment_failed,
    )  # fmt: skip
    return reader_pass.from_facts(facts, moment.epoch() + after)


def asked(held: Pass) -> Decision:
    from django.conf import settings

    from foldline.site.newsroom.press import rules_in_force

    rules = rules_in_force()
    assert rules is not None, settings.FOLDLINE.home
    reader = Reader(held.products, held.ended_on, held.payment_failed)
    return decide(Visit(Article(7, Access.SUBSCRIBERS, "", frozenset({1})), 1_900_000_000, reader), rules)


def test_while_the_days_of_grace_run_one_reads_on_and_the_pass_says_that_a_payment_failed(shop: Shop) -> None:
    browser = whose_renewal_failed(shop)
    held = carried()
    assert (held.products, held.payment_failed) == ({1}, True)
    assert asked(held).reason is Reason.SUBSCRIPTION_COVERS
    assert "Your last payment did not go through. You read on until" in text_of(browser.get("/-/account"))
    token = browser.cookie("__Host-foldline-pass").encode()
    from foldline.site.readers import passes

    assert reader_pass.read(passes.keyring(), token).payment_failed


def test_after_the_days_of_grace_the_reason_is_that_a_payment_failed(shop: Shop) -> None:
    whose_renewal_failed(shop)
    decision = asked(carried(after=8 * DAY))
    assert decision.reason is Reason.PAYMENT_FAILED
    assert decision.opening is None


def test_another_card_ends_all_talk_of_it(shop: Shop) -> None:
    whose_renewal_failed(shop)
    (one,) = shop.till.provider.subscriptions(0)
    shop.till.book.set_card(one.customer, "works")
    apply(shop)
    assert (carried().products, carried().payment_failed) == ({1}, False)


def test_once_the_provider_has_given_up_it_has_ended(shop: Shop) -> None:
    whose_renewal_failed(shop)
    (one,) = shop.till.provider.subscriptions(0)
    shop.till.book.renewals.end(one.subscription)
    apply(shop)
    decision = asked(carried(after=1))
    assert decision.reason is Reason.SUBSCRIPTION_ENDED
