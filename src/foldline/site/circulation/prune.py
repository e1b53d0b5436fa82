"""Print subscriptions that ended long ago: nobody has to know any more that they were."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from foldline.site.circulation.models import OPEN_ENDED, PrintSubscription

#: Who comes back within this time has nothing to activate again.
KEPT = timedelta(days=90)


def over(now: datetime) -> QuerySet[PrintSubscription]:
    """What is beyond its time at a moment."""
    open_ended = Q(ends_at=None, seen_at__lt=now - OPEN_ENDED - KEPT)
    return PrintSubscription.objects.filter(Q(ends_at__lt=now - KEPT) | open_ended)


def prune(now: datetime) -> None:
    """Delete it, and who had activated it with it. The entitlement stands until its own end."""
    over(now).delete()
