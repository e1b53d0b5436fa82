"""What institutions used in a month, from the event lines, under the names that they have now."""

from __future__ import annotations

from foldline.insight.institutions import Month, as_csv, lines_between, used
from foldline.stores.home import Home
from foldline.stores.institutions import InstitutionStore


def report(home: Home, month: Month) -> str:
    """The CSV of one month, with a row for each institution.

    Raises:
        StoreUnavailable: institutions can't be read.
    """
    with InstitutionStore(home, read_only=True) as store:
        every = store.every()
    contracts = {str(one.id): (one.starts, one.ends) for one in every}
    uses = used(lines_between(home.events, *month.bounds), contracts)
    return as_csv(month, {str(one.id): one.name for one in every}, uses)
