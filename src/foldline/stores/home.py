"""Where everything lies: one folder, named by `--home` or `FOLDLINE_HOME`, and a database where hosts share one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from foldline.stores.address import Address, Place, Schema


@dataclass(frozen=True, slots=True)
class Home:
    """The folder that holds a publication: databases, records, pictures, events and settings. Where there is a
    `database`, what hosts must agree on lies there, and the folder holds what is this host's own."""

    path: Path
    database: Address | None = None
    #: What this host is called beside others that share the database; "" where none do.
    host: str = ""

    @property
    def settings_file(self) -> Path:
        return self.path / "foldline.toml"

    @property
    def secret_file(self) -> Path:
        return self.path / "secret"

    @property
    def site_db(self) -> Place:
        return self._place("site", self.path / "site.db")

    @property
    def meter_db(self) -> Place:
        """A file of its own, of one-row spends only: a long write elsewhere never holds up a page."""
        return self._place("meter", self.path / "meter.db")

    @property
    def crawlers_db(self) -> Place:
        """Where crawlers come from, as far as it is known, and which addresses wait to be looked up."""
        return self._place("crawlers", self.path / "crawlers.db")

    @property
    def reads_db(self) -> Place:
        """How often articles were read. A file of its own: counting holds up nothing else."""
        return self._place("reads", self.path / "reads.db")

    @property
    def till_db(self) -> Path:
        """The demonstration's payment provider keeps its own books; nothing of ours reads them."""
        return self.path / "till.db"

    @property
    def public_db(self) -> Place:
        return self._place("public", self.path / "articles" / "public.db")

    @property
    def sealed_db(self) -> Place:
        return self._place("sealed", self.path / "articles" / "sealed.db")

    @property
    def fetched_db(self) -> Path:
        """What a site behind the gate answered: whole articles, as sealed as the other file."""
        return self.path / "articles" / "fetched.db"

    @property
    def surfaces_file(self) -> Path:
        """The publisher's own surface map of the site behind the gate."""
        return self.path / "surfaces.toml"

    @property
    def words_file(self) -> Path:
        """The publication's own words in the place of ours."""
        return self.path / "words.toml"

    @property
    def rules_file(self) -> Path:
        """The publisher's draft. What decides is what was published from it."""
        return self.path / "rules.toml"

    @property
    def rules_in_force(self) -> Path:
        """What decided last, for a worker that starts while the database is away."""
        return self.run / "rules-in-force.toml"

    @property
    def mode_in_force(self) -> Path:
        """Which mode held last, for a worker that starts while the database is away."""
        return self.run / "mode-in-force"

    @property
    def media(self) -> Path:
        return self.path / "media"

    @property
    def pictures(self) -> Place:
        """The newsroom's pictures: in the folder `media`, or where every host finds them."""
        return self._place("media", self.media)

    @property
    def events(self) -> Path:
        return self.path / "events"

    @property
    def shadow_events(self) -> Path:
        """What the gate would have done while it stood in shadow."""
        return self.events / "shadow"

    @property
    def mail(self) -> Path:
        return self.path / "mail"

    @property
    def run(self) -> Path:
        """Sockets and other things that end with the processes."""
        return self.path / "run"

    @property
    def keys_in_force(self) -> Path:
        """What was said last about keys, for a process that starts while the database is away."""
        return self.run / "keys-in-force"

    @property
    def lock_file(self) -> Path:
        """Held by whoever serves from this folder, whose process id stands in it."""
        return self.run / "lock"

    @property
    def restarted(self) -> Path:
        """How the last rolling restart went."""
        return self.run / "restarted"

    @property
    def site_socket(self) -> Path:
        return self.run / "site.sock"

    @property
    def last_backup(self) -> Path:
        """When a backup was last made, and where: an epoch second, a space and a path."""
        return self.path / "last-backup"

    @property
    def moved(self) -> Path:
        """Which database the files here were copied into, and when: from then on they are behind."""
        return self.path / "moved-into-a-database"

    @property
    def counts(self) -> Path:
        """What each process of this host counts, where metrics are told."""
        return self.run / "counts"

    def _place(self, schema: str, file: Path) -> Place:
        return file if self.database is None else Schema(self.database, f"foldline_{schema}")

    def make(self) -> None:
        """Create the folders, closed to other users of the machine (they hold what is sealed)."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.fetched_db.parent, self.media, self.events, self.mail, self.run, self.counts):
            folder.mkdir(exist_ok=True, mode=0o700)
