"""How long each table keeps what it holds about readers, why, and what there is beyond that now.

A table that is in neither list fails a test: whoever adds one says here what becomes of the people in it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection

from foldline.insight.reads import FORGET_AFTER
from foldline.site.billing import withdrawals
from foldline.site.billing.ledger import REMEMBER_NOTICES
from foldline.site.billing.models import SeenNotice
from foldline.site.circulation import prune as circulation
from foldline.site.circulation.models import PrintActivation
from foldline.site.desk.due_jobs import job_of
from foldline.site.desk.models import DueJob
from foldline.site.feeds import keys as feed_keys
from foldline.site.feeds.models import FeedKey, FeedUse
from foldline.site.gifts import giving
from foldline.site.readers import codes, prune
from foldline.site.readers.models import PassFacts, ReaderSession, SignInCode
from foldline.stores.reads import ReadStore
from foldline.stores.schema import connect

DAY = 86_400
#: Kept as long as the account, which its reader erases, or the desk.
ACCOUNT = "with the account"
#: Kept without an end, and without a name once the account is erased.
NAMELESS = "without end, nameless after erasing"

Count = Callable[[datetime], int]


@dataclass(frozen=True, slots=True)
class Kept:
    """One table. `days` is set where time alone makes a row go, counted from what `kept` says; `job` is the due job
    that deletes it then, and `beyond` counts rows that it should have deleted at a moment. `legal`: an address stands
    here after its reader was erased, because a law wants it kept."""

    table: str
    holds: str
    kept: str
    why: str
    days: int | None = None
    job: str = ""
    beyond: Count | None = None
    legal: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A table as it is now: all rows, those beyond their time (None where time ends nothing), and when the job that
    deletes them ended last, in epoch seconds (0 for never)."""

    kept: Kept
    rows: int
    beyond: int | None
    pruned: float


def _sessions_over(now: datetime) -> int:
    over = PassFacts.objects.filter(session_until__lt=int(now.timestamp()))
    return int(ReaderSession.objects.filter(pass_session__in=over.values("session")).count())


def _feeds_over(now: datetime) -> int:
    over = PassFacts.objects.filter(session_until__lt=int(now.timestamp()))
    return int(FeedKey.objects.filter(pass_session__in=over.values("session")).count())


def _ordinal(now: datetime) -> int:
    return now.astimezone(settings.FOLDLINE.zone).toordinal()


def _unconfirmed_addresses(now: datetime) -> int:
    return int(EmailAddress.objects.filter(user__in=_unconfirmed(now)).count())


def _unconfirmed(now: datetime) -> list[int]:
    late = prune.unconfirmed().filter(joined_at__lt=now - prune.UNCONFIRMED_FOR)
    return [int(one.pk) for one in late]


def _meter_over(now: datetime) -> int:
    with closing(connect(settings.FOLDLINE.home.meter_db, read_only=True)) as meter:
        (count,) = meter.execute(
            "SELECT COUNT(*) FROM foldline_meter WHERE ends <= ?", (int(now.timestamp()),)
        ).fetchone()
    return int(count)


def _marks_over(now: datetime) -> int:
    day = now.astimezone(settings.FOLDLINE.zone).toordinal()
    with closing(ReadStore(settings.FOLDLINE.home)) as reads:
        return reads.marks_up_to(day - FORGET_AFTER - 1)


