"""The closed, public list of reasons, in ok/failed pairs. A code is never renamed (`docs/reasons.md`)."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a decision came out as it did."""

    ARTICLE_IS_FREE = "article-is-free"
    ARTICLE_IS_NOT_FREE = "article-is-not-free"
    ACCESS_IS_KNOWN = "access-is-known"
    ACCESS_IS_UNKNOWN = "access-is-unknown"
    SIGNED_IN = "signed-in"
    NOT_SIGNED_IN = "not-signed-in"
    SUBSCRIPTION_COVERS = "subscription-covers"
    SUBSCRIPTION_NEEDED = "subscription-needed"
    SUBSCRIPTION_RUNS = "subscription-runs"
    SUBSCRIPTION_ENDED = "subscription-ended"
    METER_HAS_ROOM = "meter-has-room"
    METER_IS_SPENT = "meter-is-spent"
    READ_BEFORE = "read-before"
    NOT_READ_BEFORE = "not-read-before"
    METER_CAN_COUNT = "meter-can-count"
    METER_CANNOT_COUNT = "meter-cannot-count"
    OPENED_BEFORE = "opened-before"
    NOT_OPENED_BEFORE = "not-opened-before"
    CRAWLER_VERIFIED = "crawler-verified"
    CRAWLER_NOT_VERIFIED = "crawler-not-verified"
    STORE_ANSWERED = "store-answered"
    STORE_UNREACHABLE = "store-unreachable"
    OPEN_NOW = "open-now"
    NOT_OPEN_NOW = "not-open-now"
    IN_INSTITUTION = "in-institution"
    NOT_IN_INSTITUTION = "not-in-institution"
    NO_RULE_EXCLUDES = "no-rule-excludes"
    RULE_EXCLUDES = "rule-excludes"
    RULES_ARE_LOADED = "rules-are-loaded"
    RULES_ARE_MISSING = "rules-are-missing"
    PAYMENT_CAME = "payment-came"
    PAYMENT_FAILED = "payment-failed"
    GIFT_OPENS = "gift-opens"
    GIFT_ENDED = "gift-ended"


#: (ok, failed) pairs. Every reason stands in exactly one of them.
PAIRS: tuple[tuple[Reason, Reason], ...] = (
    (Reason.ARTICLE_IS_FREE, Reason.ARTICLE_IS_NOT_FREE),
    (Reason.ACCESS_IS_KNOWN, Reason.ACCESS_IS_UNKNOWN),
    (Reason.SIGNED_IN, Reason.NOT_SIGNED_IN),
    (Reason.SUBSCRIPTION_COVERS, Reason.SUBSCRIPTION_NEEDED),
    (Reason.SUBSCRIPTION_RUNS, Reason.SUBSCRIPTION_ENDED),
    (Reason.METER_HAS_ROOM, Reason.METER_IS_SPENT),
    (Reason.READ_BEFORE, Reason.NOT_READ_BEFORE),
    (Reason.METER_CAN_COUNT, Reason.METER_CANNOT_COUNT),
    (Reason.OPENED_BEFORE, Reason.NOT_OPENED_BEFORE),
    (Reason.CRAWLER_VERIFIED, Reason.CRAWLER_NOT_VERIFIED),
    (Reason.STORE_ANSWERED, Reason.STORE_UNREACHABLE),
    (Reason.OPEN_NOW, Reason.NOT_OPEN_NOW),
    (Reason.IN_INSTITUTION, Reason.NOT_IN_INSTITUTION),
    (Reason.NO_RULE_EXCLUDES, Reason.RULE_EXCLUDES),
    (Reason.RULES_ARE_LOADED, Reason.RULES_ARE_MISSING),
    (Reason.PAYMENT_CAME, Reason.PAYMENT_FAILED),
    (Reason.GIFT_OPENS, Reason.GIFT_ENDED),
)

PASSED: frozenset[Reason] = frozenset(ok for ok, _ in PAIRS)

#: The reasons a wall may have to give to a reader; each has a sentence in every language of `pages/words/`.
WALL_REASONS: tuple[Reason, ...] = (
    Reason.NOT_SIGNED_IN,
    Reason.SUBSCRIPTION_NEEDED,
    Reason.SUBSCRIPTION_ENDED,
    Reason.METER_IS_SPENT,
    Reason.METER_CANNOT_COUNT,
    Reason.STORE_UNREACHABLE,
    Reason.NOT_IN_INSTITUTION,
    Reason.RULE_EXCLUDES,
    Reason.RULES_ARE_MISSING,
    Reason.ACCESS_IS_UNKNOWN,
    Reason.PAYMENT_FAILED,
    Reason.GIFT_ENDED,
)
