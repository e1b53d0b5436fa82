"""What a site says about the publication itself, where a setting has to be guessed; each guess says from what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from zoneinfo import ZoneInfo

from foldline.pages.words import FALLBACK, LANGUAGES
from foldline.sources.survey.hosts import Place, is_local, is_loopback
from foldline.sources.survey.looks import Look

#: Where the gate listens if nothing else is set: what readers of a try-out type.
OWN_ADDRESS = "http://127.0.0.1:8080"
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Guess:
    """A value for a setting, and in words what it was taken from."""

    value: str
    because: str


@dataclass(frozen=True, slots=True)
class About:
    """Guesses for `[publication]`, and for the address of the origin."""

    name: Guess
    url: Guess
    language: Guess
    zone: Guess
    origin: Guess


def about(
    place: Place,
    front: Look,
    articles: Sequence[Look],
    feed_title: str,
    *,
    public: bool,
    known_as: Place | None = None,
) -> About:
    """`public` says whether the address that was given is one that the world reaches, `known_as` where its links lead
    if that is elsewhere."""
    looks = (front, *articles)
    return About(
        _name(place, front, articles, feed_title),
        _url(place, known_as, looks, public=public),
        _language(looks),
        _zone(place, articles),
        Guess(place.url, "the address that you gave")
        if not public
        else Guess(place.url, "the public address: change it to where the site listens behind the gate"),
    )


def _name(place: Place, front: Look, articles: Sequence[Look], feed_title: str) -> Guess:
    said = Counter(look.facts.site for look in (front, *articles) if look.facts.site)
    if said:
        return Guess(said.most_common(1)[0][0][:_LONGEST], "what its pages say (og:site_name or publisher)")
    if feed_title:
        return Guess(feed_title[:_LONGEST], "the title of its feed")
    if front.title:
        return Guess(front.title[:_LONGEST], "the title of its front page")
    return Guess(place.host, "its host: no page says a name")


def _url(place: Place, known_as: Place | None, looks: Sequence[Look], *, public: bool) -> Guess:
    said: Counter[str] = Counter()
    for look in looks:
        try:
            there = Place.of(look.facts.canonical)
        except ValueError:
            continue
        named = there.host not in ("localhost", "") and not _is_inner(there.host)
        if named and there.scheme == "https":
            said[there.url] += 1
    if said:
        return Guess(said.most_common(1)[0][0], "what its pages call their own address")
    if known_as is not None and (known_as.scheme == "https" or is_loopback(known_as.host)):
        return Guess(known_as.url, "where its own links lead")
    if public and place.scheme == "https":
        return Guess(place.url, "the address that you gave")
    if public:
        return Guess(f"https://{place.host}", "the address that you gave, with https: passes need it")
    return Guess(OWN_ADDRESS, "the gate's own address, to try it here: write the public one before you go live")


def _is_inner(host: str) -> bool:
    return host.replace(".", "").replace(":", "").isalnum() and host[-1:].isdigit() and is_local(host)


def _language(looks: Sequence[Look]) -> Guess:
    said = Counter(look.facts.language.lower().partition("-")[0] for look in looks if look.facts.language)
    if not said:
        return Guess(FALLBACK, "no page says its language")
    language = said.most_common(1)[0][0]
    if language in LANGUAGES:
        return Guess(language, "what its pages say")
    return Guess(FALLBACK, f"its pages are in {language[:8]!r}, for which there are no words of ours yet")


def _zone(place: Place, articles: Sequence[Look]) -> Guess:
    """By the country in the host's name, where that has one zone and the articles' dates agree."""
    country = place.host.rpartition(".")[2].upper()
    zones = _zones().get({"UK": "GB"}.get(country, country), [])
    dates = [look.facts.published for look in articles if look.facts.published]
    for zone in zones[:1] if len(zones) <= 2 else []:
        if all(date.utcoffset() in (date.astimezone(ZoneInfo(zone)).utcoffset(), None) for date in dates):
            return Guess(zone, f"its host ends in .{country.lower()}, and the dates of its articles fit")
    return Guess("UTC", "a guess: no page says it, and windows of meters and dates of rules are counted in it")


def _zones() -> dict[str, list[str]]:
    """Zones by the country's two letters, from the same data as `zoneinfo`'s own."""
    found: dict[str, list[str]] = {}
    text = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith("#") and line.count("\t") >= 2:
            country, _, zone = line.split("\t")[:3]
            found.setdefault(country, []).append(zone)
    return found
