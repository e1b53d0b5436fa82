"""What is odd about the pages of a site, as their records say: for the desk's front page and `foldline check`."""

from __future__ import annotations

from typing import get_args

from foldline.errors import Problem, StoreUnavailable
from foldline.fold.page.alarms import Alarm
from foldline.stores.database import is_made
from foldline.stores.home import Home
from foldline.stores.records import PublicStore

#: That the preview is headline and standfirst, and nothing of the page itself.
LOCKED = "locked"
#: So many pages are named; a broken template names all of them.
MOST_NAMED = 20

_WHERE = "Say in foldline.toml where: `[origin] closed` or `body`; or mark the fold in the page."
_LOOK = "Look at the page with `foldline init`."
#: What each alarm means, and the next step.
WORDS: dict[Alarm, tuple[str, str]] = {
    "no-way-to-the-fold": ("nothing says where its fold is", _WHERE),
    "selector-nothing": ("the selector of the closed part matches nothing", _WHERE),
    "selector-everything": ("the selector of the closed part matches all of the article", _WHERE),
    "selector-unusable": ("the selector of the closed part can't be used here", _WHERE),
    "body-nothing": ("the selector of the article's text matches nothing", _WHERE),
    "too-large": ("it is longer than 4 MB", "Split it, or pass its address in surfaces.toml."),
    "too-odd": ("its mark-up is too broken, or nested too deep", _LOOK),
    "too-long": ("what is closed is too long to be looked for in all of the page", _LOOK),
    "charset": ("its letters can't be read", "Name the charset in the header Content-Type."),
    "parsers-disagree": ("two parsers read it differently", _LOOK),
    "not-proved": ("what is closed stands somewhere else in the page too, and could not be taken out", _LOOK),
    "nothing-below": ("nothing stands below its fold: everybody may read it", _WHERE),
    "shorter-than-the-rule": ("it is shorter than [fold] says a preview should be", "Mark the fold in the page."),
    "cut-by-tree": ("it could not be cut in place, and was written anew", _LOOK),
}


def cut_alarms(home: Home) -> list[Problem]:
    """One problem for each page that was not cut as it should be: FL243 for one that is locked, FL244 for others. The
    locked ones come first. `where` is the page's path.

    Raises:
        StoreUnavailable: the records can't be read.
    """
    if not is_made(home.public_db):
        return []
    found = [_problem(path, said) for path, said in PublicStore(home).alarmed()]
    found.sort(key=lambda problem: problem.id)
    if len(found) <= MOST_NAMED:
        return found
    more = f"{len(found) - MOST_NAMED} more pages of the site were not cut as they should be"
    return [*found[:MOST_NAMED], Problem(found[MOST_NAMED].id, more, "", "Most likely they have a template in common.")]


def _problem(path: str, said: tuple[str, ...]) -> Problem:
    known = [WORDS[alarm] for alarm in get_args(Alarm) if alarm in said]
    why = "; ".join(what for what, _ in known) or "no certain fold was found"
    hint = known[0][1] if known else _WHERE
    if LOCKED in said:
        return Problem("FL243", f"shown as headline and standfirst only: {why}", path, hint)
    return Problem("FL244", why, path, hint)


def cut_alarms_or_none(home: Home) -> list[Problem]:
    """The same, and nothing where the records can't be read: that is told elsewhere."""
    try:
        return cut_alarms(home)
    except StoreUnavailable:
        return []
