"""The reasons of the one decider, as one colleague tells another about a reader."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from foldline.policy.reasons import Reason

_R = Reason

#: Each reason as a finding about one reader and one article; `docs/reasons.md` says more of each.
SAYINGS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        _R.ARTICLE_IS_FREE: "The article is free.",
        _R.ARTICLE_IS_NOT_FREE: "The article is not free.",
        _R.ACCESS_IS_KNOWN: "The article says who may read it.",
        _R.ACCESS_IS_UNKNOWN: "The article does not say who may read it: closed for everybody. Tell the newsroom.",
        _R.SIGNED_IN: "Signed in.",
        _R.NOT_SIGNED_IN: "Not signed in.",
        _R.SUBSCRIPTION_COVERS: "Something that the reader is entitled to opens this article.",
        _R.SUBSCRIPTION_NEEDED: "Nothing that the reader ever had opens this article.",
        _R.SUBSCRIPTION_RUNS: "Something that the reader is entitled to runs.",
        _R.SUBSCRIPTION_ENDED: "What the reader was entitled to has ended.",
        _R.PAYMENT_CAME: "No payment is outstanding.",
        _R.PAYMENT_FAILED: "A renewal could not be paid, and the days of grace are over.",
        _R.METER_HAS_ROOM: "There are free articles left on the meter.",
        _R.METER_IS_SPENT: "The free articles are used up.",
        _R.READ_BEFORE: "The article was counted before, and costs nothing more.",
        _R.NOT_READ_BEFORE: "The article was not counted before.",
        _R.METER_CAN_COUNT: "The meter counts.",
        _R.METER_CANNOT_COUNT: "The meter cannot count just now. The fault is ours.",
        _R.OPENED_BEFORE: "The article was opened on this device a moment ago.",
        _R.NOT_OPENED_BEFORE: "The article was not opened on this device before.",
        _R.CRAWLER_VERIFIED: "A search engine that was proved to be one.",
        _R.CRAWLER_NOT_VERIFIED: "Not a search engine that was proved to be one.",
        _R.STORE_ANSWERED: "What is below the fold could be read.",
        _R.STORE_UNREACHABLE: "What is below the fold could not be read. The fault is ours.",
        _R.OPEN_NOW: "The article is open to everybody for now.",
        _R.NOT_OPEN_NOW: "Nobody opened the article to everybody.",
        _R.IN_INSTITUTION: "In the network of an institution.",
        _R.NOT_IN_INSTITUTION: "Not in the network of an institution; from here that can’t be told.",
        _R.GIFT_OPENS: "A gift opens the article on this device.",
        _R.GIFT_ENDED: "The gift has ended, was taken back, is used up, or is none.",
        _R.NO_RULE_EXCLUDES: "No rule closes the article to everybody.",
        _R.RULE_EXCLUDES: "A rule closes the article to everybody.",
        _R.RULES_ARE_LOADED: "The rules are there.",
        _R.RULES_ARE_MISSING: "No rules can be read: closed for everybody. The fault is ours.",
    }
)
