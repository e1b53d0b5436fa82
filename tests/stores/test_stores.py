"""Records, passes and changes on real files."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.gate.newspaper import REST, record

from foldline.errors import StoreUnavailable
from foldline.pages.fragment import Fragment, join_gzip, join_plain
from foldline.pages.record import Gone, PublicPage, Redirect
from foldline.policy.decide import Opening
from foldline.policy.facts import Access
from foldline.policy.reasons import Reason
from foldline.stores.changes import ChangeFeed
from foldline.stores.home import Home
from foldline.stores.passes import PassStore, pack_products, unpack_products
from foldline.stores.records import PublicStore, RecordWriter, SealedStore
from foldline.stores.schema import connect, migrate

OPENING = Opening(3, Reason.SUBSCRIPTION_COVERS)


@pytest.fixture
def home(on_both: Home) -> Home:
    migrate(on_both)
    return on_both


@pytest.fixture
def in_files(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    migrate(home)
    return home


@pytest.fixture
def writer(home: Home) -> RecordWriter:
    return RecordWriter(home)


def public(home: Home, path: str = "/metered") -> PublicPage:
    found = PublicStore(home).find(path)
    assert isinstance(found, PublicPage)
    return found


def test_a_record_comes_back_as_it_was_written(home: Home, writer: RecordWriter) -> None:
    written = record(3, Access.METERED)
    writer.put_article(written)
    found = public(home)
    assert (found.article, found.version, found.gated) == (written.article, 1, True)
    rest = SealedStore(home).rest(found, OPENING).fragment
    assert join_plain(found.parts("open", rest)).decode() == (
        written.before + written.rest + written.between + written.walls["open"] + written.after
    )


def test_the_public_file_holds_no_word_of_the_rest(in_files: Home) -> None:
    home, writer = in_files, RecordWriter(in_files)
    writer.put_article(record(3, Access.METERED))
    writer.close()
    for file in home.public_db.parent.glob("public.db*"):
        assert REST.encode() not in file.read_bytes()


def test_an_opening_of_another_article_gets_nothing(home: Home, writer: RecordWriter) -> None:
    writer.put_article(record(3, Access.METERED))
    with pytest.raises(ValueError, match="own article"):
        SealedStore(home).rest(public(home), Opening(4, Reason.SUBSCRIPTION_COVERS))


def test_nothing_below_the_fold_means_free(home: Home, writer: RecordWriter) -> None:
    writer.put_article(record(3, Access.SUBSCRIBERS, rest=""))
    assert public(home, "/subscribers").article.access is Access.FREE


def test_a_free_article_that_a_rule_may_close_is_sealed_like_others(home: Home, writer: RecordWriter) -> None:
    writer.put_article(replace(record(3, Access.FREE), rest=REST))
    found = public(home, "/free")
    assert (found.article.access, found.gated) == (Access.FREE, True)
    assert SealedStore(home).rest(found, OPENING).fragment.plain == REST.encode()


def test_a_withdrawn_article_is_sealed_nowhere_any_more(home: Home, writer: RecordWriter) -> None:
    writer.put_article(record(3, Access.METERED))
    page = public(home)
    writer.put_gone("/metered")
    assert isinstance(PublicStore(home).find("/metered"), Gone)
    with pytest.raises(StoreUnavailable):
        SealedStore(home).rest(page, OPENING)


def test_the_version_before_stays_sealed_for_those_who_still_hold_its_page(home: Home, writer: RecordWriter) -> None:
    pages = []
    for version in (1, 2, 3):
        writer.put_article(replace(record(3, Access.METERED), version=version, rest=f"<p>{version}</p>"))
        pages.append(public(home))
    sealed = SealedStore(home)
    assert sealed.rest(pages[2], OPENING).fragment.plain == b"<p>3</p>"
    assert sealed.rest(pages[1], OPENING).fragment.plain == b"<p>2</p>"
    with pytest.raises(StoreUnavailable):
        sealed.rest(pages[0], OPENING)


def test_a_write_that_fails_leaves_the_record_before(home: Home, writer: RecordWriter) -> None:
    writer.put_article(record(3, Access.METERED))
    broken = replace(record(3, Access.METERED), version=2, walls={"open": "x", "ask": 7})  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        writer.put_article(broken)
    assert public(home).version == 1
    assert set(public(home).walls) > {"ask", "open"}


def test_a_reader_never_sees_half_of_a_version(home: Home, writer: RecordWriter) -> None:
    writer.put_article(record(3, Access.METERED))
    stop = threading.Event()

    def rewrite() -> None:
        other = RecordWriter(home)
        version = 1
        while not stop.is_set():
            version += 1
            text = f"<p>{version}</p>"
            changed = replace(record(3, Access.METERED), version=version, before=text, after=text, rest=text)
            other.put_article(changed)
        other.close()

    writing = threading.Thread(target=rewrite)
    writing.start()
    try:
        store = PublicStore(home)
        for _ in range(300):
            found = store.find("/metered")
            assert isinstance(found, PublicPage)
            if found.version > 1:
                expected = f"<p>{found.version}</p>".encode()
                assert (found.before.plain, found.after.plain) == (expected, expected)
    finally:
        stop.set()
        writing.join()


def test_old_paths_and_lists_are_records_too(home: Home, writer: RecordWriter) -> None:
    writer.put_redirect("/old", "/new")
    writer.put_listing("/", "<h1>Home</h1>")
    store = PublicStore(home)
    assert store.find("/old") == Redirect("/old", "/new")
    assert writer.listing("/") == "<h1>Home</h1>"
    assert store.find("/nothing") is None
    writer.delete("/old")
    assert store.find("/old") is None
    assert writer.paths("page") == {"/"}


def test_an_empty_page_is_valid_gzip_too() -> None:
    import gzip

    from foldline.pages.fragment import EMPTY, trailer

    for parts in ((EMPTY,), (Fragment.of("a"), EMPTY, Fragment.of("b" * 70_000))):
        assert gzip.decompress(join_gzip(parts, trailer(parts))) == join_plain(parts)


def test_products_and_their_ends_survive_the_column() -> None:
    ends = {1: 1_767_225_600, 2: 0}
    assert unpack_products(pack_products(ends)) == ends
    assert unpack_products("") == {}


def test_facts_that_are_nonsense_are_no_facts(home: Home) -> None:
    connection = connect(home.site_db)
    connection.execute(
        "INSERT INTO foldline_pass_facts VALUES (?, 'not hex', '1:x', 5, 0, 0, FALSE)", (b"s".hex() * 16,)
    )
    connection.close()
    with pytest.raises(StoreUnavailable):
        PassStore(home).facts(b"s" * 16)


def test_each_change_is_read_once_and_none_is_lost_while_the_file_is_away(in_files: Home) -> None:
    home, feed = in_files, ChangeFeed(in_files)
    connection = connect(home.site_db)

    def change(key: str) -> None:
        connection.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('article', ?, 0)", (key,))

    change("/before")
    assert feed.read() == []
    change("/one")
    assert [found.key for found in feed.read()] == ["/one"]
    assert feed.read() == []
    feed.close()
    away = home.site_db.with_suffix(".away")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    home.site_db.rename(away)
    with pytest.raises(StoreUnavailable):
        feed.read()
    away.rename(home.site_db)
    connection = connect(home.site_db)
    change("/two")
    connection.close()
    assert [found.key for found in feed.read()] == ["/two"]


def test_a_restored_database_with_fewer_changes_empties_every_cache(home: Home) -> None:
    feed = ChangeFeed(home)
    connection = connect(home.site_db)
    feed.read()
    connection.execute("INSERT INTO foldline_changes (id, kind, key, at) VALUES (50, 'article', '/x', 0)")
    assert len(feed.read()) == 1
    connection.execute("DELETE FROM foldline_changes")
    connection.close()
    assert [found.kind for found in feed.read()] == ["all"]
    assert feed.read() == []


def test_a_number_that_is_another_change_by_now_empties_every_cache_and_sessions_that_ended_meanwhile_are_told(
    home: Home,
) -> None:
    feed = ChangeFeed(home)
    connection = connect(home.site_db)
    insert = "INSERT INTO foldline_changes (id, kind, key, at) VALUES (?, ?, ?, ?)"
    connection.execute(insert, (49, "session", "0a", 1_000))
    feed.read()
    connection.execute(insert, (50, "article", "/x", 10_000))
    assert len(feed.read()) == 1
    connection.execute("DELETE FROM foldline_changes WHERE id = 50")
    connection.execute(insert, (48, "session", "0b", 9_900))
    connection.execute(insert, (50, "article", "/y", 10_001))
    connection.close()
    assert [(found.kind, found.key) for found in feed.read()] == [("all", ""), ("session", "0b")]
    assert feed.read() == []


def test_a_feed_that_has_taken_its_place_tells_what_changed_before_its_first_read(home: Home) -> None:
    feed = ChangeFeed(home, since=1_000)
    connection = connect(home.site_db)
    insert = "INSERT INTO foldline_changes (kind, key, at) VALUES (?, ?, ?)"
    connection.execute(insert, ("session", "0a", 1_000))
    connection.execute(insert, ("rules", "", 1_000))
    feed.stand()
    connection.execute(insert, ("keys", "", 1_001))
    connection.execute("ALTER TABLE foldline_changes RENAME TO away")
    with pytest.raises(StoreUnavailable):
        feed.read()
    connection.execute("ALTER TABLE away RENAME TO foldline_changes")
    connection.close()
    assert [(found.kind, found.key) for found in feed.read()] == [("session", "0a"), ("keys", "")]
    assert feed.read() == []


@pytest.mark.parametrize("stands", [True, False], ids=["it could not take its place", "it could not read"])
def test_a_feed_that_comes_late_tells_that_everything_may_have_changed_and_which_sessions_ended(
    home: Home, stands: bool
) -> None:
    feed = ChangeFeed(home, since=1_000)
    connection = connect(home.site_db)
    connection.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('session', '0a', 1000)")
    connection.execute("ALTER TABLE foldline_changes RENAME TO away")
    if stands:
        feed.stand()
    else:
        with pytest.raises(StoreUnavailable):
            feed.read()
    connection.execute("ALTER TABLE away RENAME TO foldline_changes")
    connection.close()
    assert [(found.kind, found.key) for found in feed.read()] == [("all", ""), ("session", "0a")]
    assert feed.read() == []
