"""The till's pages: paying, the bank's question, the portal, an invoice, and the books for whoever tries things out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import jinja2

from foldline import pages as house
from foldline.site.billing.provider import Declined, NotAtProvider
from foldline.site.billing.till import charging
from foldline.site.billing.till.answer import Answer
from foldline.site.billing.till.book import Book
from foldline.site.billing.till.cards import CARDS
from foldline.site.billing.till.delivery import Delivery
from foldline.site.billing.till.objects import Object

_PAGE = re.compile(r"/(pay|bank|portal|invoice|code|change)/([A-Za-z0-9_-]{1,80})")
_ACT = re.compile(r"/subscriptions/([A-Za-z0-9_-]{1,80})/(end-period|pause|go-on|refund|dispute|settle|end)")
_TYPES = {"svg": "image/svg+xml", "css": "text/css; charset=utf-8", "woff2": "font/woff2"}

#: What the till says of a refusal, and what to do next.
_SENTENCES = {
    "card_declined": "Your bank declined this card. Nothing was charged. Choose another card, or ask your bank.",
    "insufficient_funds": "There is not enough money on this card. Nothing was charged. Choose another card.",
    "not_confirmed": "You did not confirm the payment. Nothing was charged. Try again, or choose another card.",
    "no_such_card": "Choose one of the cards below.",
    "expired": "This page has expired. Nothing was charged. Go back and start again.",
}


def money(amount: int, currency: str) -> str:
    """400, "eur" -> "4.00 €"."""
    return f"{amount // 100}.{amount % 100:02} {'€' if currency == 'eur' else currency.upper()}"


def day(moment: int) -> str:
    """As it stands on the till's pages: 26 November 2026."""
    at = datetime.fromtimestamp(moment, UTC)
    return f"{at.day} {at:%B %Y}"


def error(sentence: str) -> bytes:
    """An error page; `sentence` is one of ours."""
    return _render("error.html", title="The till", sentence=sentence, back="")


def show(book: Book, site: str, site_name: str, path: str) -> Answer:
    """The answer to GET, which changes nothing.

    Raises:
        NotAtProvider: there is no such page.
    """
    if path == "/":
        return Answer(200, _books(book, site, site_name))
    if path.startswith("/assets/"):
        return _asset(path.removeprefix("/assets/"))
    found = _PAGE.fullmatch(path)
    if found is None:
        raise NotAtProvider("page")
    kind, name = found[1], found[2]
    if kind == "code":
        raise NotAtProvider("page")
    if kind == "invoice":
        return Answer(200, _render("invoice.html", title="Invoice", invoice=book.objects.get("invoice", name)))
    if kind == "portal":
        return Answer(200, _portal(book, book.portal(name)))
    if kind == "change":
        return Answer(200, _changing(book, site_name, book.change_of(name)))
    checkout = book.checkout(name)
    if checkout["state"] in ("paid", "processing"):
        return Answer.to(_back(checkout))
    if kind == "bank" and checkout["state"] == "asking":
        due = charging.first_charge(checkout)
        return Answer(200, _render("bank.html", title="Confirm with your bank", checkout=checkout, due=due))
    return Answer(200, _pay(site_name, checkout)) if checkout["state"] != "expired" else Answer(410, _expired(checkout))


def act(book: Book, site_name: str, path: str, form: dict[str, str]) -> Answer:
    """The answer to a form.

    Raises:
        Declined: it can't be done.
        NotAtProvider: there is no such page.
    """
    if path == "/delivery":
        book.objects.delivery = Delivery(form.get("delivery", ""))
        return Answer.to("/")
    if path == "/release":
        book.objects.release(book.now())
        return Answer.to("/")
    if found := _ACT.fullmatch(path):
        _change(book, found[1], found[2])
        return Answer.to("/")
    found = _PAGE.fullmatch(path)
    if found is None or found[1] == "invoice":
        raise NotAtProvider("page")
    kind, name = found[1], found[2]
    if kind == "portal":
        portal = book.portal(name)
        book.set_card(portal["customer"], form.get("card", ""))
        return Answer.to(f"/portal/{name}?saved")
    if kind == "change":
        return _change_plan(book, site_name, book.change_of(name))
    if kind == "code":
        return _use_code(book, site_name, name, form.get("code", "").strip().upper())
    checkout = book.checkout(name)
    if kind == "bank" and form.get("answer") != "yes":
        book.refuse(name)
        return Answer(402, _pay(site_name, checkout, "not_confirmed"))
    try:
        state = book.pay(name, form.get("card", ""), confirmed=kind == "bank")
    except Declined as refused:
        if refused.why == "expired":
            return Answer(410, _expired(checkout))
        return Answer(402, _pay(site_name, checkout, refused.why, form.get("card", "")))
    return Answer.to(f"/bank/{name}" if state == "asking" else _back(checkout))


