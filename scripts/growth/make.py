"""`python -m scripts.growth.make READERS ARTICLES`: fill the home folder in FOLDLINE_HOME.

Prints how many rows it has made, a number a line.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from foldline.cli.home import ready_django
from foldline.config import Settings, load
from foldline.stores.home import Home
from scripts.growth.invented import Size

SECRET = "of a publication that is made up, and opens nothing at all"  # noqa: S105
_SETTINGS = """\
[publication]
name = "The Growing Post"
url = "http://127.0.0.1:9400"
tagline = "A million readers, all invented"
zone = "Europe/Berlin"
[meter]
limit = 20
[plan.month]
name = "All of it"
amount = "4.00"
currency = "eur"
"""


def empty_home(folder: Path) -> Settings:
    """A home folder with settings and without tables."""
    home = Home(folder)
    home.make()
    home.settings_file.write_text(_SETTINGS, encoding="utf-8")
    home.secret_file.write_text(SECRET, encoding="utf-8")
    home.secret_file.chmod(0o600)
    return load(home, {})


def main() -> None:
    """Fill it."""
    settings = load(Home(Path(os.environ["FOLDLINE_HOME"])), {})
    ready_django(settings).migrate(settings)
    from scripts.growth.rows import fill

    made = 0

    def step(more: int) -> None:
        nonlocal made
        made += more
        print(made, flush=True)

    readers, articles = map(int, sys.argv[1:])
    fill(settings, Size(readers, articles), step)


if __name__ == "__main__":
    main()
