"""A home folder, a draft and the small newspaper that worlds hold: the same words in every world but for the rests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from foldline.config import Settings, load
from foldline.pages.public import Card, Note, Picture, Term
from foldline.sources.articles.compose import access_level
from foldline.sources.articles.draft import Draft
from foldline.stores import schema
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.mode import Mode, ModeStore
from foldline.stores.pictures import PictureStore

HOST = "twin.example"
SECRET = "the secret of a test, which opens nothing at all"  # noqa: S105
MARKER = "<!-- fold -->"
PRODUCT, OTHER_PRODUCT = 1, 2
PICTURE = "0123456789abcdef0123456789abcdef.png"

SCIENCE = Term("Science", "/section/science")
RIVERS = Term("Rivers", "/tag/rivers")
ADA = Term("Ada Quill", "/author/ada-quill")

SETTINGS = f"""[publication]
name = "The Twin"
url = "https://{HOST}"
tagline = "Two papers, one word apart"
zone = "Europe/Paris"

[offer]
product = "The whole Twin"
price = "4 a month"

[meter]
limit = 3
"""

PREVIEW = """Every river keeps two diaries, and for most of its length nobody reads either of them.

The first is written in the banks, a line for each flood. The second is kept by people who stand on bridges and count,
and who hand their notebooks on when their knees give out.[^bridge]

| Year | Height |
| ---- | ------ |
| 1872 | 4.1 m  |
| 1910 | 5.3 m  |

What the two have in common is that *both* are **honest** about the middle and vague about the ends.

[^bridge]: The oldest of these notebooks begins in 1846.
"""


class Databases:
    """Where homes of tests lie that name no database: in files, unless somebody says otherwise."""

    fresh: Callable[[], Address | None] = staticmethod(lambda: None)


databases = Databases()


def home_at(path: Path, settings: str = SETTINGS, database: Address | None = None) -> Settings:
    """A home folder with its tables, ready to be written to, and its settings. With a `database` its tables are
    there."""
    home = Home(path, database or databases.fresh())
    home.make()
    home.settings_file.write_text(settings, encoding="utf-8")
    home.secret_file.write_text(SECRET + "\n", encoding="utf-8")
    home.secret_file.chmod(0o600)
    schema.migrate(home)
    PictureStore(home).keep(PICTURE, b"\x89PNG\r\n\x1a\n" + bytes(64))
    return load(home, {})


def in_mode(home: Home, mode: Mode, now: int, by: str = "a test") -> None:
    """Let a site behind the gate stand in shadow, or gate it. A new home with an origin stands in shadow."""
    with ModeStore(home) as modes:
        modes.set(mode, by, now)


def draft(**fields: Any) -> Draft:
    """A draft of everything that an article can have; any field may be given."""
    whole: dict[str, Any] = {
        "id": 1,
        "path": "/the-tide",
        "headline": "The two diaries of a river",
        "standfirst": "One is kept by the banks, the other by people with bad knees.",
        "byline": "By Ada Quill in Port Ellery",
        "published_at": datetime(2026, 3, 2, 6, 30, tzinfo=UTC),
        "access": "metered",
        "body": f"{PREVIEW}\n{MARKER}\n\nThe rest of it.\n",
        "section": SCIENCE,
        "tags": (RIVERS,),
        "authors": (ADA,),
        "updated_at": datetime(2026, 3, 5, 9, 0, tzinfo=UTC),
        "picture": Picture(f"/-/media/{PICTURE}", 1200, 800, "A bridge", "The bridge in March.", "M. Orr"),
        "notes": (Note("correction", datetime(2026, 3, 5, 9, 0, tzinfo=UTC), "The bridge has five arches."),),
        "social_text": "Rivers keep two diaries.",
        "reading_time": "6 min",
        "products": frozenset((PRODUCT,)),
    }
    return Draft(**(whole | fields))


@dataclass(frozen=True, slots=True)
class Story:
    """An article of the small newspaper. `sealed` tells whether a world gives it a rest."""

    id: int
    path: str
    access: str
    products: frozenset[int] = frozenset((PRODUCT,))
    sealed: bool = True


METERED = Story(1, "/the-tide", "metered")
REGISTERED = Story(2, "/the-bell", "registered")
SUBSCRIBERS = Story(3, "/the-lamp", "subscribers")
OTHER = Story(4, "/the-map", "metered")
FREE = Story(5, "/the-open", "free", sealed=False)
UNKNOWN = Story(6, "/the-odd", "vip")
OTHER_TITLE = Story(8, "/the-crown", "subscribers", frozenset((OTHER_PRODUCT,)))

STORIES: tuple[Story, ...] = (METERED, REGISTERED, SUBSCRIBERS, OTHER, FREE, UNKNOWN, OTHER_TITLE)
GATED: tuple[Story, ...] = tuple(story for story in STORIES if story.sealed)

GONE_PATH, OLD_PATH, NOWHERE = "/the-gone", "/the-old-tide", "/there-is-nothing-here"
FAILING_PATH, UNREADABLE_PATH = "/the-fault", "/the-silence"


def body_of(story: Story, rests: Mapping[int, str], preview: str = PREVIEW) -> str:
    """The Markdown of a story: for an article of unknown access the marker changes nothing."""
    return f"{preview}\n{MARKER}\n\n{rests[story.id]}\n" if story.sealed else preview


def story_draft(story: Story, body: str) -> Draft:
    """The draft of a story, told apart from the others by a number in its headline."""
    plain = draft(id=story.id, path=story.path, access=story.access, body=body, products=story.products)
    return replace(plain, headline=f"{plain.headline}, part {story.id}")


def card_of(made: Draft) -> Card:
    """The card of a draft in a list; 24 have read it."""
    return Card(
        path=made.path,
        headline=made.headline,
        standfirst=made.standfirst,
        byline=made.byline,
        published_at=made.published_at,
        access=access_level(made.access),
        section=made.section,
        picture=made.picture,
        tags=made.tags,
        reads=24,
    )
