"""The site's side of one publication, in a process of its own: does what it is told on stdin, and says what it cost.

`python -m scripts.growth.site_hand`, with FOLDLINE_HOME. A line in is the name of a task, how often, and from which
number; a line out is JSON: seconds of processor time and of waiting for each time, or an error.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from foldline.cli.home import ready_django
from foldline.config import load
from foldline.stores.home import Home

RULES = 'default-access = "metered"\n[meter.site]\nanonymous = 3\nregistered = {limit}\n'


@dataclass(frozen=True, slots=True)
class Cost:
    """What one time of a task takes, in seconds: of the processor, and on the clock. The middle of all times."""

    cpu: float
    wall: float


def timed(task: Callable[[int], None], times: int, first: int) -> Cost:
    """Do a task with one number after the other."""
    costs = []
    for number in range(first, first + times):
        began, used = time.perf_counter(), time.process_time()
        task(number)
        costs.append((time.process_time() - used, time.perf_counter() - began))
    return Cost(median(cpu for cpu, _ in costs), median(wall for _, wall in costs))


class SiteHand:
    """Tasks by name. Django is set up, and mail stays in memory."""

    def __init__(self, readers: int, articles: int) -> None:
        self._readers = readers
        self._articles = articles
        self.tasks: dict[str, Callable[[int], None]] = {
            "sign in": self.sign_in,
            "find a reader": self.find,
            "change the rules": self.change_rules,
            "publish": self.publish,
            "edit": self.edit,
            "withdraw": self.withdraw,
            "look what is due": self.look,
        }

    def _any(self, number: int, most: int) -> int:
        """Some number up to `most`, another one each time, and the same in each run."""
        return random.Random(number).randrange(1, most + 1)  # noqa: S311 - nothing secret

    def sign_in(self, number: int) -> None:
        """A reader asks for a code, and types it."""
        from django.conf import settings
        from django.core import mail
        from django.test import Client

        from foldline.site.readers.mail import POSTMAN
        from scripts.growth.invented import address

        third, fourth = divmod(number % 65_000, 250)
        client = Client(
            headers={
                "Host": settings.FOLDLINE.host,
                "X-Forwarded-For": f"10.{number % 7}.{third}.{fourth + 1}",
                "X-Forwarded-Proto": "http",
            }
        )
        mail.outbox = []
        asked = client.post("/-/sign-in", {"email": address(self._any(number, self._readers)), "next": "/"})
        POSTMAN.wait(10)
        code = re.search(r"^\s{4}(\d{6})$", mail.outbox[-1].body, re.MULTILINE)
        typed = client.post("/-/sign-in/code", {"code": code[1] if code else ""})
        if asked.status_code != 303 or typed.status_code != 303 or "__Host-foldline-pass" not in typed.cookies:
            raise RuntimeError(f"nobody was signed in: {asked.status_code}, {typed.status_code}")

    def find(self, number: int) -> None:
        """The desk looks for a reader by the beginning of an address, and by the whole of one."""
        from foldline.site.desk.service.finding import _by_address_or_key
        from scripts.growth.invented import address

        wanted = address(self._any(number, self._readers))
        if [reader.email for reader in _by_address_or_key(wanted)] != [wanted] or not _by_address_or_key(wanted[:12]):
            raise RuntimeError(f"{wanted} was not found")

    def change_rules(self, number: int) -> None:
        """Other rules are published, and the newsroom looks whether they close anything free."""
        from django.conf import settings

        from foldline.site.newsroom import publishing
        from foldline.stores.rule_sets import RuleSetStore

        with RuleSetStore(settings.FOLDLINE.home) as sets:
            sets.publish(RULES.format(limit=20 + number % 2), "a measurement", "", int(time.time()))
        publishing.notice_closing()

    def publish(self, number: int) -> None:
        """Another article, and every list that has it."""
        from foldline.site.newsroom import publishing
        from foldline.site.newsroom.models import Article, Authorship
        from scripts.growth.invented import AUTHORS, FILLING, SECTIONS, TAGS

        article = Article.objects.create(
            headline=f"A new one, number {number}", body=FILLING * 4, section_id=number % SECTIONS + 1
        )
        article.tags.add(number % TAGS + 1)
        Authorship.objects.create(article=article, author_id=number % AUTHORS + 1)
        publishing.publish(article)

    def edit(self, number: int) -> None:
        """An article of years ago gets another headline."""
        from foldline.site.newsroom import publishing
        from foldline.site.newsroom.models import Article

        article = Article.objects.get(pk=4 * self._any(number, self._articles // 4))
        article.headline += "."
        article.save()
        publishing.publish(article)

    def withdraw(self, number: int) -> None:
        """An article of years ago is taken away."""
        from foldline.site.newsroom import publishing
        from foldline.site.newsroom.models import Article

        publishing.withdraw(Article.objects.get(pk=4 * self._any(number, self._articles // 4) - 2))

    def look(self, number: int) -> None:
        """What the newsroom's job does every second: it looks for what is scheduled, and for what is not done."""
        from foldline.site.newsroom import lists, publishing
        from foldline.site.readers import moment

        publishing.publish_due(moment.now())
        if publishing.unsettled().exists() or lists.due_now().exists():
            raise RuntimeError("something is due that should have been done")


def ready(home: Home) -> None:
    """Django for this home folder, with mail that stays in memory and none of the limits that one address has."""
    ready_django(load(home, os.environ))
    from django.conf import settings

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def main() -> None:
    """Work until stdin ends."""
    ready(Home(Path(os.environ["FOLDLINE_HOME"])))
    hand = SiteHand(int(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        name, times, first = json.loads(line)
        try:
            said = asdict(timed(hand.tasks[name], times, first))
        except Exception as error:  # noqa: BLE001 - it is said, and stops the measurement
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
