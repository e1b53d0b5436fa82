"""A newsroom on a real home folder, and what a test looks at in it."""

from __future__ import annotations

from foldline.stores.home import Home
from foldline.stores.pictures import PictureStore
from foldline.stores.records import PublicStore, Record
from foldline.stores.schema import connect


class Newsroom:
    """What a test looks at: stored records and change rows."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def empty(self) -> None:
        from foldline.site.newsroom import models

        for name in ("Article", "OldPath", "DueList", "Edition", "Section", "Tag", "Author", "Image"):
            getattr(models, name).objects.all().delete()
        for path, tables in ((self.home.public_db, ("fragments", "records")), (self.home.sealed_db, ("rests",))):
            connection = connect(path)
            for table in tables:
                connection.execute(f"DELETE FROM {table}")
            connection.close()
        for name in self.pictures():
            PictureStore(self.home).forget(name)
        self.sql("DELETE FROM foldline_changes")

    def pictures(self) -> dict[str, bytes]:
        """Every file that there is in the place of pictures, or every row, by name."""
        if self.home.database is None:
            return {file.name: file.read_bytes() for file in self.home.media.iterdir()}
        store = PictureStore(self.home)
        return {name: store.find(name) or b"" for name in store.names()}

    def find(self, path: str) -> Record | None:
        return PublicStore(self.home).find(path)

    def html(self, path: str) -> str:
        """A page as it is stored: a list, or an article's preview."""
        record = self.find(path)
        assert record is not None, path
        if hasattr(record, "body"):
            return str(record.body.plain.decode())
        assert hasattr(record, "before"), record
        return str((record.before.plain + record.between.plain + record.after.plain).decode())

    def sealed(self) -> list[tuple[int, int, str]]:
        """(article, version, text) of everything sealed."""
        connection = connect(self.home.sealed_db, read_only=True)
        rows = connection.execute("SELECT article, version, plain FROM rests ORDER BY article, version").fetchall()
        connection.close()
        return [(article, version, plain.decode()) for article, version, plain in rows]

    def changes(self) -> list[str]:
        """The keys of all change rows of articles and lists, since the last call."""
        keys = [key for (key,) in self.sql("SELECT key FROM foldline_changes WHERE kind = 'article' ORDER BY id")]
        self.sql("DELETE FROM foldline_changes")
        return keys

    def sql(self, statement: str) -> list[tuple[str]]:
        connection = connect(self.home.site_db)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()


def body(*, word: str = "meadow", paragraphs: int = 12) -> str:
    """A text of plain paragraphs; the fold falls after five of them."""
    filling = "It goes on for a while. " * 14
    return "\n\n".join(f"Paragraph {number} tells of the {word}. {filling}" for number in range(paragraphs))