TABLES = (
    Kept(
        "readers_reader",
        "the address, the name, and when they joined and last signed in",
        "with the account; an address that nobody confirmed, a day",
        "to sign in, and to know what somebody may read",
        days=prune.UNCONFIRMED_FOR.days,
        job="prune unverified",
        beyond=lambda now: len(_unconfirmed(now)),
    ),
    Kept(
        "account_emailaddress",
        "the address, and whether it was confirmed",
        "with the account; an address that nobody confirmed, a day",
        "nobody signs in by an address that is not theirs",
        days=prune.UNCONFIRMED_FOR.days,
        job="prune unverified",
        beyond=_unconfirmed_addresses,
    ),
    Kept("account_emailconfirmation", "nothing: codes are used instead", ACCOUNT, "a table of the library"),
    Kept("readers_reader_groups", "the roles of staff", ACCOUNT, "what staff may do at the desk"),
    Kept("readers_reader_user_permissions", "single powers of staff", ACCOUNT, "what staff may do at the desk"),
    Kept(
        "readers_entitlement",
        "what somebody may read until when, and who gave it",
        NAMELESS,
        "what was given and paid for has to be accounted for",
    ),
    Kept(
        "institutions_provided",
        "which library or company gave an entitlement, and when the address was last proven",
        NAMELESS,
        "it ends with the contract, and when the address is not proven any more",
    ),
    Kept(
        "circulation_printsubscription",
        "numbers of print subscriptions and their days; keyed hashes of postcodes and addresses",
        "90 days after its end",
        "print subscribers activate what they have",
        days=circulation.KEPT.days,
        job="prune print",
        beyond=lambda now: circulation.over(now).count(),
    ),
    Kept(
        "circulation_printactivation",
        "which reader activated which print subscription",
        "90 days after its end, or with the account",
        "each is one reader's",
        days=circulation.KEPT.days,
        job="prune print",
        beyond=lambda now: PrintActivation.objects.filter(subscription__in=circulation.over(now)).count(),
    ),
    Kept(
        "readers_readersession",
        "a device's name, and when it signed in",
        "180 days after the last use",
        "a reader stays signed in, and sees where",
        days=180,
        job="prune sign-ins",
        beyond=_sessions_over,
    ),
    Kept(
        "foldline_pass_facts",
        "what a device may read, and the day of its last use",
        "180 days after the last use",
        "the gate signs passes with it",
        days=180,
        job="prune sign-ins",
        beyond=lambda now: PassFacts.objects.filter(session_until__lt=int(now.timestamp())).count(),
    ),
    Kept(
        "feeds_feedkey",
        "of which list a reader has a feed of their own, and since when; never its address",
        "180 days after the last use, or until the reader ends it",
        "a reader sees their feeds, and ends them",
        days=180,
        job="prune feeds",
        beyond=_feeds_over,
    ),
    Kept(
        "foldline_feed_uses",
        "from how many networks a feed was asked for on a day, as keyed hashes of that day",
        f"{feed_keys.WATCHED_DAYS} days",
        "a reader and the desk see that an address was passed on",
        days=feed_keys.WATCHED_DAYS,
        job="prune feeds",
        beyond=lambda now: FeedUse.objects.filter(day__lte=_ordinal(now) - feed_keys.WATCHED_DAYS).count(),
    ),
    Kept(
        "django_session",
        "the session of a browser at the reader's pages or the desk",
        "180 days after the last use",
        "a reader stays signed in",
        days=180,
        job="prune sign-ins",
        beyond=lambda now: Session.objects.filter(expire_date__lt=now).count(),
    ),
    Kept(
        "readers_signincode",
        "keyed hashes of a code, an address and a network",
        f"{codes.KEPT // timedelta(days=1)} day",
        "nobody guesses codes without end",
        days=codes.KEPT // timedelta(days=1),
        job="prune sign-ins",
        beyond=lambda now: SignInCode.objects.filter(asked_at__lt=now - codes.KEPT).count(),
    ),
    Kept(
        "foldline_changes",
        "numbers of sessions that changed, which say nothing once the session is gone",
        f"{prune.HEARD_FOR.days} days",
        "gate workers hear of what changed",
        days=prune.HEARD_FOR.days,
        job="forget changes",
        beyond=lambda now: prune.heard(now).count(),
    ),
    Kept(
        "foldline_meter",
        "how many articles somebody has read, as keyed hashes",
        "until the meter's window ends",
        "a number of articles is free",
        job="prune meter",
        beyond=_meter_over,
    ),
    Kept(
        "foldline_gifts",
        "which article somebody gave, as a keyed hash of the giver, and the name that they had shown",
        "until it has ended, and the month is over that it counts in",
        "a number of gifts is free each month, and a giver may take one back",
        job="prune gifts",
        beyond=lambda now: giving.over(int(now.timestamp()))[0],
    ),
    Kept(
        "foldline_gift_openers",
        "that a gift was opened on a device, as a keyed hash of both",
        "until the gift has ended or was taken back",
        "a device counts once",
        job="prune gifts",
        beyond=lambda now: giving.over(int(now.timestamp()))[1],
    ),
    Kept(
        "foldline_read_marks",
        "that some reader read some article on a day, as a keyed hash of all three",
        f"{FORGET_AFTER} days beside today",
        "nobody is counted twice",
        days=FORGET_AFTER + 1,
        job="count reads",
        beyond=_marks_over,
    ),
    Kept("mfa_authenticator", "passkeys, and second factors of staff", ACCOUNT, "signing in without a code"),
    Kept("socialaccount_socialaccount", "by whom a reader signs in elsewhere", ACCOUNT, "signing in without a code"),
    Kept("socialaccount_socialtoken", "nothing: tokens are not kept", ACCOUNT, "a table of the library"),
    Kept(
        "billing_subscription",
        "numbers at the payment provider, and what was sold",
        NAMELESS,
        "payments have to be accounted for",
    ),
    Kept(
        "billing_ownedentitlement", "which subscription owns an entitlement", NAMELESS, "payments move their own ends"
    ),
    Kept("billing_billingevent", "each step of a subscription", NAMELESS, "payments have to be accounted for"),
    Kept(
        "billing_order",
        "what was agreed to, when, and the page that somebody came from",
        NAMELESS,
        "an agreement has to be shown",
    ),
    Kept(
        "billing_seennotice",
        "numbers of the payment provider's notices",
        "30 days",
        "a notice that comes twice counts once",
        days=REMEMBER_NOTICES // DAY,
        job="forget billing notices",
        beyond=lambda now: SeenNotice.objects.filter(at__lt=int(now.timestamp()) - REMEMBER_NOTICES).count(),
    ),
    Kept(
        "billing_withdrawal",
        "the address, the name and the words with which somebody withdrew from a contract",
        "with its address, for the calendar years of `retention.withdrawals` after it was dealt with",
        "it has to be shown as long as anybody can claim something by it",
        job="forget withdrawals",
        beyond=lambda now: withdrawals.beyond(int(now.timestamp())).count(),
        legal=True,
    ),
    Kept(
        "desk_mergedaccount",
        "the key and the number of an account that staff made one with this reader’s",
        ACCOUNT,
        "other systems call the reader by it",
    ),
    Kept("desk_readernote", "what staff wrote about a reader", ACCOUNT, "staff help whoever asks"),
    Kept(
        "desk_auditentry",
        "which number of a reader was changed by whom; addresses of staff, none of readers",
        "without end",
        "staff answer for what they do",
    ),
    Kept(
        "django_admin_log",
        "nothing new: the audit log is written instead",
        "without end, nameless",
        "a table of Django",
    ),
)

