"""The files that `foldline init --write` writes: short, each line with what it is for, valid as they stand."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

from foldline.policy.rules_file import read_rules
from foldline.sources.origin.ingest import slug
from foldline.sources.survey.survey import Survey

#: Sections that a newspaper owes everybody.
_PUBLIC = (
    "obituaries",
    "public-notices",
    "public notices",
    "notices",
    "death notices",
    "corrections",
    "press releases",
)
_METER = 3


def settings_text(made: Survey) -> str:
    """foldline.toml."""
    about, spec = made.about, made.proposal.spec if made.proposal is not None else None
    lines = [
        f"# foldline.toml: the gate before {made.url}, as `foldline init` proposed it. All settings: docs/settings.md.",
        "[publication]",
        *_line("name", about.name.value, about.name.because),
        *_line("url", about.url.value, f"what readers type: {about.url.because}"),
        *_line("language", about.language.value, f"of the wall and the mails: {about.language.because}"),
        *_line("zone", about.zone.value, about.zone.because),
        "",
        "[origin]",
        *_line("url", about.origin.value, f"where the site itself listens: {about.origin.because}"),
        *_line("profile", made.software.profile, f"which addresses are what: {made.software.because}"),
    ]
    if spec is not None and made.proposal is not None:
        body = made.proposal.body
        found = (
            f"on {body.pages} of {len(made.articles)} articles, {body.how}" if body else "not found: write a selector"
        )
        lines += _line("body", spec.body, f"the element of an article's text: {found}")
        closed = "the part that is closed" if spec.closed else "the part that is closed, where pages do not say it"
        lines += _line("closed", spec.closed, closed)
        lines += [
            "",
            "[fold]",
            "# Where a page has no marker and no markup of its own: so many paragraphs and characters are open.",
            f"paragraphs = {spec.rule.paragraphs}",
            f"characters = {spec.rule.characters}",
        ]
    else:
        lines += _line("body", "", "the element of an article's text: no article was found, write a CSS selector")
    lines += [
        "",
        "[listen]",
        "# where the gate listens, on this machine alone: your web server hands readers on to it",
        "port = 8080",
        "# how many web servers of yours stand before it: 1 with `foldline recipe nginx`",
        "hops = 0",
        "",
        "[desk]",
        "# where staff work, on this machine alone: reach it through a tunnel, and never put it on the internet",
        "port = 8081",
    ]
    return "\n".join(lines) + "\n"


def rules_text(made: Survey) -> str:
    """rules.toml, checked as `foldline policy check` does.

    Raises:
        ConfigurationError: it would not be read back. That is a mistake of ours.
    """
    sections = _one_line(", ".join(f"{name} ({count})" for name, count in made.sections.most_common(8)))
    public = [name for name in made.sections if name.lower() in _PUBLIC]
    mark = "" if public else "# "
    named = json.dumps([slug(name) for name in public] or ["obituaries", "public-notices"])
    text = f"""\
# rules.toml: who may read what. Every word is explained in docs/rules.md.
# `foldline policy check` tells every mistake; nothing decides before `foldline policy publish`.
# Sections of the articles that were looked at: {sections or "the pages name none"}.

# What holds for an article that says nothing of its access. Without this line such articles stay closed.
default-access = "metered"

# How many metered articles one may read in a month without an account.
[meter.site]
anonymous = {_METER}
window = "calendar month"

# What a newspaper owes everybody. Take the # away, and write your own sections.
{mark}[[rule]]
{mark}name = "Obituaries and public notices are free"
{mark}sections = {named}
{mark}access = "free"
"""
    read_rules(text, "rules.toml", ZoneInfo("UTC"))
    return text


def _line(key: str, value: str, why: str) -> list[str]:
    return [f"# {_one_line(why)}", f"{key} = {json.dumps(_one_line(value), ensure_ascii=False)}"]


def _one_line(text: str) -> str:
    """A comment can't end its line and a value needs no escape, whatever a page says."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200]
