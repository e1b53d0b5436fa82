"""What is kept here of a reader's subscriptions, for the reader's own file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from foldline.site.billing import lifecycle
from foldline.site.billing.models import Subscription
from foldline.site.readers.models import Reader


def told(reader: Reader) -> list[dict[str, Any]]:
    """The subscriptions of a reader with all steps of them. Moments are UTC, amounts whole minor units."""
    rows = Subscription.objects.filter(reader=reader).prefetch_related("events").order_by("created", "pk")
    return [
        {
            "provider": row.provider,
            "subscription": row.provider_id,
            "customer": row.customer,
            "plan": row.plan,
            "state": row.state,
            "amount": row.amount,
            "currency": row.currency,
            "since": _moment(row.created),
            "paid_until": _moment(row.period_end),
            "trial_until": _moment(row.trial_end),
            "opens_until": _moment(lifecycle.entitled_until(row.snapshot, row.grace_days)),
            "ends_then": row.cancel_at_period_end,
            "steps": [
                {
                    "at": _moment(step.at),
                    "what": step.what,
                    "from": step.before,
                    "to": step.after,
                    "heard": step.heard,
                    "opens_until": _moment(step.until),
                }
                for step in sorted(row.events.all(), key=lambda step: step.pk)
            ],
        }
        for row in rows
    ]


def _moment(at: int | None) -> str | None:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else None
