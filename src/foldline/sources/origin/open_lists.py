"""What a daily look at a site's lists found: a line in the table of jobs, and problems for whoever can mend them."""

from __future__ import annotations

from collections.abc import Sequence

from foldline.errors import Problem

#: The job that looks.
JOB = "look at the lists of the site"
#: So many lists are named; a theme that shows whole texts shows them on most.
NAMED = 4

_BEGINS = "closed texts stand in "
_UNSEEN = "not looked at: "


def line_of(lists: Sequence[str]) -> str:
    """The paths of lists that show what is closed, in a line; "" for none."""
    if not lists:
        return ""
    more = f" and {len(lists) - NAMED} more" if len(lists) > NAMED else ""
    return f"{_BEGINS}{', '.join(lists[:NAMED])}{more}"


def unseen(why: str) -> str:
    """The line of a look that could not be taken."""
    return f"{_UNSEEN}{why}"


def problems_of(line: str) -> list[Problem]:
    """What a line says is wrong: FL335 where closed texts stand in lists, FL336 where nobody could look."""
    if line.startswith(_BEGINS):
        hint = "Let the theme show excerpts in lists, or close these addresses in surfaces.toml."
        return [Problem("FL335", "the gate sends it on as it is", line.removeprefix(_BEGINS), hint)]
    if line.startswith(_UNSEEN):
        hint = "Whether lists show whole texts is not known: `foldline map` asks for the same pages."
        return [Problem("FL336", line.removeprefix(_UNSEEN), "[origin] url", hint)]
    return []
