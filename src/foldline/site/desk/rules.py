"""The rules at the desk: what decides now with its lines, the history, a new set tried and published, and back."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foldline.errors import ConfigurationError, Problem, StoreUnavailable
from foldline.policy import facts
from foldline.policy.review import review
from foldline.policy.rules import version_of
from foldline.policy.rules_file import read_rules
from foldline.policy.starter import starter_text
from foldline.site.desk import audit
from foldline.site.desk.audited import staff_of
from foldline.site.desk.pages import may, page, staff_page
from foldline.site.desk.roles import Power
from foldline.site.newsroom.composing import facts_of
from foldline.site.newsroom.models import Article
from foldline.site.readers import moment
from foldline.site.readers.adapter import SeeOther
from foldline.stores.rule_sets import RuleSetStore, StoredRuleSet

HISTORY = 50
LONGEST = 256 * 1024
LONGEST_NOTE = 200
#: What the text in the form is called where a problem says its line.
FORM = "rules"
CANNOT = "The rule sets can’t be read or written just now; what decided before goes on deciding. Try again."
OTHERS = "Somebody else published meanwhile. Look at what decides now, then publish on top of it."


class RulesForm(forms.Form):
    """A new set. `base` is the number of the set that it is meant to follow, 0 for none."""

    text = forms.CharField(
        label="Rules",
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "class": "code", "wrap": "off"}),
    )
    note = forms.CharField(label="What changes, in a sentence", max_length=LONGEST_NOTE, required=False)
    base = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class ShownSet:
    """A set in the history."""

    stored: StoredRuleSet
    at: datetime
    decides: bool


@dataclass(frozen=True, slots=True)
class ShownProblem:
    """A problem with the line of the form's text that it is about, 0 for none."""

    problem: Problem
    line: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What a new set was found to do: `errors` keep it from being published, `warnings` do not. `levels` counts every
    published article by its level, `counts` the articles for which each rule holds now."""

    errors: tuple[ShownProblem, ...] = ()
    warnings: tuple[ShownProblem, ...] = ()
    levels: tuple[tuple[str, int], ...] = ()
    counts: tuple[tuple[str, int], ...] = ()


@staff_page(Power.SEE_RULES)
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """What decides now, or with `?version=` what decided once, with the number of each line as its address."""
    try:
        with RuleSetStore(settings.FOLDLINE.home, read_only=True) as store:
            active = store.active()
            version = request.GET.get("version", "")
            shown = store.find(version) if version else active
            history = store.history(HISTORY)
    except StoreUnavailable:
        return page(request, "rules", "Rules", {"note": CANNOT}, status=503)
    if version and shown is None and not _is_built_in(version):
        raise Http404
    text = shown.text if shown is not None else starter_text(settings.FOLDLINE.meter_limit)
    context = {
        "shown": _set(shown, active) if shown is not None else None,
        "lines": list(enumerate(text.splitlines(), 1)),
        "active": active,
        "history": [_set(stored, active) for stored in history],
        "may_publish": may(request, Power.CHANGE_RULES),
        "limit": settings.FOLDLINE.meter_limit,
    }
    return page(request, "rules", "Rules", context)


@staff_page(Power.SEE_RULES)
@require_safe
def changes(request: HttpRequest, number: int) -> HttpResponse:
    """What one set changed, line by line, against the set before it."""
    try:
        with RuleSetStore(settings.FOLDLINE.home, read_only=True) as store:
            history = store.history(HISTORY + 1)
    except StoreUnavailable:
        return page(request, "rules_changes", "Rules", {"note": CANNOT}, status=503)
    place = next((place for place, stored in enumerate(history) if stored.id == number), None)
    if place is None:
        raise Http404
    after = history[place]
    before = history[place + 1] if place + 1 < len(history) else None
    lines = _difference(before.text if before is not None else "", after.text)
    context = {"after": _set(after, history[0]), "before": before, "lines": lines}
    return page(request, "rules_changes", f"What {after.version} changed", context)


@staff_page(Power.CHANGE_RULES)
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest) -> HttpResponse:
    """Try a new set, and publish it. Nothing is published that has a problem."""
    home = settings.FOLDLINE.home
    try:
        with RuleSetStore(home) as store:
            active = store.active()
            if request.method != "POST":
                return _form(request, RulesForm(initial=_start(active)), active)
            form = RulesForm(request.POST)
            if not form.is_valid():
                return _form(request, form, active, status=400)
            text = _with_line_ends(form.cleaned_data["text"])
            tried = try_out(text)
            if "publish" not in request.POST or tried.errors:
                lines = _difference(active.text if active else "", text)
                status = 400 if tried.errors and "publish" in request.POST else 200
                return _form(request, form, active, tried=tried, lines=lines, status=status)
            if form.cleaned_data["base"] != (active.id if active else 0):
                form.add_error(None, OTHERS)
                return _form(request, form, active, status=409)
            member = staff_of(request)
            made = store.publish(text, member.email, form.cleaned_data["note"], moment.epoch())
    except StoreUnavailable:
        return page(request, "rules", "Rules", {"note": CANNOT}, status=503)
    before = active.version if active else "built in"
    after = f"{made.version} {made.note}".strip()
    audit.record(member, "published", audit.Subject("rules", str(made.id), made.version), before, after)
    return SeeOther(reverse("rules"))


@staff_page(Power.CHANGE_RULES)
@require_POST
def roll_back(request: HttpRequest) -> HttpResponse:
    """Let the set before decide again, unless another one decides by now than the page showed."""
    member = staff_of(request)
    try:
        with RuleSetStore(settings.FOLDLINE.home) as store:
            active = store.active()
            if active is None or request.POST.get("active") != str(active.id):
                return page(request, "rules", "Rules", {"note": OTHERS}, status=409)
            made = store.roll_back(member.email, moment.epoch())
    except LookupError:
        return page(request, "rules", "Rules", {"note": "No set was published before this one."}, status=409)
    except StoreUnavailable:
        return page(request, "rules", "Rules", {"note": CANNOT}, status=503)
    subject = audit.Subject("rules", str(made.id), made.version)
    audit.record(member, "rolled back", subject, active.version, made.version)
    return SeeOther(reverse("rules"))


def concerns() -> list[tuple[str, str]]:
    """(what, next step) of everything about the rules that needs attention.

    Raises:
        StoreUnavailable: they can't be read.
    """
    home = settings.FOLDLINE.home
    with RuleSetStore(home, read_only=True) as store:
        found = [
            (f"Rule set {number} is not as it was published, and decides nothing.", "Publish the rules again.")
            for number in store.damaged()
        ]
        draft = _draft()
        if draft and store.find(version_of(draft)) is None and draft != starter_text(settings.FOLDLINE.meter_limit):
            found.append((f"{home.rules_file.name} holds rules that were never published.", "Try and publish them."))
    return found


def try_out(text: str) -> Tried:
    """Read a text as rules and, where it can be read, look at what it does to every article that is published."""
    where, zone = FORM, settings.FOLDLINE.zone
    try:
        read = read_rules(text, where, zone)
    except ConfigurationError as error:
        return Tried(tuple(_shown(problem) for problem in error.problems))
    found = review(read, _articles(), moment.epoch())
    return Tried(
        tuple(_shown(problem) for problem in found.errors),
        tuple(_shown(problem) for problem in found.warnings),
        tuple((level, count) for level, count in sorted(found.levels.items()) if count),
        tuple((count.rule.name, count.holds) for count in found.counts),
    )


def _articles() -> list[facts.Article]:
    """What the rules may ask about every published article."""
    published = Article.objects.filter(published_at__isnull=False, withdrawn_at__isnull=True)
    levels = {level.value: level for level in facts.Access}
    return [
        facts_of(article, levels.get(article.access), article.published_at)
        for article in published.select_related("section").prefetch_related("tags").defer("body")
        if article.published_at is not None
    ]


def _form(request: HttpRequest, form: RulesForm, active: StoredRuleSet | None, **more: Any) -> HttpResponse:
    status = more.pop("status", 200)
    return page(request, "rules_write", "New rules", {"form": form, "active": active, **more}, status=status)


def _start(active: StoredRuleSet | None) -> dict[str, Any]:
    """What the form begins with: a draft that was never published, else what decides."""
    decides = active.text if active is not None else starter_text(settings.FOLDLINE.meter_limit)
    return {"text": _draft() or decides, "base": active.id if active is not None else 0}


def _draft() -> str:
    """The publisher's file, "" where there is none that can be read."""
    try:
        text: str = settings.FOLDLINE.home.rules_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    return text if len(text) <= LONGEST else ""


def _difference(before: str, after: str) -> list[tuple[str, str]]:
    """(kind, line): added, removed, same, or place, with three lines around each change."""
    kinds = {"+": "added", "-": "removed", "@": "place"}
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3)
    return [(kinds.get(line[0], "same"), line) for line in list(found)[2:]]


def _set(stored: StoredRuleSet, active: StoredRuleSet | None) -> ShownSet:
    decides = active is not None and active.id == stored.id
    return ShownSet(stored, datetime.fromtimestamp(stored.at, UTC), decides)


def _with_line_ends(text: str) -> str:
    """Browsers send every line's end as two characters."""
    plain = "\n".join(text.splitlines())
    return f"{plain}\n" if plain else ""


def _shown(problem: Problem) -> ShownProblem:
    number = problem.where.removeprefix(f"{FORM}:").partition(":")[0]
    return ShownProblem(problem, int(number) if number.isdecimal() else 0)


def _is_built_in(version: str) -> bool:
    return version.startswith("first-form/")
