"""The files of an export: every column with its kind and its meaning, and where it stands in the database.

`docs/export.md` has the same tables (a test holds them equal). Columns may be added at the end, never renamed or given
another meaning; anything else is another FORMAT.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FORMAT = 1
MANIFEST = "manifest.json"


class Kind(StrEnum):
    """What a cell holds. An empty cell of CSV, and null of JSONL, is *none*; a text is never none."""

    TEXT = "text"
    NUMBER = "number"
    MOMENT = "moment"
    FLAG = "yes or no"


class Stored(StrEnum):
    """How the database keeps a moment."""

    TEXT = "text"
    EPOCH = "epoch"


@dataclass(frozen=True, slots=True)
class Column:
    """`sql` is an expression over the tables of its file. `optional` cells may be none. One that came `later` may be
    missing in a file, and is `absent` then."""

    name: str
    kind: Kind
    meaning: str
    sql: str
    optional: bool = False
    stored: Stored = Stored.TEXT
    later: bool = False

    @property
    def absent(self) -> str | int | None:
        """An empty text, no number, or none."""
        if self.kind is Kind.NUMBER:
            return 0
        return "" if self.kind is Kind.TEXT else None


@dataclass(frozen=True, slots=True)
class File:
    """`tables` is what follows FROM, `order` what makes two exports of one database the same bytes. One that does not
    come back is told, and not read by an import. One that is `counted` stands in the meter's database."""

    name: str
    tables: str
    order: str
    columns: tuple[Column, ...]
    comes_back: bool = True
    counted: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def select(self) -> str:
        wanted = ", ".join(column.sql for column in self.columns)
        return f"SELECT {wanted} FROM {self.tables} ORDER BY {self.order}"  # noqa: S608  All of it stands below.

    @property
    def count(self) -> str:
        return f"SELECT COUNT(*) FROM {self.tables}"  # noqa: S608  As above.


def _text(name: str, sql: str, meaning: str) -> Column:
    return Column(name, Kind.TEXT, meaning, sql)


def _number(name: str, sql: str, meaning: str) -> Column:
    return Column(name, Kind.NUMBER, meaning, sql)


def _flag(name: str, sql: str, meaning: str) -> Column:
    return Column(name, Kind.FLAG, meaning, sql)


def _moment(name: str, sql: str, meaning: str, *, optional: bool = False) -> Column:
    return Column(name, Kind.MOMENT, meaning, sql, optional)


def _epoch(name: str, sql: str, meaning: str, *, optional: bool = False) -> Column:
    return Column(name, Kind.MOMENT, meaning, sql, optional, Stored.EPOCH)


def _later(name: str, sql: str, meaning: str, kind: Kind = Kind.TEXT) -> Column:
    optional = kind is Kind.MOMENT
    return Column(name, kind, meaning, sql, optional, Stored.EPOCH if optional else Stored.TEXT, later=True)


#: Several texts of one reader in one cell, always in the same order.
_JOINED = "(SELECT COALESCE(group_concat(one, ' '), '') FROM (SELECT {0} AS one FROM {1} ORDER BY {0}))"

PRODUCTS = File(
    "products",
    "readers_product p",
    "p.number",
    (
        _number("number", "p.number", "The product's number, 1 to 65535."),
        _text("name", "p.name", "What it is called."),
    ),
)

READERS = File(
    "readers",
    "readers_reader r",
    "r.id",
    (
        _text("key", "r.key", "What names the reader in the other files: 32 digits in hexadecimal."),
        _text("email", "r.email", "The one address of the account. Of an erased reader, one of nobody's."),
        _text("name", "r.name", "May be empty."),
        _moment("joined", "r.joined_at", "When the account was made."),
        _moment("last_signed_in", "r.last_login", "None for never.", optional=True),
        _flag(
            "confirmed",
            "EXISTS (SELECT 1 FROM account_emailaddress a WHERE a.user_id = r.id AND a.verified)",
            "Whether a code that went to the address was typed.",
        ),
        _flag("active", "r.is_active", "No for a closed account: nobody signs in to it."),
        _later(
            "further_emails",
            _JOINED.format(
                "a.email", "account_emailaddress a WHERE a.user_id = r.id AND a.verified AND a.email <> r.email"
            ),
            "Other confirmed addresses that sign in to it, with spaces.",
        ),
        _later(
            "earlier_keys",
            _JOINED.format("m.key", "desk_mergedaccount m WHERE m.reader_id = r.id"),
            "Keys of accounts that were made one with it, with spaces.",
        ),
    ),
)

