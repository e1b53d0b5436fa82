"""The one template of the wall, as plain Python: gate workers answer `POST /-/read` with it.

A presentation's wall is one `<aside class="gate">` behind the article. The custom element in it holds at most one state
at a time; texts are ours, stand outside the article and are `data-nosnippet`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Final, Literal
from urllib.parse import quote

from foldline.pages.dates import day_and_month, long_date
from foldline.pages.public import Publication
from foldline.pages.words import Words
from foldline.policy.reasons import WALL_REASONS, Reason

WallKind = Literal["ask", "refused", "open", "free"]
ActionKind = Literal["sign-in", "subscribe", "renew", "try-again", "front-page", "pay", "without-gift"]
AnswerOutcome = Literal["open", "refused", "unreachable"]


#: What one may do next, the main action first. Whoever is signed in is never offered to sign in.
_ACTIONS: Final[Mapping[Reason, tuple[ActionKind | Literal["join"], ...]]] = {
    Reason.NOT_SIGNED_IN: ("join",),
    Reason.SUBSCRIPTION_NEEDED: ("subscribe", "sign-in"),
    Reason.SUBSCRIPTION_ENDED: ("renew",),
    Reason.METER_IS_SPENT: ("subscribe", "sign-in"),
    Reason.METER_CANNOT_COUNT: ("try-again", "sign-in"),
    Reason.STORE_UNREACHABLE: ("try-again",),
    Reason.NOT_IN_INSTITUTION: ("front-page",),
    Reason.RULE_EXCLUDES: ("front-page",),
    Reason.RULES_ARE_MISSING: ("try-again",),
    Reason.ACCESS_IS_UNKNOWN: ("try-again",),
    Reason.PAYMENT_FAILED: ("pay",),
    Reason.GIFT_ENDED: ("without-gift", "sign-in"),
}


_SELLS: Final = frozenset(("subscribe", "renew"))


@dataclass(frozen=True, slots=True)
class WallFacts:
    """The article that the wall stands behind; `path` starts with a slash and has no query. `rest` is a selector of the
    element that the rest goes into, "" for the usual one."""

    id: int
    path: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class MeterLine:
    """What the meter says after an answer. `resets` is the first day of the next window in the newsroom's zone; `days`
    is the window's length, 0 for a calendar month; `registered` is how many a free account gives, 0 where that is no
    more."""

    used: int
    limit: int
    resets: date
    days: int = 0
    registered: int = 0

    @property
    def span(self) -> str:
        """The ending of the keys of texts that name the window."""
        return "-days" if self.days else ""


@dataclass(frozen=True, slots=True)
class GiftLine:
    """What is said of a gift. `giver` is the name that its giver chose, "" for none; `until` its last day; `published`
    says that the publication gave it."""

    giver: str
    until: date
    published: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do next. `text` names it; `lead` is a question before it ("Already a subscriber?") or empty."""

    kind: ActionKind
    text: str
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a reason tells a reader, before it is HTML."""

    title: str
    sentence: str
    actions: tuple[Action, ...]


def wall_key(reason: Reason, *, signed_in: bool = False) -> str:
    """Under which key of `ArticlePage.walls` the refused presentation for this reader stands.

    A wall that offers strangers to sign in has a second form for those who are signed in.
    """
    return f"{reason.value}:signed-in" if signed_in and "sign-in" in _ACTIONS.get(reason, ()) else reason.value


def tell(
    reason: Reason,
    publication: Publication,
    words: Words,
    *,
    signed_in: bool = False,
    meter: MeterLine | None = None,
    ended_on: date | None = None,
) -> Told:
    """Title, sentence and one or two actions. Raises KeyError for a reason that no wall has to give."""
    key = f"wall.{reason.value}"
    title, sentence = words[f"{key}.title"], words.format(f"{key}.sentence", name=publication.name)
    kinds = _ACTIONS[reason]
    if reason is Reason.METER_IS_SPENT and meter is not None:
        title, sentence = _spent(meter, words)
        kinds = ("join", "subscribe") if meter.registered else kinds
    elif reason is Reason.NOT_SIGNED_IN and meter is not None and meter.registered:
        sentence = words.format(f"{key}.metered{meter.span}", limit=meter.registered, days=meter.days)
    elif reason is Reason.SUBSCRIPTION_ENDED and ended_on is not None:
        sentence = words.format(f"{key}.since", date=long_date(ended_on, words.language))
    elif reason is Reason.SUBSCRIPTION_NEEDED and signed_in:
        sentence = words[f"{key}.signed-in"]
    actions = [_action(name, words) for name in kinds]
    if len(actions) > 1 and signed_in:
        actions = [action for action in actions if action.kind != "sign-in"]
    return Told(title, sentence, tuple(actions))


def wall(
    kind: WallKind,
    article: WallFacts,
    publication: Publication,
    words: Words,
    *,
    reason: Reason | None = None,
    signed_in: bool = False,
    meter: MeterLine | None = None,
    ended_on: date | None = None,
) -> str:
    """The `<aside>` of one presentation. `refused` needs a reason (ValueError otherwise)."""
    label = f'aria-label="{escape(words["gate.label"])}"'
    if kind == "free":
        return '<aside class="gate gate-free" data-nosnippet hidden></aside>\n'
    if kind == "open":
        inner = _element("open", article, publication, words, "")
    elif kind == "ask":
        room = f'<div class="room">{_ask_card(article, publication, words)}</div>'
        inner = _element("ask", article, publication, words, room)
    elif reason is None:
        raise ValueError("a refused presentation has a reason")
    else:
        told = tell(reason, publication, words, signed_in=signed_in, meter=meter, ended_on=ended_on)
        card = f'<div class="room" data-state="refused">{_card(told, article, publication, words)}</div>'
        inner = _element("refused", article, publication, words, card, reason)
    return f'<aside class="gate gate-{kind}" role="region" {label} data-nosnippet>\n{inner}\n</aside>\n'


def answer(
    outcome: AnswerOutcome,
    article: WallFacts,
    publication: Publication,
    words: Words,
    *,
    reason: Reason,
    signed_in: bool = False,
    meter: MeterLine | None = None,
    ended_on: date | None = None,
    gift: GiftLine | None = None,
    institution: str = "",
) -> str:
    """What `POST /-/read` tells the script: the wall, or after opening what the meter says now, or which institution
    provides it.

    When it is `open`, the rest follows in a `<div class="answer-rest">`, which the gate writes.
    """
    inner = ""
    if outcome != "open":
        told = tell(reason, publication, words, signed_in=signed_in, meter=meter, ended_on=ended_on)
        inner = _card(told, article, publication, words)
    else:
        inner = f'<p class="loaded">{escape(words["gate.open"])}</p>'
        if institution:
            inner += f'<p class="meter">{escape(provided_by(institution, words))}</p>'
        if gift is not None:
            inner += f'<p class="gift">{escape(gift_sentence(gift, publication, words))}</p>'
        elif meter is not None:
            inner += f'<p class="meter">{escape(meter_sentence(meter, words))}</p>'
    return f'<div class="answer" data-outcome="{outcome}" data-reason="{reason.value}">{inner}</div>'


def again_answer(article: WallFacts, publication: Publication, words: Words) -> str:
    """What `POST /-/read` tells a page that the Back button restored, where opening it would have to be counted."""
    card = _ask_card(article, publication, words)
    return f'<div class="answer" data-outcome="refused" data-reason="{Reason.NOT_READ_BEFORE.value}">{card}</div>'


def meter_sentence(meter: MeterLine, words: Words) -> str:
    """How many have been read of how many; once they are spent, also when the next ones come."""
    sentence = words.format(f"meter.read{meter.span}", used=meter.used, limit=meter.limit, days=meter.days)
    if meter.used < meter.limit:
        return sentence
    return f"{sentence} {words.format('meter.resets', date=day_and_month(meter.resets, words.language))}"


def gift_sentence(gift: GiftLine, publication: Publication, words: Words) -> str:
    """Whose gift it is, and until when it opens the article."""
    until = long_date(gift.until, words.language)
    if gift.giver:
        return words.format("gift.named", giver=gift.giver, date=until)
    key = "gift.published" if gift.published else "gift.reader"
    return words.format(key, name=publication.name, date=until)


def gift_note(gift: GiftLine, publication: Publication, words: Words) -> str:
    """Below an article that was given."""
    said = escape(gift_sentence(gift, publication, words))
    return f'<div class="gate gate-gift" data-nosnippet>\n<p class="gift">{said}</p>\n</div>\n'


def give_note(article: int, publication: Publication, words: Words) -> str:
    """Below an article that its reader may give."""
    address = f"{escape(publication.prefix)}give?article={article}"
    link = f'<a class="button button-quiet" href="{address}">{escape(words["gift.give"])}</a>'
    return f'<div class="gate gate-gift" data-nosnippet>\n<p class="give">{link}</p>\n</div>\n'


def opened_label(why: str, words: Words) -> str:
    """The line under the headline of an article that is open to everybody for the moment; `why` may be empty."""
    said = words.format("article.opened", why=why) if why else words["article.free"]
    return f'<p class="opened" data-nosnippet>{escape(said)}</p>\n'


def provided_by(institution: str, words: Words) -> str:
    """Who provides an article to the network that a reader is in."""
    return words.format("article.provided", name=institution)


def provided_label(institution: str, words: Words) -> str:
    """The line under the headline of an article that opened by the network of an institution."""
    return f'<p class="opened" data-nosnippet>{escape(provided_by(institution, words))}</p>\n'


def _spent(meter: MeterLine, words: Words) -> tuple[str, str]:
    """(title, sentence) of a meter that is spent: when the next articles come, and what an account would give."""
    key = f"wall.{Reason.METER_IS_SPENT.value}"
    title = words[f"{key}.title{meter.span}"]
    when = day_and_month(meter.resets, words.language)
    if not meter.registered:
        return title, words.format(f"{key}.resets", date=when)
    sentence = words.format(f"{key}.account{meter.span}", limit=meter.registered, days=meter.days, date=when)
    return title, sentence


def refused_walls(article: WallFacts, publication: Publication, words: Words) -> dict[str, str]:
    """The refused presentation for every reason, for strangers and for readers who are signed in, by `wall_key`."""
    return {
        wall_key(reason, signed_in=known): wall("refused", article, publication, words, reason=reason, signed_in=known)
        for reason in WALL_REASONS
        for known in (False, True)
        if wall_key(reason, signed_in=known).endswith(":signed-in") is known  # a second form, or the only one
    }


def with_next(path: str, article_path: str) -> str:
    """A path of ours that brings the reader back to the article."""
    return f"{path}?next={quote(article_path, safe='/')}"


def _action(kind: ActionKind | Literal["join"], words: Words) -> Action:
    if kind == "join":
        return Action("sign-in", words["action.join"])
    lead = words["action.sign-in-lead"] if kind == "sign-in" else ""
    return Action(kind, words[f"action.{kind}"], lead)


def _element(
    kind: WallKind, article: WallFacts, publication: Publication, words: Words, inner: str, reason: Reason | None = None
) -> str:
    """The custom element with what its script needs; what is in it works without the script."""
    unreachable = Told(words["gate.unreachable"], "", (_action("try-again", words),))
    data = {
        "kind": kind,
        "article": str(article.id),
        "rest": article.rest,
        "read": f"{publication.prefix}read",
        "reason": reason.value if reason else "",
        "checking": f'<p class="checking">{escape(words["gate.checking"])}</p>',
        "unreachable": _card(unreachable, article, publication, words, plain=True),
    }
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items() if value)
    return f'<foldline-gate role="status"{attributes}>{inner}</foldline-gate>'


def _ask_card(article: WallFacts, publication: Publication, words: Words) -> str:
    """What stands there until a script takes over, and for good where there is none."""
    button = f'<button class="button">{escape(words["gate.continue"])}</button>'
    lines = [
        f'<h2 class="wall-title">{escape(words["gate.continue-title"])}</h2>',
        f'<p class="wall-sentence">{escape(words["gate.continue-sentence"])}</p>',
        f'<p class="wall-actions">{button}</p>',
        _link_line(_action("sign-in", words), article, publication),
    ]
    return _form("wall wall-ask", article, publication, lines)


def _card(told: Told, article: WallFacts, publication: Publication, words: Words, *, plain: bool = False) -> str:
    """Reason, offer and actions. A form where one of the actions asks again, so that it works without a script."""
    lines = [f'<h2 class="wall-title">{escape(told.title)}</h2>']
    if told.sentence:
        lines.append(f'<p class="wall-sentence">{escape(told.sentence)}</p>')
    kinds = {action.kind for action in told.actions}
    main, *others = told.actions
    if main.kind in _SELLS:
        lines.append(_offer(publication, words))
    buttons = _button(main, article, publication)
    if plain:
        buttons += f' <button class="button button-quiet" data-plain>{escape(words["gate.plain"])}</button>'
    lines.append(f'<p class="wall-actions">{buttons}</p>')
    if main.kind not in _SELLS and kinds & _SELLS:
        # Below the button: what is free must not look as if it had a price.
        lines.append(_offer(publication, words))
    lines += [_link_line(action, article, publication) for action in others]
    if "try-again" in kinds:
        return _form("wall", article, publication, lines)
    return f'<div class="wall">{"".join(lines)}</div>'


def _form(css: str, article: WallFacts, publication: Publication, lines: Iterable[str]) -> str:
    return (
        f'<form class="{css}" method="post" action="{escape(publication.prefix)}read">'
        f'<input type="hidden" name="article" value="{article.id}">{"".join(lines)}</form>'
    )


def _offer(publication: Publication, words: Words) -> str:
    """The product and its price as configured; nothing where no product is."""
    offer = publication.offer
    if not offer.product:
        return ""
    line = words.format("offer.line", product=offer.product, price=offer.price) if offer.price else offer.product
    return f'<p class="wall-offer">{escape(line)}</p>'


def _href(kind: ActionKind, article: WallFacts, publication: Publication) -> str:
    if kind == "front-page":
        return "/"
    if kind == "without-gift":
        return article.path
    if kind == "pay":
        return f"{publication.prefix}account#plans"
    if kind == "sign-in":
        return with_next(f"{publication.prefix}sign-in", article.path)
    return with_next(publication.offer.subscribe_path or f"{publication.prefix}subscribe", article.path)


def _button(action: Action, article: WallFacts, publication: Publication) -> str:
    if action.kind == "try-again":
        return f'<button class="button">{escape(action.text)}</button>'
    return f'<a class="button" href="{escape(_href(action.kind, article, publication))}">{escape(action.text)}</a>'


def _link_line(action: Action, article: WallFacts, publication: Publication) -> str:
    lead = f"{escape(action.lead)} " if action.lead else ""
    href = escape(_href(action.kind, article, publication))
    return f'<p class="wall-more">{lead}<a href="{href}">{escape(action.text)}</a></p>'
