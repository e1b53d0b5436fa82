"""Readers by their verified address: exactly the domain, as long as the contract runs and the address is theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.readers.browser import Browser, last_code

from foldline.stores.institutions import Kind

from .conftest import DAY, Room, held

INSIDE = "nora@uni.edu"


def sign_in(email: str) -> Browser:
    from django.core.cache import cache

    cache.clear()
    browser = Browser()
    assert browser.sign_in(email).status_code == 303
    return browser


def products_in_pass(browser: Browser) -> frozenset[int]:
    from foldline.signed import cookies, reader_pass
    from foldline.site.readers.passes import keyring

    return reader_pass.read(keyring(), browser.cookie(cookies.PASS).encode()).products


def test_a_verified_address_of_the_domain_is_entitled_until_the_contract_ends(room: Room) -> None:
    from foldline.site.readers.models import Entitlement

    contract = room.university(days=100)
    browser = sign_in(INSIDE)
    assert held(INSIDE) == [("library", True)]
    given = Entitlement.objects.get()
    assert given.ends_at is not None
    assert given.ends_at.timestamp() == contract.ends
    # The pass of this very sign-in says so: nothing has to be asked again.
    assert products_in_pass(browser) == {1}
    assert "Provided by Rosewater University, until" in browser.get("/-/account").content.decode()


@pytest.mark.parametrize(
    "email", ["x@uni.edu.evil.com", "x@evil-uni.edu", "x@cs.uni.edu", "uni.edu@evil.com", "x@eviluni.edu"]
)
def test_what_only_looks_like_the_domain_is_entitled_to_nothing(room: Room, email: str) -> None:
    room.university()
    sign_in(email)
    assert held(email) == []


def test_sub_domains_count_where_the_contract_says_so(room: Room) -> None:
    room.university(domains=("*.uni.edu",))
    sign_in("x@cs.uni.edu")
    sign_in(INSIDE)
    assert (held("x@cs.uni.edu"), held(INSIDE)) == ([("library", True)], [])


def test_an_address_that_was_typed_and_never_proven_is_entitled_to_nothing(room: Room) -> None:
    from foldline.site.institutions import provided

    room.university()
    Browser().ask(INSIDE)
    provided.settle_all()
    assert held(INSIDE) == []


def test_a_company_gives_an_entitlement_of_its_own_kind(room: Room) -> None:
    room.university(kind=Kind.COMPANY)
    sign_in(INSIDE)
    assert held(INSIDE) == [("company", True)]


def test_who_has_an_account_already_is_entitled_when_the_contract_is_made(room: Room) -> None:
    sign_in(INSIDE)
    assert held(INSIDE) == []
    room.university()
    assert held(INSIDE) == [("library", True)]


def test_a_contract_that_ends_early_or_loses_the_domain_ends_what_it_gave(room: Room) -> None:
    contract = room.university()
    sign_in(INSIDE)
    room.save(contract, domains=("other.edu",))
    assert held(INSIDE) == [("library", False)]
    room.save(contract, domains=("uni.edu",))
    assert held(INSIDE) == [("library", False), ("library", True)]
    room.save(contract, ends=contract.starts + 1)
    assert held(INSIDE) == [("library", False), ("library", False)]


def test_a_contract_that_is_shortened_or_prolonged_moves_the_end(room: Room, later: Callable[[float], None]) -> None:
    from foldline.site.readers.models import Entitlement

    contract = room.university(days=60)
    sign_in(INSIDE)
    shorter = room.save(contract, ends=contract.ends - 40 * DAY)
    running = [one for one in Entitlement.objects.all() if one.ended_at is None]
    assert [one.ends_at and one.ends_at.timestamp() for one in running] == [shorter.ends]
    longer = room.save(contract, ends=contract.ends + 40 * DAY)
    running = [one for one in Entitlement.objects.all() if one.ended_at is None]
    assert [one.ends_at and one.ends_at.timestamp() for one in running] == [longer.ends]


def test_who_moves_to_another_address_leaves_the_institution_at_once(room: Room) -> None:
    from django.core.cache import cache

    room.university()
    browser = sign_in(INSIDE)
    cache.clear()
    browser.get("/-/account/address")
    browser.post("/-/account/address", {"email": "nora@home.example"})
    browser.post("/-/account/address/code", {"email": "nora@home.example", "code": last_code()})
    assert held("nora@home.example") == [("library", False)]


def test_half_a_year_after_the_last_code_nobody_knows_whether_the_address_is_still_theirs(
    room: Room, later: Callable[[float], None]
) -> None:
    from foldline.site.institutions import provided
    from foldline.site.readers.models import Entitlement

    room.university()
    sign_in(INSIDE)
    given = Entitlement.objects.get()
    assert given.ends_at is not None
    assert timedelta(days=179) < given.ends_at - given.starts_at <= timedelta(days=180)
    later(100 * DAY)
    provided.settle_all()
    assert held(INSIDE) == [("library", True)]
    sign_in(INSIDE)  # the end moves on, since this one comes near
    assert held(INSIDE) == [("library", False), ("library", True)]
    later(181 * DAY)
    provided.settle_all()
    assert held(INSIDE) == [("library", False), ("library", False)]


def test_signing_in_often_gives_nothing_twice(room: Room) -> None:
    room.university()
    for _ in range(3):
        sign_in(INSIDE)
    assert held(INSIDE) == [("library", True)]


def test_what_staff_ended_stays_ended(room: Room) -> None:
    from foldline.site.institutions import provided
    from foldline.site.readers import entitlements
    from foldline.site.readers.models import Entitlement, Reader

    room.university()
    sign_in(INSIDE)
    entitlements.end(Entitlement.objects.get(), by=Reader.objects.join("staff@example.test"))
    provided.settle_all()
    sign_in(INSIDE)
    assert held(INSIDE) == [("library", False)]


def test_institutions_that_can_not_be_read_keep_nobody_from_signing_in_and_take_nothing_away(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.errors import StoreUnavailable
    from foldline.site.institutions import provided
    from foldline.stores.institutions import InstitutionStore

    room.university()
    sign_in(INSIDE)

    def away(store: InstitutionStore) -> None:
        raise StoreUnavailable("institutions: away")

    monkeypatch.setattr(InstitutionStore, "every", away)
    sign_in(INSIDE)
    with pytest.raises(StoreUnavailable):
        provided.settle_all()
    assert held(INSIDE) == [("library", True)]