SUBSCRIPTIONS = File(
    "subscriptions",
    "billing_subscription s LEFT JOIN readers_reader r ON r.id = s.reader_id",
    "s.id",
    (
        _text("provider", "s.provider", "Which payment provider has it."),
        _text("subscription", "s.provider_id", "Its number there."),
        _text("customer", "s.customer", "The number of who pays, there."),
        _text("reader", "COALESCE(r.key, '')", "The reader's key; empty where it belongs to nobody here."),
        _text("plan", "s.plan", "The key of the plan, as in the settings."),
        _text("products", "s.products", "The numbers of the products that were sold, with commas."),
        _number("grace_days", "s.grace_days", "Days that a reader reads on while a renewal is awaited."),
        _text("state", "s.state", "One of the states of docs/billing.md."),
        _text("status", "s.status", "The provider's own word."),
        _epoch("paid_until", "s.period_end", "The end of the period at the provider."),
        _flag("cancelled", "s.cancel_at_period_end", "Whether it ends at `paid_until`."),
        _epoch("trial_until", "s.trial_end", "None where there was no trial.", optional=True),
        _flag("paused", "s.paused", "Whether nothing is charged for now."),
        _flag("refunded", "s.refunded", "Whether the last payment went back."),
        _flag("disputed", "s.disputed", "Whether a payment is disputed, or was lost so."),
        _number("amount", "s.amount", "The price of one interval in the currency's smallest unit, as in cents."),
        _text("currency", "s.currency", "Three small letters."),
        _epoch("began", "s.created", "When it was made at the provider."),
        _epoch("changed", "s.version", "When the provider changed it last, as we know it."),
        _epoch("seen", "s.seen", "When something in it was new to us."),
        _later("off", "s.off", "What a discount takes from each charge, in the smallest unit.", Kind.NUMBER),
        _later("off_until", "s.off_until", "Until when; none for no end, and for no discount.", Kind.MOMENT),
    ),
)

ENTITLEMENTS = File(
    "entitlements",
    "readers_entitlement e JOIN readers_reader r ON r.id = e.reader_id"
    " LEFT JOIN readers_reader g ON g.id = e.given_by_id LEFT JOIN readers_reader d ON d.id = e.ended_by_id"
    " LEFT JOIN billing_ownedentitlement o ON o.entitlement_id = e.id"
    " LEFT JOIN billing_subscription s ON s.id = o.subscription_id",
    "e.reader_id, e.id",
    (
        _text("reader", "r.key", "The reader's key."),
        _number("product", "e.product_id", "The product's number."),
        _text("kind", "e.kind", "`staff`, `complimentary`, `paid`, `trial`, `gift`, `print`, `library` or `company`."),
        _moment("starts", "e.starts_at", "From when it opens."),
        _moment("ends", "e.ends_at", "Until when; none for no end, which only `staff` has.", optional=True),
        _text("note", "e.note", "Why it was given."),
        _moment("given", "e.given_at", "When it was given."),
        _text("given_by", "COALESCE(g.key, '')", "The key of who gave it at the desk; empty for nobody."),
        _moment("ended", "e.ended_at", "When it was ended early; none where it was not.", optional=True),
        _text("ended_by", "COALESCE(d.key, '')", "The key of who ended it; empty for nobody."),
        _text("provider", "COALESCE(s.provider, '')", "With `subscription`: which one owns it. Empty for none."),
        _text("subscription", "COALESCE(s.provider_id, '')", "The number at the provider."),
        _later(
            "print_number",
            "COALESCE((SELECT p.number FROM circulation_printactivation a JOIN circulation_printsubscription p"
            " ON p.id = a.subscription_id WHERE a.entitlement_id = e.id), '')",
            "The number of the print subscription that it was activated by; empty for none.",
        ),
    ),
)

