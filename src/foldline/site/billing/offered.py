"""Which plans would open an article: the one decider is asked, as for a reader who had paid."""

from __future__ import annotations

from contextlib import closing

from django.conf import settings

from foldline import config
from foldline.pages.record import PublicPage
from foldline.plans import Plan
from foldline.policy.decide import Outcome, decide
from foldline.policy.facts import Reader, Visit
from foldline.site.billing import plans
from foldline.site.readers import moment
from foldline.stores.records import PublicStore
from foldline.stores.rules_in_force import RulesInForce


def opening(path: str) -> tuple[Plan, ...]:
    """The plans that open the article at `path`; all of them where no article lies there.

    Raises:
        StoreUnavailable: the article's record can't be read.
    """
    foldline: config.Settings = settings.FOLDLINE
    with closing(PublicStore(foldline.home)) as store:
        record = store.find(path)
    if not isinstance(record, PublicPage):
        return plans.plans()
    now = moment.epoch()
    with closing(RulesInForce(foldline.home, foldline.zone, foldline.meter_limit)) as in_force:
        rules = in_force.look(now)
    return tuple(
        plan
        for plan in plans.plans()
        if decide(Visit(record.article, now, Reader(frozenset(plan.products))), rules).outcome is Outcome.OPENS
    )
