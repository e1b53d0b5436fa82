"""What every meter store must do. A store's own tests inherit from `MeterContract` and say where stores come from."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from foldline.signed.counting import Charge, Counted, Owner, article_names, device_owner, reader_owner
from foldline.signed.keys import Keyring
from foldline.stores.meter import MeterStore, Tally

OLD, NEW = b"a" * 32, b"b" * 32
KEYRING = Keyring((OLD,), "valley-post.example")
ROTATED = Keyring((NEW, OLD), "valley-post.example")
WINDOW, ENDS = 739_950, 1_800_000_000
READER, OTHER_READER = b"r" * 16, b"R" * 16
PHONE, LAPTOP = b"p" * 16, b"l" * 16

Handles = Callable[[], MeterStore]


@dataclass
class Browser:
    """A device: its number, and what its cookie remembers."""

    number: bytes
    articles: tuple[bytes, ...] = ()
    hidden: int = 0

    def sign_out(self) -> None:
        self.hidden, self.articles = self.hidden + len(self.articles), ()


def charge(
    article: int,
    *,
    reader: bytes = b"",
    browser: Browser | None = None,
    limit: int = 3,
    window: int = WINDOW,
    ends: int = ENDS,
    meter: str = "site",
    keyring: Keyring = KEYRING,
) -> Charge:
    """What the gate asks for: a signed-in reader where one is given, with or without a device; else the device."""
    device: Owner = device_owner(keyring, browser.number) if browser else ()
    articles, hidden = (browser.articles, browser.hidden) if browser else ((), 0)
    owner = reader_owner(keyring, reader) if reader else device
    return Charge(owner, meter, window, ends, limit, article_names(keyring, article), device, articles, hidden)


def read_on(store: MeterStore, browser: Browser, article: int, keyring: Keyring = KEYRING) -> Counted:
    """Read without signing in, and keep the cookie that comes back."""
    counted = store.spend(charge(article, browser=browser, keyring=keyring))
    browser.articles = counted.articles
    return counted


def told(counted: Counted) -> tuple[bool, int, bool]:
    return counted.counted, counted.used, counted.before


@dataclass
class Model:
    """What a person who kept a list on paper would say of a reader."""

    limit: int
    articles: set[int] = field(default_factory=set)

    def read(self, article: int) -> bool:
        if article in self.articles:
            return True
        if len(self.articles) >= self.limit:
            return False
        self.articles.add(article)
        return True


class MeterContract:
    """`handles` gives one more way to the same store each time, as another process would have."""

    @pytest.fixture
    def handles(self) -> Handles:
        raise NotImplementedError

    @pytest.fixture
    def store(self, handles: Handles) -> MeterStore:
        return handles()

    @pytest.mark.parametrize("who", [{"reader": READER}, {"browser": Browser(PHONE)}], ids=["reader", "device"])
    def test_articles_are_counted_up_to_the_limit_and_the_same_one_never_twice(
        self, store: MeterStore, who: dict[str, bytes]
    ) -> None:
        assert [told(store.spend(charge(article, **who))) for article in (1, 1, 2, 3, 2)] == [  # type: ignore[arg-type]
            (True, 1, False),
            (True, 1, True),
            (True, 2, False),
            (True, 3, False),
            (True, 3, True),
        ]
        assert told(store.spend(charge(4, **who))) == (False, 3, False)  # type: ignore[arg-type]
        assert told(store.spend(charge(1, **who))) == (True, 3, True)  # type: ignore[arg-type]

    def test_a_limit_of_nothing_opens_nothing(self, store: MeterStore) -> None:
        assert told(store.spend(charge(1, reader=READER, limit=0))) == (False, 0, False)

    def test_a_limit_that_was_lowered_keeps_what_was_read_and_gives_no_more(self, store: MeterStore) -> None:
        for article in (1, 2, 3):
            store.spend(charge(article, reader=READER))
        assert told(store.spend(charge(1, reader=READER, limit=1))) == (True, 3, True)
        assert told(store.spend(charge(4, reader=READER, limit=1))) == (False, 3, False)

    def test_readers_devices_meters_and_windows_are_counted_apart(self, store: MeterStore) -> None:
        store.spend(charge(1, reader=READER, limit=1))
        apart: list[Charge] = [
            charge(2, reader=OTHER_READER, limit=1),
            charge(2, browser=Browser(PHONE), limit=1),
            charge(2, browser=Browser(READER), limit=1),
            charge(2, reader=READER, limit=1, meter="crosswords"),
            charge(2, reader=READER, limit=1, window=WINDOW + 31),
        ]
        assert [told(store.spend(one)) for one in apart] == [(True, 1, False)] * len(apart)
        assert not store.spend(charge(2, reader=READER, limit=1)).counted

    def test_what_one_reader_read_is_not_read_by_another(self, store: MeterStore) -> None:
        store.spend(charge(1, reader=READER))
        assert told(store.spend(charge(1, reader=OTHER_READER))) == (True, 1, False)

    def test_used_says_how_many(self, store: MeterStore) -> None:
        store.spend(charge(1, reader=READER))
        store.spend(charge(2, reader=READER))
        assert store.used(reader_owner(KEYRING, READER), "site", WINDOW) == 2
        assert store.used(reader_owner(KEYRING, READER), "site", WINDOW + 1) == 0
        assert store.used(reader_owner(KEYRING, OTHER_READER), "site", WINDOW) == 0

    def test_a_second_handle_sees_what_the_first_counted(self, handles: Handles) -> None:
        one, other = handles(), handles()
        one.spend(charge(1, reader=READER))
        assert told(other.spend(charge(1, reader=READER))) == (True, 1, True)

    def test_fifty_spends_at_once_with_three_left_open_exactly_three(self, handles: Handles) -> None:
        assert sum(counted.counted for counted in self._at_once(handles, range(50))) == 3

    def test_the_same_article_fifty_times_at_once_costs_one(self, handles: Handles) -> None:
        counted = self._at_once(handles, [7] * 50)
        assert all(one.counted for one in counted)
        assert sorted(one.before for one in counted) == [False] + [True] * 49
        assert {one.used for one in counted} == {1}

    def _at_once(self, handles: Handles, articles: range | list[int]) -> list[Counted]:
        threads = 8
        start = threading.Barrier(threads)
        held = threading.local()

        def spend(article: int) -> Counted:
            if not hasattr(held, "store"):
                held.store = handles()
                start.wait(20)
            counted: Counted = held.store.spend(charge(article, reader=READER))
            return counted

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(spend, articles))

    def test_ten_tabs_with_one_cookie_and_one_left_open_exactly_one(self, handles: Handles) -> None:
        store, phone = handles(), Browser(PHONE)
        read_on(store, phone, 1)
        read_on(store, phone, 2)
        stores = [handles() for _ in range(10)]
        with ThreadPoolExecutor(10) as pool:
            opened = list(pool.map(lambda n: stores[n].spend(charge(n + 3, browser=phone)).counted, range(10)))
        assert sum(opened) == 1

    def test_a_cookie_that_is_replayed_opens_no_more(self, store: MeterStore) -> None:
        phone, copy = Browser(PHONE), Browser(PHONE)
        for article in (1, 2, 3):
            read_on(store, phone, article)
        assert told(store.spend(charge(4, browser=copy))) == (False, 3, False)
        assert told(store.spend(charge(2, browser=copy))) == (True, 3, True)

    def test_a_cookie_learns_what_other_tabs_read(self, store: MeterStore) -> None:
        phone, copy = Browser(PHONE), Browser(PHONE)
        read_on(store, phone, 1)
        read_on(store, copy, 2)
        assert len(copy.articles) == 2
        assert set(phone.articles) < set(copy.articles)

    def test_a_store_that_lost_its_rows_still_counts_what_a_cookie_proves(self, store: MeterStore) -> None:
        phone = Browser(PHONE)
        for article in (1, 2, 3):
            read_on(store, phone, article)
        store.forget(device_owner(KEYRING, PHONE))
        assert told(store.spend(charge(2, browser=phone))) == (True, 3, True)
        assert told(store.spend(charge(4, browser=phone))) == (False, 3, False)
        phone.sign_out()
        store.forget(device_owner(KEYRING, PHONE))
        assert told(store.spend(charge(4, browser=phone))) == (False, 3, False)

    def test_two_read_before_signing_in_are_two_after_it_and_open_for_nothing(self, store: MeterStore) -> None:
        phone = Browser(PHONE)
        read_on(store, phone, 1)
        read_on(store, phone, 2)
        for article in (1, 2):
            assert told(store.spend(charge(article, reader=READER, browser=phone))) == (True, 2, True)
        assert told(store.spend(charge(3, reader=READER, browser=phone))) == (True, 3, False)
        assert told(store.spend(charge(4, reader=READER, browser=phone))) == (False, 3, False)

    def test_a_device_that_is_spent_hands_over_that_it_is(self, store: MeterStore) -> None:
        phone = Browser(PHONE)
        for article in (1, 2, 3):
            read_on(store, phone, article)
        assert told(store.spend(charge(4, reader=READER, browser=phone))) == (False, 3, False)

    def test_merging_again_changes_nothing_with_whatever_cookie(self, store: MeterStore) -> None:
        phone = Browser(PHONE)
        read_on(store, phone, 1)
        early = Browser(PHONE, phone.articles)
        read_on(store, phone, 2)
        for browser in (phone, early, phone, Browser(PHONE), Browser(PHONE, phone.articles, 2)):
            assert told(store.spend(charge(1, reader=READER, browser=browser))) == (True, 2, True)

    def test_signing_out_and_in_again_neither_resets_nor_doubles(self, store: MeterStore) -> None:
        phone = Browser(PHONE)
        read_on(store, phone, 1)
        read_on(store, phone, 2)
        phone.sign_out()
        assert told(store.spend(charge(1, reader=READER, browser=phone))) == (True, 2, True)
        phone.sign_out()
        assert told(store.spend(charge(2, reader=READER, browser=phone))) == (True, 2, True)
        assert told(read_on(store, phone, 3)) == (True, 3, False)
        assert told(read_on(store, phone, 4)) == (False, 3, False)

    def test_after_signing_out_a_cookie_does_not_learn_again_what_it_forgot(self, store: MeterStore) -> None:
        phone = Browser(PHONE)
        read_on(store, phone, 1)
        forgotten = phone.articles
        phone.sign_out()
        read_on(store, phone, 2)
        assert len(phone.articles) == 1
        assert not set(forgotten) & set(phone.articles)

    def test_what_was_read_signed_in_is_not_on_the_meter_of_the_device(self, store: MeterStore) -> None:
        phone = Browser(PHONE)
        store.spend(charge(1, reader=READER, browser=phone))
        store.spend(charge(2, reader=READER, browser=phone))
        assert told(read_on(store, phone, 3)) == (True, 1, False)

    def test_two_devices_are_merged_and_what_was_read_on_one_opens_on_the_other(self, store: MeterStore) -> None:
        phone, laptop = Browser(PHONE), Browser(LAPTOP)
        read_on(store, phone, 1)
        read_on(store, laptop, 2)
        assert told(store.spend(charge(1, reader=READER, browser=phone))) == (True, 1, True)
        assert told(store.spend(charge(2, reader=READER, browser=laptop))) == (True, 2, True)
        assert told(store.spend(charge(1, reader=READER, browser=laptop))) == (True, 2, True)
        assert told(store.spend(charge(2, reader=READER))) == (True, 2, True)

    def test_an_article_that_was_read_both_ways_becomes_one(self, store: MeterStore) -> None:
        phone = Browser(PHONE)
        store.spend(charge(1, reader=READER))
        read_on(store, phone, 1)
        assert told(store.spend(charge(1, reader=READER, browser=phone))) == (True, 1, True)
        assert told(store.spend(charge(2, reader=READER, browser=phone))) == (True, 2, False)

    def test_an_article_that_was_read_on_two_devices_becomes_one_when_it_is_opened(self, store: MeterStore) -> None:
        phone, laptop = Browser(PHONE), Browser(LAPTOP)
        for browser in (phone, laptop):
            read_on(store, browser, 1)
        store.spend(charge(2, reader=READER, browser=phone))
        assert told(store.spend(charge(1, reader=READER, browser=laptop))) == (True, 2, True)
        assert store.used(reader_owner(KEYRING, READER), "site", WINDOW) == 2

    def test_a_device_is_handed_over_once_and_who_comes_later_is_not_charged_for_it(self, store: MeterStore) -> None:
        shared = Browser(PHONE)
        read_on(store, shared, 1)
        store.spend(charge(2, reader=READER, browser=shared))
        assert told(store.spend(charge(2, reader=OTHER_READER, browser=shared))) == (True, 1, False)
        read_on(store, shared, 3)
        assert told(store.spend(charge(2, reader=OTHER_READER, browser=shared))) == (True, 2, True)

    def test_after_a_secret_was_rotated_everything_that_was_read_stays_read(self, store: MeterStore) -> None:
        phone = Browser(PHONE)
        read_on(store, phone, 1)
        store.spend(charge(2, reader=READER))
        assert told(read_on(store, phone, 1, ROTATED)) == (True, 1, True)
        assert told(store.spend(charge(2, reader=READER, keyring=ROTATED))) == (True, 1, True)
        merged = charge(1, reader=READER, browser=phone, keyring=ROTATED)
        assert told(store.spend(merged)) == (True, 2, True)
        assert told(store.spend(charge(3, reader=READER, keyring=ROTATED))) == (True, 3, False)
        assert told(store.spend(charge(4, reader=READER, keyring=ROTATED))) == (False, 3, False)
        assert told(store.spend(charge(1, reader=READER, browser=phone, keyring=ROTATED))) == (True, 3, True)

    def test_an_owner_is_told_how_much_is_counted_in_each_window_and_no_article(self, store: MeterStore) -> None:
        for article, window, ends in ((1, WINDOW, ENDS), (2, WINDOW, ENDS), (2, WINDOW + 1, ENDS + 9)):
            store.spend(charge(article, reader=READER, window=window, ends=ends))
        store.spend(charge(1, reader=READER, meter="sport"))
        store.spend(charge(1, reader=OTHER_READER))
        told = store.tallies(reader_owner(KEYRING, READER))
        assert told == (Tally("site", ENDS, 2), Tally("site", ENDS + 9, 1), Tally("sport", ENDS, 1))
        assert store.tallies(reader_owner(KEYRING, b"n" * 16)) == ()

    def test_forgetting_somebody_deletes_all_of_theirs_and_nothing_else(self, store: MeterStore) -> None:
        store.spend(charge(1, reader=READER))
        store.spend(charge(1, reader=READER, meter="crosswords", window=5))
        store.spend(charge(2, reader=READER, keyring=ROTATED))
        store.spend(charge(1, reader=OTHER_READER))
        assert store.forget(reader_owner(ROTATED, READER)) == 3
        assert store.forget(reader_owner(ROTATED, READER)) == 0
        assert told(store.spend(charge(3, reader=READER))) == (True, 1, False)
        assert told(store.spend(charge(1, reader=OTHER_READER))) == (True, 1, True)

    def test_what_one_owner_read_is_another_s_afterwards_and_an_article_of_both_becomes_one(
        self, store: MeterStore
    ) -> None:
        for reader, articles in ((READER, (1, 2)), (OTHER_READER, (2, 3))):
            for article in articles:
                store.spend(charge(article, reader=reader, limit=9))
        store.spend(charge(8, browser=Browser(PHONE)))
        assert store.move(reader_owner(KEYRING, OTHER_READER), reader_owner(ROTATED, READER)) == 2
        assert store.tallies(reader_owner(KEYRING, OTHER_READER)) == ()
        told_of = [store.spend(charge(article, reader=READER, limit=4, keyring=ROTATED)) for article in (3, 1, 2, 5, 6)]
        assert [told(one) for one in told_of] == [
            (True, 4, True), (True, 4, True), (True, 3, True), (True, 4, False), (False, 4, False),
        ]  # fmt: skip
        assert store.move(reader_owner(KEYRING, OTHER_READER), reader_owner(ROTATED, READER)) == 0
        assert store.used(device_owner(KEYRING, PHONE), "site", WINDOW) == 1

    def test_pruning_deletes_windows_that_have_ended_and_no_others(self, store: MeterStore) -> None:
        store.spend(charge(1, reader=READER, window=WINDOW - 31, ends=ENDS))
        store.spend(charge(1, reader=READER, window=WINDOW, ends=ENDS + 1))
        assert store.prune(ENDS - 1) == 0
        assert store.prune(ENDS) == 1
        assert store.prune(ENDS) == 0
        assert store.used(reader_owner(KEYRING, READER), "site", WINDOW - 31) == 0
        assert store.used(reader_owner(KEYRING, READER), "site", WINDOW) == 1

    def test_a_handle_that_was_closed_opens_again(self, store: MeterStore) -> None:
        store.spend(charge(1, reader=READER))
        store.close()
        store.close()
        assert told(store.spend(charge(1, reader=READER))) == (True, 1, True)

    @pytest.mark.parametrize("seed", range(20))
    def test_signed_in_a_reader_never_reads_more_than_the_limit_nor_pays_twice(
        self, store: MeterStore, seed: int
    ) -> None:
        """Reading on two devices, signing out in between: a list on paper says the same, whatever cookie comes."""
        chance = random.Random(seed)
        limit = chance.randint(0, 5)
        browsers = [Browser(PHONE), Browser(LAPTOP)]
        paper = Model(limit)
        for _ in range(30):
            browser = chance.choice(browsers)
            if chance.random() < 0.2:
                browser.sign_out()
            article = chance.randint(1, 7)
            counted = store.spend(charge(article, reader=READER, browser=browser, limit=limit))
            assert counted.counted is paper.read(article)
            assert counted.used == len(paper.articles)

    @pytest.mark.parametrize("seed", range(20))
    def test_signing_in_never_takes_an_article_off_the_count_and_never_adds_one_that_nobody_read(
        self, store: MeterStore, seed: int
    ) -> None:
        """Now reading without signing in as well: between what was read signed in and all that was read anywhere."""
        chance = random.Random(seed)
        browsers = [Browser(PHONE), Browser(LAPTOP)]
        signed_in: set[int] = set()
        anywhere: list[tuple[object, int]] = []
        used = 0
        for _ in range(40):
            browser, article = chance.choice(browsers), chance.randint(1, 9)
            if chance.random() < 0.5:
                if read_on(store, browser, article).counted:
                    anywhere.append((browser.number, article))
                continue
            counted = store.spend(charge(article, reader=READER, browser=browser, limit=6))
            if counted.counted:
                signed_in.add(article)
                anywhere.append(("signed in", article))
            assert len(signed_in) <= counted.used <= len(set(anywhere))
            # It falls only where an article that was read in two ways turns out to be one.
            assert counted.used >= used - 2
            used = counted.used
