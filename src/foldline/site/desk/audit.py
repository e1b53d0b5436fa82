"""The one way into the audit log. A row is written in the transaction of the change that it tells of."""

from __future__ import annotations

from typing import NamedTuple

from foldline.site.desk.models import AuditEntry
from foldline.site.readers.models import Entitlement, Reader

COMMAND_LINE = "command line"
LONGEST = 2000


class Subject(NamedTuple):
    """What was changed: its kind, its key in its table, and a name that is nobody's address."""

    kind: str
    key: str = ""
    name: str = ""


def record(by: Reader | str, what: str, subject: Subject, before: str = "", after: str = "") -> None:
    """Write down a change. `by` is somebody of the staff, or COMMAND_LINE; `what` a verb in the past, as in "changed".

    `before` and `after` are short plain text: no secret, no address of a reader, no text of an article.
    """
    AuditEntry.objects.create(
        by=by.email if isinstance(by, Reader) else by,
        what=what[:60],
        kind=subject.kind[:40],
        key=subject.key[:120],
        name=subject.name[:300],
        before=before[:LONGEST],
        after=after[:LONGEST],
    )


def of_reader(reader: Reader) -> Subject:
    """A reader, by a number that says nothing once the account is gone."""
    return Subject("reader", str(reader.pk))


def of_entitlement(entitlement: Entitlement) -> Subject:
    """An entitlement, with its product and the number of its reader."""
    return Subject("entitlement", str(entitlement.pk), f"{entitlement.product} for reader {entitlement.reader_id}")


def of_staff(reader: Reader) -> Subject:
    """Somebody of the staff: their address at work is how the log calls them everywhere."""
    return Subject("staff", str(reader.pk), reader.email)
