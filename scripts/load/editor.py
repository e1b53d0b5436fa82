"""The newsroom of the day, in a process of its own: told on stdin what to do, it says when it was done.

A line in is `["publish", number]`, `edit`, `withdraw` or `rules`; a line out `{"done": epoch seconds}`.
`python -m scripts.load.editor ARTICLES` makes the articles first.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from foldline.cli.home import ready_django
from foldline.config import load
from foldline.stores.home import Home
from scripts.load.told import ACCESS, RULES, STORY, TAKEN_DOWN, body, slug


def write(number: int, version: int) -> None:
    """Publish a version of an article."""
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article

    article = Article.objects.filter(slug=slug(number)).first() or Article(slug=slug(number))
    article.headline = f"Article {number} of the day"
    article.body = body(number, version)
    article.access = ACCESS[number % len(ACCESS)]
    article.save()
    publishing.publish(article)


def do(what: str, version: int) -> None:
    """One act."""
    from django.conf import settings

    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.models import Article
    from foldline.stores.rule_sets import RuleSetStore

    if what in ("publish", "edit"):
        write(STORY, version)
    elif what == "withdraw":
        publishing.withdraw(Article.objects.get(slug=slug(TAKEN_DOWN)))
    else:
        with RuleSetStore(settings.FOLDLINE.home) as sets:
            sets.publish(f"# Again\n{RULES}", "the day", "", int(time.time()))


def main() -> None:
    """Make the articles, then do what is said until stdin ends."""
    settings = load(Home(Path(os.environ["FOLDLINE_HOME"])), os.environ)
    ready_django(settings).migrate(settings)
    from foldline.stores.rule_sets import RuleSetStore

    with RuleSetStore(settings.home) as sets:
        sets.publish(RULES, "the day", "", int(time.time()))
    for number in range(1, int(sys.argv[1]) + 1):
        write(number, 1)
    print(json.dumps({"done": time.time()}), flush=True)
    for line in sys.stdin:
        what, version = json.loads(line)
        do(what, version)
        print(json.dumps({"done": time.time()}), flush=True)


if __name__ == "__main__":
    main()
