"""What the policy verbs read: files of rules and cases, published sets by their version, and the archive's articles."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from foldline.config import SECRET_MINIMUM, Settings, home_from, load
from foldline.errors import ConfigurationError, FoldlineError, Problem
from foldline.pages.record import PublicPage
from foldline.policy.facts import Article
from foldline.policy.rules import Rules
from foldline.policy.rules_file import read_rules
from foldline.stores.database import is_made
from foldline.stores.home import Home
from foldline.stores.records import PublicStore
from foldline.stores.rule_sets import RuleSetStore

#: The zone of dates where there is no publication to have one.
NO_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a verb works. `settings` is None where there is no publication: a publisher's CI has only the files."""

    home: Home
    settings: Settings | None

    @property
    def zone(self) -> ZoneInfo:
        return self.settings.zone if self.settings is not None else NO_ZONE

    @property
    def has_articles(self) -> bool:
        return self.settings is not None and is_made(self.home.public_db)

    def articles(self) -> list[Article]:
        """What rules may ask of every article of the archive; none where there is no archive."""
        return PublicStore(self.home).articles() if self.has_articles else []

    def archive(self) -> Callable[[str], Article | None]:
        """Finds an article by its path."""
        if not self.has_articles:
            return lambda path: None
        store = PublicStore(self.home)

        def find(path: str) -> Article | None:
            found = store.find(path)
            return found.article if isinstance(found, PublicPage) else None

        return find

    def text(self, name: str | None) -> tuple[str, str]:
        """(text, what it is called) of a file, or of a published set by its version; the draft for no name.

        Raises:
            ConfigurationError: FL100 or FL101.
            FoldlineError: there is no published set of this version.
        """
        path = Path(name) if name else self.home.rules_file
        if name and not path.exists() and name.startswith("r-"):
            return self._published(name), f"rules {name}"
        return text_of(path), path.name

    def rules(self, name: str | None) -> Rules:
        """The rules of a file or of a version.

        Raises:
            ConfigurationError: with everything that is wrong with them.
            FoldlineError: there is no published set of this version.
        """
        text, called = self.text(name)
        return read_rules(text, called, self.zone)

    def _published(self, version: str) -> str:
        with RuleSetStore(self.home, read_only=True) as store:
            found = store.find(version)
        if found is None:
            raise FoldlineError(f"No rules of the version {version} were published. See `foldline policy history`.")
        return found.text


def place_of(home: Path | None) -> Place:
    """The publication of a home folder, or none.

    Raises:
        ConfigurationError: there are settings, and something is wrong with them.
    """
    found = home_from(os.environ, home)
    if not found.settings_file.exists():
        return Place(found, None)
    # Nothing here signs, verifies or asks an origin: a publisher's CI has the settings, and no secret.
    unasked = "not asked for".ljust(SECRET_MINIMUM)
    secrets = {"FOLDLINE_SECRET": unasked, "FOLDLINE_ORIGIN_SECRET": unasked}
    return Place(found, load(found, {**os.environ, **secrets}))


def text_of(path: Path) -> str:
    """A file of rules or cases.

    Raises:
        ConfigurationError: FL100 where it can't be read, FL101 where it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = "Write one: `foldline policy start` makes a rules.toml to begin with."
        raise ConfigurationError((Problem("FL100", "there is no such file", str(path), hint),)) from None
    except OSError as error:
        problem = Problem("FL100", f"the file can't be read: {error.strerror}", str(path), "Mend that.")
        raise ConfigurationError((problem,)) from None
    except UnicodeDecodeError:
        problem = Problem("FL101", "the file is not UTF-8", str(path), "Save it as UTF-8.")
        raise ConfigurationError((problem,)) from None
