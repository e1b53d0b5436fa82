"""The page that says to people what robots.txt says to machines: both are made of one policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from foldline import config
from foldline.callers.crawlers import CRAWLERS
from foldline.pages.words import Words
from foldline.site.readers.rendering import page
from foldline.site.readers.wording import words
from foldline.syndication import robots, tdm
from foldline.syndication.machines import Agent, Asked, Machines, Purpose, agents_of


class Line(NamedTuple):
    """A purpose, or all machines that nobody named."""

    name: str
    what: str
    asked: str
    welcome: bool


class Row(NamedTuple):
    """A machine by its name. `purposes` are in words."""

    name: str
    operator: str
    purposes: str


@require_safe
def policy(request: HttpRequest) -> HttpResponse:
    """What machines are asked here, and what they are sent."""
    foldline: config.Settings = settings.FOLDLINE
    said, machines = words(), foldline.machines
    lists = [(said[f"machines.named-{_word(welcome)}"], _rows(machines, said, welcome)) for welcome in (False, True)]
    verified = ", ".join(CRAWLERS[name].token for name in foldline.verified_crawlers)
    context = {
        "lead": said.format("machines.lead", name=foldline.publication.name),
        "lines": list(_lines(machines, said)),
        "lists": [(title, rows) for title, rows in lists if rows],
        "verified": said.format("machines.verified", names=verified) if verified else "",
        "tdm": said["machines.tdm-open" if machines.train else "machines.tdm-reserved"],
        "robots": robots.PATH,
        "tdmrep": tdm.PATH if foldline.origin is None else "",
    }
    return page(request, "machines/policy", said["machines.title"], context)


def _lines(machines: Machines, said: Words) -> Iterator[Line]:
    for purpose in Purpose:
        yield _line(purpose.value, machines.welcomes(purpose), said)
    yield _line("unnamed", machines.unnamed, said)


def _line(name: str, asked: Asked, said: Words) -> Line:
    word = said[f"machines.{_word(asked.welcome)}"]
    return Line(said[f"machines.{name}"], said[f"machines.{name}-what"], word, asked.welcome)


def _rows(machines: Machines, said: Words, welcome: bool) -> list[Row]:
    return [_row(agent, said) for agent in agents_of(machines) if machines.asks(agent).welcome is welcome]


def _row(agent: Agent, said: Words) -> Row:
    purposes = [said[f"machines.{purpose.value}"] for purpose in Purpose if purpose in agent.purposes]
    return Row(agent.name, agent.operator if agent.operator != "unknown" else "", ", ".join(purposes))


def _word(welcome: bool) -> str:
    return "welcome" if welcome else "away"
