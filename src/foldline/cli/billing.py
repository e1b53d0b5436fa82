"""`foldline billing`: what is kept of subscriptions, beside what the payment provider has."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Column, Table

from foldline.cli.home import home_option, ready_django, settings_of
from foldline.cli.policy_check import table_console
from foldline.errors import FoldlineError

if TYPE_CHECKING:
    from foldline.site.billing.reconcile import Difference


@click.group()
def billing() -> None:
    """Subscriptions, and the payment provider that has them."""


@billing.command()
@home_option
def reconcile(home: Path | None) -> None:
    """Compare every subscription with the provider's, list each difference, and repair it.

    What only people can mend is listed alone: a subscription of nobody here, to a plan that is unknown, in another
    currency, or one that the provider does not have. While there is any, the exit code is 1.
    """
    ready_django(settings_of(home))
    provider: Any = import_module("django.conf").settings.FOLDLINE_PROVIDER
    moment: Any = import_module("foldline.site.readers.moment")
    database: Any = import_module("django.db")
    if provider is None:
        raise FoldlineError("No payment provider is set, so there is nothing to compare: docs/billing.md says how.")
    try:
        found = import_module("foldline.site.billing.reconcile").reconcile(provider, moment.epoch())
    except database.OperationalError as error:
        raise click.ClickException(f"{error}. Run `foldline migrate` first.") from None
    _show(found, provider.name)
    if any(not difference.repaired for difference in found):
        sys.exit(1)


def _show(found: Sequence[Difference], provider: str) -> None:
    console = table_console()
    if not found:
        console.print(f"Nothing differs from what {provider} has.")
        return
    # Half a number finds nothing at the provider.
    longest = max(len(one.subscription) for one in found)
    name = Column("subscription", no_wrap=True, min_width=longest)
    table = Table(name, "what", "here", "now", "access", box=None, pad_edge=False)
    for one in found:
        access = "taken away" if one.takes_away else "given" if one.after[1] > one.before[1] else "as before"
        table.add_row(one.subscription, one.kind.value, _stands(one.before), _stands(one.after), access)
    if not console.is_terminal:
        console.width += longest
    console.print(table)
    repaired = sum(one.repaired for one in found)
    console.print(f"{len(found)} differed from what {provider} has, {repaired} repaired.")


def _stands(state: tuple[str, int]) -> str:
    name, until = state
    return f"{name}, opens until {datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M}Z" if until else name