def _use_code(book: Book, site_name: str, name: str, code: str) -> Answer:
    try:
        book.use_code(name, code)
    except Declined:
        return Answer(409, _pay(site_name, book.checkout(name), refused_code=True))
    return Answer.to(f"/pay/{name}")


def _change_plan(book: Book, site_name: str, change: Object) -> Answer:
    book.keep_up()
    try:
        book.renewals.change_plan(change)
    except Declined as refused:
        return Answer(402, _changing(book, site_name, change, refused.why))
    return Answer.to(change["back_url"])


def _changing(book: Book, site_name: str, change: Object, refused: str = "") -> bytes:
    subscription = book.subscription(change["subscription"])
    return _render(
        "change.html",
        title=f"Change your plan at {site_name}",
        site_name=site_name,
        change=change,
        subscription=subscription,
        card=CARDS[book.objects.get("customer", subscription["customer"])["card"]],
        due=book.renewals.due_for(change),
        next_at=book.renewals.next_at(change),
        refused=_SENTENCES.get(refused, f"It can’t be done ({refused}). Nothing was changed.") if refused else "",
    )


def _change(book: Book, name: str, what: str) -> None:
    match what:
        case "end-period":
            book.renewals.end_period(name)
        case "pause" | "go-on":
            book.renewals.pause(name, what == "pause")
        case "refund":
            book.renewals.refund(name)
        case "dispute" | "settle":
            book.renewals.dispute(name, what == "dispute")
        case _:
            book.renewals.end(name)


def _back(checkout: Object) -> str:
    """The site's address with the checkout's id in its query."""
    target = urlsplit(checkout["back_url"])
    query = [pair for pair in parse_qsl(target.query, keep_blank_values=True) if pair[0] != "checkout"]
    return target._replace(query=urlencode([*query, ("checkout", checkout["id"])])).geturl()


def _pay(
    site_name: str, checkout: Object, refused: str = "", chosen: str = "works", *, refused_code: bool = False
) -> bytes:
    sentence = _SENTENCES.get(refused, f"The payment was refused ({refused}). Nothing was charged.") if refused else ""
    off, off_times = charging.discount_of(checkout)
    return _render(
        "pay.html",
        title=f"Pay {site_name}",
        site_name=site_name,
        checkout=checkout,
        refused=sentence,
        cards=CARDS.values(),
        chosen=chosen,
        due=charging.first_charge(checkout),
        off=off,
        off_times=off_times,
        codes=charging.CODES,
        refused_code=refused_code,
    )


def _expired(checkout: Object) -> bytes:
    return _render("error.html", title="Expired", sentence=_SENTENCES["expired"], back=checkout["back_url"])


def _portal(book: Book, portal: Object) -> bytes:
    customer = book.objects.get("customer", portal["customer"])
    subscriptions = book.objects.all("subscription", customer["id"])
    return _render(
        "portal.html",
        title="Your means of payment",
        portal=portal,
        customer=customer,
        subscriptions=subscriptions,
        invoices=book.invoices(customer["id"]),
        cards=CARDS.values(),
    )


def _books(book: Book, site: str, site_name: str) -> bytes:
    return _render(
        "books.html",
        title="The till’s books",
        site=site,
        site_name=site_name,
        delivery=book.objects.delivery,
        deliveries=list(Delivery),
        subscriptions=book.subscriptions()[::-1],
        notices=book.objects.last_notices(),
    )


def _asset(name: str) -> Answer:
    body = _assets().get(name)
    if body is None:
        raise NotAtProvider("file")
    return Answer(200, body, _TYPES[name.rpartition(".")[2]], kept=True)


@cache
def _assets() -> dict[str, bytes]:
    """The house's type and colours, and the till's own sheet."""
    shared = Path(house.__file__).parent / "assets"
    own = Path(__file__).parent / "assets" / "till.css"
    files = {name: (shared / name).read_bytes() for name in ("foldline.css", "favicon.svg")}
    files["till.css"] = own.read_bytes()
    return files | {f"fonts/{font.name}": font.read_bytes() for font in (shared / "fonts").glob("*.woff2")}


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    version = sha256(b"".join(_assets()[name] for name in ("foldline.css", "till.css"))).hexdigest()[:12]
    environment.globals |= {"money": money, "day": day, "sheets": version, "tax_percent": charging.TAX_PERCENT}
    return environment


def _render(template: str, **values: object) -> bytes:
    return _environment().get_template(template).render(**values).encode()
