"""The rules that decide now: the newest published set that can be read, and what is open now.

A set that can't be read never takes the place of one that could; and what decided last lies beside the database, for a
worker that starts while the database is away (`docs/failures.md`).
"""

from __future__ import annotations

import logging
from zoneinfo import ZoneInfo

from foldline.errors import ConfigurationError, StoreUnavailable
from foldline.policy.open_now import OpenNow
from foldline.policy.rules import Rules, first_form
from foldline.stores.home import Home
from foldline.stores.open_now import OpenNowStore
from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.small_file import keep_small, read_small

log = logging.getLogger(__name__)

#: How long a worker waits for the database, in seconds: it has good rules already.
PATIENCE = 0.05


class RulesInForce:
    """What one process decides by. `rules` is None until a good set was read: previews only.

    `zone` is the publication's; `meter_limit` is the settings' own, for a publication that never published rules. Only
    a worker `keeps` what decided last: a verb that somebody else runs must leave no file that workers can't write.
    """

    def __init__(self, home: Home, zone: ZoneInfo, meter_limit: int, *, keeps: bool = False) -> None:
        self._home = home
        self._zone = zone
        self._meter_limit = meter_limit
        self._keeps = keeps
        self._sets = RuleSetStore(home, read_only=True, timeout=PATIENCE)
        self._opened = OpenNowStore(home, read_only=True, timeout=PATIENCE)
        self._open_now: tuple[OpenNow, ...] = ()
        self._telling: list[str] = []
        self._told: list[str] = []
        self.rules: Rules | None = None
        #: Whether the last look read what is in force; otherwise look again soon.
        self.settled = False

    def close(self) -> None:
        self._sets.close()
        self._opened.close()

    def look(self, now: int) -> Rules | None:
        """Read what is in force at `now`, epoch seconds. What can't be read stays as it was; nothing is raised."""
        self.settled = True
        self._telling = []
        try:
            self._open_now = tuple(stored.entry for stored in self._opened.running(now))
        except StoreUnavailable as error:
            self.settled = False
            self._telling.append(str(error))
        try:
            found = self._published()
        except StoreUnavailable as error:
            self.settled = False
            found = self.rules or self._of_before()
            self._telling.append(f"{error}: {'the rules of before go on' if found else 'previews only'}")
        self.rules = found.with_open_now(self._open_now) if found is not None else None
        # What is seldom asked is not held open: memory of every worker.
        self.close()
        if self._telling != self._told:
            # Once: a worker that could not read looks again every moment.
            self._told = self._telling
            for what in self._telling:
                log.error("%s", what)
        return self.rules

    def _published(self) -> Rules | None:
        """The newest set that can be read, or what the settings say where none was ever published."""
        damaged = self._sets.damaged()
        for number in damaged:
            self._telling.append(f"rule set {number} is not as it was published: it decides nothing")
        history = self._sets.history()
        if not history and not damaged:
            self._keep("")
            return self._built_in()
        for stored in history:
            rules = self._read(stored.text, stored.version)
            if rules is not None:
                self._keep(stored.text)
                return rules
        return self.rules

    def _read(self, text: str, version: str) -> Rules | None:
        # A publication without rules of its own pays for no reader of them: memory of every worker.
        from foldline.policy.rules_file import read_rules

        try:
            return read_rules(text, f"rules {version}", self._zone)
        except ConfigurationError as error:
            self._telling.append(f"rule set {version} can't be read and decides nothing: {error}")
            return None

    def _built_in(self) -> Rules:
        return first_form(self._meter_limit, f"{self._home.settings_file.name} [meter] limit")

    def _keep(self, text: str) -> None:
        """Write what is in force beside the database, whole or not at all. "" stands for the built-in rules."""
        if self._keeps:
            keep_small(self._home.rules_in_force, text)

    def _of_before(self) -> Rules | None:
        """What decided last in this home; None where nobody knows."""
        text = read_small(self._home.rules_in_force)
        if text is None:
            return None
        return self._read(text, "of before") if text else self._built_in()