CONSENTS = File(
    "consents",
    "billing_order c LEFT JOIN readers_reader r ON r.id = c.reader_id"
    " LEFT JOIN billing_subscription s ON s.id = c.subscription_id",
    "c.reader_id, c.id",
    (
        _text("reader", "COALESCE(r.key, '')", "The reader's key; empty where the account is gone."),
        _text("plan", "c.plan", "The key of the plan that was ordered."),
        _text("provider", "c.provider", "Which payment provider was gone to."),
        _text("checkout", "c.checkout", "The number of the visit there; empty where none came about."),
        _text("came_from", "c.return_path", "The page that the reader came from."),
        _text("terms", "c.terms", "The words that were agreed to."),
        _text("version", "c.terms_version", "The version of all that stood on the page."),
        _text("language", "c.language", "The language of the page, as in `en`."),
        _epoch("agreed", "c.agreed_at", "When the form was sent."),
        _epoch(
            "confirmed", "NULLIF(c.confirmed_at, 0)", "When the confirmation was mailed; none for not.", optional=True
        ),
        _later("form", "c.token", "What names the form that was sent. The order number follows from it."),
        _later("order_number", "order_number(c.token, c.agreed_at)", "The number in the receipt and in the account."),
        _later("subscription", "COALESCE(s.provider_id, '')", "What it became at the provider; empty for nothing yet."),
    ),
)

DEVICES = File(
    "devices",
    "readers_readersession d JOIN readers_reader r ON r.id = d.reader_id"
    " JOIN foldline_pass_facts f ON f.session = d.pass_session AND f.ended_at = 0 AND d.ended_at IS NULL",
    "d.id",
    (
        _text("reader", "r.key", "The reader's key."),
        _text("device", "d.device", "Browser and system; empty where they were not known."),
        _moment("signed_in", "d.started_at", "When somebody signed in there."),
        _text(
            "last_used",
            "CASE WHEN f.used_on > 0 THEN date('0001-01-01', '+' || (f.used_on - 1) || ' days') ELSE '' END",
            "The day, as in 2026-11-26; empty where none is known.",
        ),
    ),
    comes_back=False,
)

PASSKEYS = File(
    "passkeys",
    "mfa_authenticator p JOIN readers_reader r ON r.id = p.user_id AND p.type = 'webauthn'",
    "p.id",
    (
        _text("reader", "r.key", "The reader's key."),
        _text("name", "COALESCE(json_extract(p.data, '$.name'), '')", "What its reader calls it."),
        _moment("added", "p.created_at", "When it was added."),
        _moment("last_used", "p.last_used_at", "None for never.", optional=True),
    ),
    comes_back=False,
)

SIGN_INS = File(
    "sign-ins",
    "socialaccount_socialaccount l JOIN readers_reader r ON r.id = l.user_id",
    "l.id",
    (
        _text("reader", "r.key", "The reader's key."),
        _text("issuer", "l.provider", "Who says who the reader is: the issuer's address."),
        _text("subject", "l.uid", "What the reader is called there."),
        _moment("linked", "l.date_joined", "Since when it opens the account."),
    ),
    comes_back=False,
)

FEEDS = File(
    "feeds",
    "feeds_feedkey f JOIN readers_reader r ON r.id = f.reader_id",
    "f.id",
    (
        _text("reader", "r.key", "The reader's key."),
        _text("list", "f.base", "The path of the list that it brings; empty for the whole site."),
        _moment("made", "f.made_at", "Since when its address is good."),
    ),
    comes_back=False,
)

GIFTS = File(
    "gifts",
    "foldline_gifts g WHERE g.published = 0 AND giver_of(g.owner) <> ''",
    "g.id",
    (
        _text("reader", "giver_of(g.owner)", "The key of the reader who gave it."),
        _number("article", "g.article", "The article's number."),
        _text("shown_name", "g.giver", "The name that the giver had shown; empty for none."),
        _epoch("given", "g.made_at", "When it was given."),
        _epoch("until", "g.ends", "Until when its link opens."),
        _epoch("taken_back", "NULLIF(g.taken_back, 0)", "None where it was not.", optional=True),
        _number("opened", "g.opened", "On how many devices it was opened."),
        _number("openers", "g.most", "On how many it may be."),
    ),
    comes_back=False,
    counted=True,
)

#: In the order in which they are written, and read: each names only what stands before it.
FILES = (PRODUCTS, READERS, SUBSCRIPTIONS, ENTITLEMENTS, CONSENTS, DEVICES, PASSKEYS, SIGN_INS, FEEDS, GIFTS)
