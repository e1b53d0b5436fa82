"""What a user agent says about a device, in two plain words. It grants nothing: it only helps a reader to tell devices
apart."""

from __future__ import annotations

#: Looked for in this order: Edge and Opera name Chrome, Chrome names Safari, and every browser names Mozilla.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)

#: A user agent says what it is within so many letters.
_SAYS = 512


def device_of(user_agent: str) -> tuple[str, str]:
    """The browser and the system that a user agent names: ("Firefox", "Linux"). Each is "" where it is not known."""
    said = user_agent[:_SAYS]
    return _first(_BROWSERS, said), _first(_SYSTEMS, said)


def _first(known: tuple[tuple[str, str], ...], said: str) -> str:
    return next((name for mark, name in known if mark in said), "")
