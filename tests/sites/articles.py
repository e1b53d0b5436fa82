"""Twenty articles of a newspaper of ours, for sites made by other people's software.

Every paragraph names one person whom no other paragraph of any article names: `Paragraph.token`, in letters of ASCII.
So a test can tell which paragraph leaked, and from where. The preview of an article is the same in every variant; what
stands below the fold has other words, other people and another number of paragraphs in each: "a" and "b" are twins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

VARIANTS = ("a", "b")

_GIVEN_NAMES = (
    "Adela Bruno Cosima Dagmar Eskil Fenna Gustav Hedda Ilse Jorun Kasimir Leonie Mirko Nadja Ottilie "
    "Pelle Quirin Ragna Sixten Thekla Ulrik Verena Wido Xenia Yorick Zora Anselm Birte Corvin Dorte Elmar"
)
_FAMILY_NAMES = (
    "Abelmann Brandvold Castelnau Drossel Ekelund Farrow Gantner Hollis Imhoff Jurgens Kettler Lindqvist "
    "Marlow Nystrom Ostrander Pellworm Quade Rasmussen Sandoval Tamsin Ullrich Vandermeer Wexford Yarrow "
    "Zeller Ashdown Bellweather Corrigan Dunmore"
)
_GIVEN, _FAMILY = _GIVEN_NAMES.split(), _FAMILY_NAMES.split()

# No template is used twice in an article, and no run of eight words stands in two of them.
_PREVIEW = (
    "Nobody in {place} had asked about the {thing} for years, until {person} put a ladder against the wall and "
    "climbed up to look. What was found there filled one page of a school notebook, front and back.",
    "The notebook went first to the library, where {person} copied every line by hand. Copies are dull work, "
    "and they are how small towns remember what their councils would sooner leave in a drawer.",
    "By Thursday the matter had a name, a file and a chair in the second row of the town hall. {person} sat on it, "
    "said nothing for two hours, and went home with the minutes under one arm.",
)
_REST_A = (
    "It turned out that {person} had been paying for repairs out of a tin marked Tea since the winter of 1987. "
    "The tin holds four hundred and eleven receipts, sorted by colour rather than by year.",
    "Asked whether the {thing} could be moved, engineer {person} drew three arrows on a napkin and crossed out "
    "two. The third leads through a private garden whose owner keeps geese.",
    "Money is the smaller half of it. According to {person}, insurers stopped answering letters when the premium "
    "passed the value of the roof, which is a polite way to say goodbye.",
    "Under the floor lay a second list, written in pencil by {person} and signed twice. It names eleven people who "
    "promised to come back with tools, and gives the date on which each of them did not.",
    "On the harbour wall {person} still measures the tide with a painted stick. The stick and the official gauge "
    "have disagreed by a hand's breadth ever since the dredger came through.",
    "The vote was nine to six. Afterwards {person} locked the door, hung the key where everybody could see it, and "
    "walked home along the water without looking round.",
)
_REST_B = (
    "What the council never printed is a letter from {person}, who offered to buy everything for one coin and a "
    "promise. It was answered within the hour, in green ink.",
    "Three streets away {person} had drawn the same plan in chalk, with the north arrow pointing firmly south. "
    "Children jumped over it all summer; the rain took a week.",
    "A baker remembers it differently. In the version told by {person}, the crane arrived empty, left full, and was "
    "seen at dawn on the far side of the county line.",
    "Whoever climbs the tower now will find a brass plate polished by {person} each Sunday, and below it a drawer "
    "that opens only when the wind comes from the east.",
    "The auditors counted until midnight. Their leader, {person}, wrote down a sum, tore the sheet in half and handed "
    "either piece to another lawyer.",
    "There were flowers, and a band of five. The mayor read a speech that {person} had written for another occasion, "
    "and no one in the square noticed.",
    "That leaves the bell. It hangs in a barn outside the town, wrapped in a sail, and {person} oils it in "
    "October; it is to be rung once more, they say.",
    "Seven photographs survive. In the last of them {person} points at something outside the frame, and laughs.",
)
_TOPICS = (
    # slug, headline, standfirst, section, place, thing
    ("the-ladder", "The ladder on Mill Lane", "A town looks up at last.", "Town", "Harrow Point", "clock"),
    ("salt-and-slate", "Salt and slate", "Why two roofs in three leak here.", "Town", "Coldwater", "quarry"),
    ("ferry-timetable", "The ferry that kept its own time", "An hour is an hour.", "Coast", "Port Ellery", "ferry"),
    ("low-water", "Low water", "What the estuary shows twice a year.", "Coast", "Saltmere", "sluice"),
    ("a-bridge-too-wide", "A bridge too wide", "The road does not fit it.", "Town", "Brannock", "bridge"),
    ("the-quiet-organ", "The quiet organ", "Forty pipes, and one of them sings.", "Culture", "Ostrava Hill", "organ"),
    ("seed-library", "The seed library", "Borrow in spring, return in autumn.", "Culture", "Fallow End", "archive"),
    ("night-bus", "Night bus", "Line 9 has one passenger.", "Town", "Quarrydale", "depot"),
    ("the-last-kiln", "The last kiln", "Bricks with a thumbprint.", "Culture", "Redbank", "kiln"),
    ("orchard-wall", "The orchard wall", "Pears on one side, lawyers on the other.", "Land", "Pearmain", "orchard"),
    ("peat", "Peat", "A field that grows a millimetre a year.", "Land", "Mossgate", "bog"),
    ("windmill-share", "A share in a windmill", "It paid in flour once.", "Land", "Sandling", "windmill"),
    ("the-signal-box", "The signal box", "All levers point to the sea.", "Coast", "Winterhaven", "signal"),
    ("ice-house", "The ice house", "Cold since 1790.", "Land", "Thornbury Low", "cellar"),
    ("swimming-lesson", "The swimming lesson", "A pool without a roof.", "Town", "Lidolane", "pool"),
    ("map-of-wells", "A map of wells", "Sixty circles in blue pencil.", "Land", "Drywell", "well"),
    ("the-second-lamp", "The second lamp", "One for ships, one for nobody.", "Coast", "Farlight", "lamp"),
    ("town-crier", "Wanted: a crier", "Applicants must bring a bell.", "Culture", "Marketstow", "post"),
    ("weather-hut", "The weather hut", "It was right for a year.", "Land", "Highmoor", "barometer"),
    ("paper-boats", "Paper boats", "A regatta that fits in a gutter.", "Culture", "Inkwell", "canal"),
)
_AUTHORS = ("Ada Quill", "Bo Ferriman", "Cleo Hatherley")
_TAGS = ("water", "stone", "money", "weather")
#: People are numbered: so many may stand in one article, in all variants.
_PEOPLE = 20


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`text` as it is printed; `token` stands in it, and in no other paragraph of any article or variant."""

    text: str
    token: str


