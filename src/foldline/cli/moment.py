"""The option `--at`: a moment that one asks about."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from foldline.cli.home import Verb
from foldline.policy.spans import moment_of


def at_option(verb: Verb) -> Verb:
    """`--at DATE-TIME`."""
    return click.option(
        "--at",
        metavar="DATE-TIME",
        default=None,
        help="As if it were this moment, as in 2026-11-03T18:00, in the publication's zone (default: now).",
    )(verb)


def moment_at(text: str | None, zone: ZoneInfo, option: str = "--at") -> int:
    """The epoch second that was given with an option, or now.

    Raises:
        click.BadParameter: it is no moment.
    """
    if text is None:
        return int(time.time())
    moment = None
    try:
        day: Any = datetime.fromisoformat(text) if len(text) > len("2026-11-03") else date.fromisoformat(text)
        moment = moment_of(day, zone)
    except ValueError:
        pass
    if moment is None:
        raise click.BadParameter(f"{text!r} is no moment. Write it as in 2026-11-03T18:00.", param_hint=option)
    return moment


def written(moment: int, zone: ZoneInfo) -> str:
    """A moment for people, to the minute."""
    return datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%d %H:%M")
