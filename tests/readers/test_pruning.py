from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from .browser import Browser

pytestmark = pytest.mark.usefixtures("site")


def test_addresses_that_nobody_confirmed_go_after_a_day_and_everybody_else_stays() -> None:
    from foldline.site.readers import entitlements, moment, prune
    from foldline.site.readers.models import Product, Reader

    Browser().sign_in("confirmed@example.test")
    Browser().ask("typed@example.test")
    given = Reader.objects.join("given@example.test")
    entitlements.give(given, Product.objects.get(number=1), ends_at=moment.now() + timedelta(days=9))
    Reader.objects.create_user("staff@example.test", "x", is_staff=True)
    assert prune.prune_unverified(moment.now()) == 0
    assert prune.prune_unverified(moment.now() + timedelta(days=1, seconds=5)) == 1
    assert set(Reader.objects.values_list("email", flat=True)) == {
        "confirmed@example.test", "given@example.test", "staff@example.test"
    }  # fmt: skip


def test_codes_and_sessions_that_have_ended_go_and_running_ones_stay() -> None:
    from foldline.site.readers import moment, prune
    from foldline.site.readers.models import PassFacts, ReaderSession, SignInCode

    Browser().sign_in("nora@example.test")
    prune.prune_sign_ins(moment.now())
    assert (SignInCode.objects.count(), PassFacts.objects.count(), ReaderSession.objects.count()) == (1, 1, 1)
    prune.prune_sign_ins(moment.now() + timedelta(days=2))
    assert (SignInCode.objects.count(), PassFacts.objects.count(), ReaderSession.objects.count()) == (0, 1, 1)
    prune.prune_sign_ins(moment.now() + timedelta(days=181))
    assert (PassFacts.objects.count(), ReaderSession.objects.count()) == (0, 0)


def test_a_session_that_nobody_uses_for_180_days_ends(later: Callable[[float], None]) -> None:
    from foldline.signed import cookies

    browser = Browser()
    browser.sign_in("nora@example.test")
    for name in (cookies.PASS, "__Host-foldline-session"):
        assert int(browser.client.cookies[name]["max-age"]) == 180 * 86_400
    later(181 * 86_400)
    del browser.client.cookies[cookies.PASS]
    browser.get("/-/sign-in")
    assert not browser.cookie(cookies.PASS)


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("Nora@Example.TEST", "nora@example.test"),
        ("  nora@example.test\t", "nora@example.test"),
        ("nora@BÜCHER.example", "nora@xn--bcher-kva.example"),
        ("n.o.r.a+news@example.test", "n.o.r.a+news@example.test"),
    ],
)
def test_an_address_has_one_spelling(given: str, canonical: str) -> None:
    from foldline.site.readers.addresses import canonical_email

    assert canonical_email(given) == canonical


@pytest.mark.parametrize(
    "given",
    [
        "ſam@example.test",
        "ﬁ@example.test",
        "no\u200bra@example.test",
        "nora@example.test\x00",
        "a\nb@example.test",
        "@",
        "x",
    ],
)
def test_letters_that_fold_onto_others_make_no_address(given: str) -> None:
    from django.core.exceptions import ValidationError

    from foldline.site.readers.addresses import canonical_email

    with pytest.raises(ValidationError):
        canonical_email(given)


def test_changes_that_everybody_has_heard_of_go_and_who_missed_them_is_told_that_everything_changed() -> None:
    from django.conf import settings

    from foldline.site.readers import moment, prune
    from foldline.site.readers.models import Change
    from foldline.stores.changes import ChangeFeed

    Change.objects.all().delete()
    home, now = settings.FOLDLINE.home, int(moment.now().timestamp())
    old = now - 8 * 86_400
    missing, there = ChangeFeed(home), ChangeFeed(home)
    Change.objects.create(kind="article", key="/first", at=old)
    assert missing.read() == there.read() == []
    Change.objects.create(kind="origin-withdrawn", key="/gone", at=old)
    Change.objects.create(kind="session", key="00ff", at=old)
    Change.objects.create(kind="article", key="/last", at=old)
    assert [change.key for change in there.read()] == ["/gone", "00ff", "/last"]
    assert prune.prune_changes(moment.now()) == 2
    assert list(Change.objects.order_by("pk").values_list("key", flat=True)) == ["/gone", "/last"]
    assert there.read() == []
    Change.objects.create(kind="article", key="/new", at=now)
    assert [change.key for change in there.read()] == ["/new"]
    assert [change.kind for change in missing.read()] == ["all"]
    assert prune.prune_changes(moment.now()) == 1
    missing.close()
    there.close()