#: Tables that hold nothing about a reader.
NOT_ABOUT_READERS = frozenset(
    (
        "auth_group",
        "auth_group_permissions",
        "auth_permission",
        "desk_duejob",
        "django_content_type",
        "django_migrations",
        "foldline_hosts",
        "foldline_institutions",
        "foldline_keys",
        "foldline_mode",
        "foldline_open_now",
        "foldline_read_days",
        "foldline_read_segments",
        "foldline_reads",
        "foldline_rule_sets",
        "newsroom_article",
        "newsroom_article_tags",
        "newsroom_articlealarm",
        "newsroom_author",
        "newsroom_authorship",
        "newsroom_duelist",
        "newsroom_edition",
        "newsroom_image",
        "newsroom_note",
        "newsroom_oldpath",
        "newsroom_section",
        "newsroom_tag",
        "newsstand_source",
        "newsstand_sourcecard",
        "readers_product",
        "socialaccount_socialapp",
    )
)


def standing(now: datetime) -> list[Standing]:
    """Every table that holds something about readers, as it is at a moment.

    Raises:
        django.db.OperationalError, sqlite3.OperationalError: a table is not there.
    """
    ended: dict[str, float] = {}
    for name, at in DueJob.objects.values_list("name", "ended"):
        # Of a job that each host does for itself the one that is most behind counts.
        ended[job_of(name)] = min(at, ended.get(job_of(name), at))
    return [
        Standing(
            one,
            _rows(one.table),
            None if one.beyond is None else one.beyond(now),
            ended.get(one.job, 0.0),
        )
        for one in TABLES
    ]


def _rows(table: str) -> int:
    query = f'SELECT COUNT(*) FROM "{table}"'  # noqa: S608  The names stand above.
    home = settings.FOLDLINE.home
    apart = {
        "foldline_meter": home.meter_db,
        "foldline_gifts": home.meter_db,
        "foldline_gift_openers": home.meter_db,
        "foldline_read_marks": home.reads_db,
    }
    if table in apart:
        with closing(connect(apart[table], read_only=True)) as file:
            return int(file.execute(query).fetchone()[0])
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])