@dataclass(frozen=True, slots=True)
class Article:
    """What a site publishes. `rest` is what the variant has below the fold."""

    number: int
    slug: str
    headline: str
    standfirst: str
    section: str
    author: str
    tags: tuple[str, ...]
    published: datetime
    preview: tuple[Paragraph, ...]
    rest: tuple[Paragraph, ...]

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        return self.preview + self.rest

    @property
    def words(self) -> int:
        return sum(len(one.text.split()) for one in self.paragraphs)


def articles(variant: str = "a", count: int = 20) -> tuple[Article, ...]:
    """The first so many articles; `variant` is one of `VARIANTS`."""
    return tuple(article(number, variant) for number in range(min(count, len(_TOPICS))))


def article(number: int, variant: str = "a") -> Article:
    """One article. The same number has the same address, headline and preview in every variant."""
    slug, headline, standfirst, section, place, thing = _TOPICS[number]
    below, first = {"a": (_REST_A, 3), "b": (_REST_B, 3 + len(_REST_A))}[variant]
    # The twins' lengths differ too, and not by the same number of paragraphs in each article.
    below = below[: len(below) - number % 2 * 3] if variant == "b" else below
    return Article(
        number,
        slug,
        headline,
        standfirst,
        section,
        _AUTHORS[number % len(_AUTHORS)],
        (_TAGS[number % 4], _TAGS[(number + 1) % 4]),
        datetime(2026, 3, 2, 6, 30, tzinfo=UTC) + timedelta(days=number),
        tuple(_paragraph(text, number, at, place, thing) for at, text in enumerate(_PREVIEW)),
        tuple(_paragraph(text, number, first + at, place, thing) for at, text in enumerate(below)),
    )


def tokens(paragraphs: tuple[Paragraph, ...]) -> tuple[str, ...]:
    """The names in these paragraphs."""
    return tuple(one.token for one in paragraphs)


def _paragraph(text: str, number: int, at: int, place: str, thing: str) -> Paragraph:
    person = number * _PEOPLE + at
    # 31 and 29 have no common divisor, so the first 899 pairs are all different.
    token = f"{_GIVEN[person % len(_GIVEN)]} {_FAMILY[person % len(_FAMILY)]}"
    return Paragraph(text.format(place=place, thing=thing, person=token), token)
