"""What `foldline init` says about a site: in words and a table, or as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from foldline.cli.policy_check import table_console
from foldline.cli.shown import plain, some
from foldline.sources.origin.surfaces import Kind
from foldline.sources.survey.cuts import HOW_WORDS, Proposal
from foldline.sources.survey.leaks import Leak
from foldline.sources.survey.looks import SIGNS
from foldline.sources.survey.survey import Survey
from foldline.stores.home import Home

#: Addresses that a sentence names.
_SHOWN = 4
#: What the gate does with an address, by what the map says of it.
_KINDS = {
    "article": "it is taken for an article, and cut",
    "rewritten": "the gate cuts it",
    "files": "no text is sent from there",
    "closed": "it is closed",
    "unmapped": "no route names it, so that no text is sent",
}


def tell_survey(found: Survey, written: Sequence[str], home: Home) -> None:
    """Everything that was found and what was not, and what comes next."""
    for line in _site(found):
        click.echo(plain(line))
    if found.proposal is not None:
        for line in _proposal(found.proposal):
            click.echo(plain(line))
        _table(found, found.proposal)
    for line in (*_surfaces(found), *_missing(found)):
        click.echo(plain(line))
    click.echo("")
    for line in _next(found, written, home):
        click.echo(line)


def report_data(found: Survey, written: Sequence[str]) -> dict[str, Any]:
    """The same as values: a program finds under `cuts` what a person sees in the table."""
    proposal = found.proposal
    return {
        "url": found.url,
        "asked": found.asked,
        "pause": found.pause,
        "robots": found.robots,
        "software": asdict(found.software),
        "feed": found.candidates.feed,
        "sitemap": found.candidates.sitemap,
        "articles": [look.path for look in found.articles],
        "sign": found.sign,
        "signs": _signs(found),
        "body": asdict(proposal.body) if proposal is not None and proposal.body is not None else None,
        "closed": proposal.spec.closed if proposal is not None else "",
        "fold": asdict(proposal.spec.rule) if proposal is not None else None,
        "certain": proposal.certain if proposal is not None else 0,
        "cuts": [asdict(cut) for cut in proposal.cuts] if proposal is not None else [],
        "publication": {name: asdict(guess) for name, guess in _guesses(found)},
        "sections": dict(found.sections),
        "addresses": dict(found.kinds),
        "unmapped": found.unmapped,
        "taken_for_articles": found.taken_for_articles,
        "routes": [asdict(route) for route in found.routes],
        "leaks": [asdict(leak) for leak in found.leaks],
        "missed": found.missed,
        "notes": found.notes,
        "written": list(written),
    }


def _guesses(found: Survey) -> list[tuple[str, Any]]:
    about = found.about
    return [("name", about.name), ("url", about.url), ("language", about.language), ("zone", about.zone)]


def _signs(found: Survey) -> dict[str, int]:
    return {sign: sum(sign in look.signs for look in found.articles) for sign in SIGNS}


def _site(found: Survey) -> Iterator[str]:
    pace = f"one each {found.pause:g} s" if found.pause else "without a pause, as it is on this machine"
    yield f"{found.url}: {found.asked} questions, {pace}. robots.txt: {found.robots}."
    name = found.software.name or "Unknown software"
    yield f"{name}: {found.software.because}. Profile: {found.software.profile}."
    listed = [f"feed {found.candidates.feed}"] if found.candidates.feed else []
    listed += [f"sitemap {found.candidates.sitemap}"] if found.candidates.sitemap else []
    yield f"Articles were looked for in: {', '.join([*listed, 'the links of the front page'])}."
    total = len(found.articles)
    if not total:
        yield "No article was found: no page says that it is one, and none is in a feed."
        return
    told = ", ".join(f"{SIGNS[sign]} {count}/{total}" for sign, count in _signs(found).items() if count)
    yield f"{total} articles, told by: {told}."
    if found.sections:
        yield "Sections: " + ", ".join(f"{name} ({count})" for name, count in found.sections.most_common(8)) + "."


def _proposal(proposal: Proposal) -> Iterator[str]:
    total = len(proposal.cuts)
    if proposal.body is None:
        yield "Body: no element was found that holds the text on most pages. Write a selector into [origin] body."
    else:
        yield f"Body: {proposal.body.selector} ({proposal.body.pages}/{total}; {proposal.body.how})."
    if proposal.spec.closed:
        yield f"Closed part: {proposal.spec.closed}, a class of the pages' own."
    for how, count in proposal.ways.most_common():
        more = ""
        if how == "paragraphs":
            rule = proposal.spec.rule
            more = f": after {rule.paragraphs} of them and {rule.characters} characters"
        yield f"Fold: {HOW_WORDS[how]}{more} ({count}/{total})."
    levels = Counter(cut.access or "nothing" for cut in proposal.cuts)
    yield "Level: pages say " + ", ".join(f"{level} ({count}/{total})" for level, count in levels.most_common()) + "."
    removed = Counter(reason for cut in proposal.cuts for reason in cut.removed)
    if removed:
        listed = ", ".join(f"{reason} ({count}/{total})" for reason, count in removed.most_common())
        yield f"Made from the closed part, and taken out of previews: {listed}."
    yield f"The cut holds, and two parsers prove it, on {proposal.certain} of {total}."


def _table(found: Survey, proposal: Proposal) -> None:
    console: Console = table_console()
    table = Table("article", "last visible", "first hidden", "below", "by", box=None, pad_edge=False)
    table.columns[0].max_width = 34
    for look, cut in zip(found.articles, proposal.cuts, strict=True):
        if cut.locked:
            why = ", ".join(cut.alarms) or "no fold"
            table.add_row(plain(look.path), "headline and standfirst only", why, "", "locked")
        else:
            by = cut.how + "".join(f", {alarm}" for alarm in cut.alarms)
            last, first = plain(cut.last_visible), plain(cut.first_hidden)
            table.add_row(plain(look.path), f"… {last}", f"{first} …", f"{cut.below:.0%}", by)
    console.print("")
    console.print(table)
    console.print("")


def _surfaces(found: Survey) -> Iterator[str]:
    counts = ", ".join(f"{count} {kind}" for kind, count in found.kinds.most_common())
    yield f"Addresses that were linked: {counts or 'none'}."
    for route in found.routes:
        yield f"surfaces.toml: {route.kind.value} {', '.join(route.paths)}. {route.why}"
    if found.unmapped:
        yield f"Unmapped, so that a text there is closed with 404 (see `foldline map`): {some(found.unmapped, _SHOWN)}"
    if found.taken_for_articles:
        paths = some(found.taken_for_articles, _SHOWN)
        yield f"Taken for articles by where they lie, though they look like none (see `foldline map`): {paths}"
    yield from leak_lines(found.leaks)


def leak_lines(leaks: Sequence[Leak]) -> Iterator[str]:
    """Where what is closed stands elsewhere: what the gate would send on first."""
    by_url = Counter((leak.url, leak.kind) for leak in leaks)
    passed = [(url, count) for (url, kind), count in by_url.items() if kind == Kind.PASSED.value]
    for url, count in passed[:_SHOWN]:
        yield f"LEAK {url} shows what is closed of {count} articles, and is passed: let it show excerpts."
    if len(passed) > _SHOWN:
        yield f"LEAK {len(passed) - _SHOWN} more pages do the same: --json names them."
    for (url, kind), count in by_url.items():
        if kind != Kind.PASSED.value:
            yield f"{url} holds what is closed of {count} articles: {_KINDS.get(kind, kind)}."


def _missing(found: Survey) -> Iterator[str]:
    yield from found.notes
    if found.missed:
        listed = [f"{url} ({why})" for url, why in found.missed.items()]
        yield f"Without an answer: {some(listed, _SHOWN)}"
    for name, guess in _guesses(found):
        yield f"{name}: {guess.value} ({guess.because})."


def _next(found: Survey, written: Sequence[str], home: Home) -> Iterator[str]:
    if not found.articles:
        yield "Nothing to propose. Name the front page that links to articles, or let robots.txt allow them."
        return
    if not written:
        yield "Nothing was written. The same with --write writes foldline.toml, rules.toml and what else it takes."
        return
    folder = f" --home {home.path}"
    secret = home.path / "secret"
    yield f"Written into {home.path}: {', '.join(written)}. Next:"
    steps = (
        (f"openssl rand -base64 48 > {secret} && chmod 600 {secret}", "it signs what readers carry"),
        ('export FOLDLINE_ORIGIN_SECRET="$(openssl rand -base64 48)"', "the site knows the gate by it: keep it"),
        (f"foldline migrate{folder}", ""),
        (f"foldline check{folder}", "what is missing, the lock of the origin too"),
        (f'foldline policy publish{folder} --by "Your Name"', "only then do the rules decide"),
        (f"foldline serve{folder}", "a new home before a site starts in shadow: it decides, and changes nothing"),
        (f"foldline recipe nginx{folder}", "how your web server sends readers through the gate"),
        (f"foldline mode --report{folder}", "what the gate would have done"),
        (f"foldline mode gate{folder}", "when that is what you want"),
    )
    for step, why in steps:
        yield f"  {step}" + (f"    # {why}" if why else "")
