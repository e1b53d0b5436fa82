"""From what readers opened to what cards say: in batches, without staff, and the same wherever a batch was stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from foldline.signed.keys import Keyring
from foldline.signed.reading import READER, mark
from foldline.stores.schema import connect

from .room import Newsroom, body

if TYPE_CHECKING:
    from foldline.site.newsroom.models import Article


@pytest.fixture
def room(newsroom: Newsroom) -> Iterator[Newsroom]:
    yield newsroom
    with_reads = connect(newsroom.home.reads_db)
    for table in ("foldline_reads", "foldline_read_marks", "foldline_read_segments", "foldline_read_days"):
        with_reads.execute(f"DELETE FROM {table}")
    with_reads.close()
    for path in newsroom.home.events.glob("*.tsv"):
        path.unlink()


def published(headline: str) -> Article:
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article

    article = Article.objects.create(headline=headline, body=body())
    publishing.publish(article, datetime(2025, 2, 12, 12, tzinfo=UTC))
    article.refresh_from_db()
    return article


def opened(room: Newsroom, article: Article, readers: range | list[bytes]) -> None:
    """Event lines of these readers, as a gate worker writes them."""
    from foldline.site.newsroom.press import settings
    from foldline.site.readers import moment

    today = settings()
    key = Keyring(today.secrets, today.host).reads_keys(moment.today())[0]
    keys = [reader if isinstance(reader, bytes) else reader.to_bytes(16, "big") for reader in readers]
    with (room.home.events / "worker-0-000000.tsv").open("a") as file:
        for reader in keys:
            who = mark(key, READER + reader, article.pk)
            told = (str(moment.epoch()), str(article.pk), "opens", "subscription-covers", "r-a", "", "a rule", "", who)
            file.write("\t".join(told) + "\n")


def look() -> None:
    from foldline.site.newsroom.due import Due

    Due().look()


def test_a_card_says_how_many_read_from_ten_on_and_not_before_the_batch(room: Newsroom) -> None:
    from foldline.site.newsroom import reads

    article = published("A river’s way home")
    opened(room, article, range(9))
    reads.count()
    reads.show()
    look()
    assert "card-reads" not in room.html("/")
    opened(room, article, range(24))
    reads.count()
    look()
    assert "card-reads" not in room.html("/")
    reads.show()
    look()
    assert '<span class="card-reads">24 reads</span>' in room.html("/")


def test_only_lists_with_another_figure_are_written_again(room: Newsroom) -> None:
    from foldline.site.newsroom import reads
    from foldline.site.newsroom.models import DueList

    article = published("A river’s way home")
    opened(room, article, range(100))
    reads.count()
    reads.show()
    assert list(DueList.objects.values_list("path", flat=True)) == ["/", "/newsstand"]
    look()
    opened(room, article, range(109))
    reads.count()
    reads.show()
    assert not DueList.objects.exists()  # It still says 100.


def test_a_batch_that_was_stopped_before_its_lists_goes_on(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    from foldline.site.newsroom import lists, reads

    article = published("A river’s way home")
    opened(room, article, range(12))
    reads.count()

    def stopped(paths: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lists, "due", stopped)
    with pytest.raises(KeyboardInterrupt):
        reads.show()
    monkeypatch.undo()
    reads.show()
    look()
    assert "12 reads" in room.html("/")


def test_staff_are_not_counted(room: Newsroom) -> None:
    from foldline.site.newsroom import reads
    from foldline.site.readers.models import Reader
    from foldline.stores.reads import ReadStore

    article = published("A river’s way home")
    member = Reader.objects.create(email="ed@valley.example", is_staff=True)
    try:
        opened(room, article, [bytes.fromhex(member.key), *(number.to_bytes(16, "big") for number in range(3))])
        reads.count()
        store = ReadStore(room.home)
        assert store.reads() == {article.pk: 3}
        store.close()
    finally:
        member.delete()


def test_lists_are_written_without_figures_while_the_counts_cannot_be_read(
    room: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    room.home.reads_db.rename(room.home.reads_db.with_suffix(".away"))
    try:
        published("A river’s way home")
        assert "A river’s way home" in room.html("/")
        assert "cards are made without figures" in caplog.text
    finally:
        room.home.reads_db.with_suffix(".away").rename(room.home.reads_db)


def test_the_job_writes_no_mark_into_the_count_and_forgets_them_after_two_days(room: Newsroom) -> None:
    from foldline.site.newsroom import reads
    from foldline.site.readers import moment

    article = published("A river’s way home")
    opened(room, article, range(2))
    reads.count()
    rows = sqlite3.connect(room.home.reads_db)
    assert rows.execute("SELECT COUNT(*), MIN(day) FROM foldline_read_marks").fetchone() == (2, moment.today())
    rows.close()
