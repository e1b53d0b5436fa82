"""The publication's robots.txt (RFC 9309), with what drafts say beside it: Content-Signal and Content-Usage.

Readers of robots.txt leave out lines that they do not know, so that the words of drafts cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from foldline.pages.public import Publication
from foldline.syndication.machines import Agent, Machines, Purpose, agents_of

PATH = "/robots.txt"
TYPE = "text/plain; charset=utf-8"
#: Where people read the same, under the prefix.
POLICY_PAGE = "machines"
#: What machines may fetch under the prefix: what a page is shown with, and the policy itself.
_OPEN_THERE = ("static/", "media/", POLICY_PAGE)


def robots_txt(publication: Publication, machines: Machines, sitemaps: Iterable[str] = ()) -> str:
    """The whole file. `sitemaps` are paths on this site.

    Every machine that we know is named, the welcome ones too: many find themselves by a part of their name, and
    AI2Bot-DeepResearchEval would take what is asked of AI2Bot for its own.
    """
    lines = [
        f"# What machines are asked. For people: {publication.url}{publication.prefix}{POLICY_PAGE}",
        "",
        "User-agent: *",
        *_rules(machines.unnamed.welcome, publication.prefix),
        *_signals(machines),
    ]
    for welcome in (True, False):
        named = list(_named(machines, welcome))
        if not named:
            continue
        lines += ["", *(f"User-agent: {agent.name}" for agent in named), *_rules(welcome, publication.prefix)]
        lines += _signals(machines) if welcome else ()
    lines += ["", *(f"Sitemap: {publication.url}{path}" for path in sitemaps)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _named(machines: Machines, welcome: bool) -> Iterator[Agent]:
    return (agent for agent in agents_of(machines) if machines.asks(agent).welcome is welcome)


def _rules(welcome: bool, prefix: str) -> list[str]:
    """The longest path that fits decides, so that the closed prefix has open places."""
    if not welcome:
        return ["Disallow: /"]
    return [f"Disallow: {prefix}", *(f"Allow: {prefix}{name}" for name in _OPEN_THERE)]


def _signals(machines: Machines) -> list[str]:
    """contentsignals.org calls answers `ai-input`; the vocabulary of AIPREF (draft-ietf-aipref-vocab) has no word for
    them, and calls the rest `search` and `train-ai`."""
    said = {purpose: machines.welcomes(purpose).welcome for purpose in Purpose}
    yes_no = {True: "yes", False: "no"}
    short = {True: "y", False: "n"}
    return [
        f"Content-Signal: search={yes_no[said[Purpose.SEARCH]]}, ai-input={yes_no[said[Purpose.ANSWER]]}, "
        f"ai-train={yes_no[said[Purpose.TRAIN]]}",
        f"Content-Usage: search={short[said[Purpose.SEARCH]]}, train-ai={short[said[Purpose.TRAIN]]}",
    ]
