"""The outbox: alerts wait here until their channel took them, and stay as the record of what was told."""

import json
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from monitor.models import Message, QueuedAlert, Telling
from monitor.store.base import Row, Store, iso, moment


def queue(
    store: Store,
    message: Message,
    *,
    channel: str,
    kind: str,
    now: datetime,
    not_before: datetime,
    development: int | None = None,
    trouble: int | None = None,
    article: int | None = None,
    stage: str = "",
    stories: int | None = None,
) -> int:
    """Queues a message about a development or a trouble, in the transaction that gave cause to it."""
    return store.insert(
        "alerts",
        {
            "development": development,
            "trouble": trouble,
            "article": article,
            "channel": channel,
            "kind": kind,
            "stage": stage,
            "stories": stories,
            "created_at": iso(now),
            "next_attempt": iso(not_before),
            "message_key": f"{uuid.uuid4().hex}@haiti-monitor",
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
        },
    )


def told(store: Store, development: int) -> dict[str, list[Telling]]:
    """What each channel was told of a development, in order; stages that were passed on the way count as told."""
    found: dict[str, list[Telling]] = {}
    for row in store.rows(
        """
        select l.id, 0 as itself, l.channel, l.kind, t.stage, l.stories
        from alerts l join development_stages t on t.development = l.development and t.told_at = l.created_at
        where l.development = ?
        union all select id, 1, channel, kind, stage, stories from alerts where development = ? order by 1, 2
        """,
        *(development, development),
    ):
        found.setdefault(row["channel"], []).append(Telling(row["kind"], row["stage"], row["stories"]))
    return found


def is_any_due(store: Store, now: datetime) -> bool:
    """Whether an alert waits to be sent now."""
    return store.row("select 1 from alerts where state = 'queued' and next_attempt <= ? limit 1", iso(now)) is not None


def claim(store: Store, now: datetime, lease: timedelta, us: str, limit: int = 1000) -> list[QueuedAlert]:
    """Takes what is to be sent for `us`, a name of this run, at most `limit` alerts of each channel, for `lease`.

    With an alert that is due come all before it on its channel, so that none overtakes another, but for those that
    some recipients have and others refuse: they come when they are due themselves. Of a channel whose alerts somebody
    else has taken there come none. Whoever takes them and dies leaves them queued: they can be taken again when the
    lease ends.
    """
    rows = store.rows(
        """
        with free as (
            select * from alerts where state = 'queued' and channel not in (
                select channel from alerts where state = 'queued' and claimed_until > ? and claimed_until <= ?
            )
        ), due as (
            select channel, max(id) as last from free where next_attempt <= ? and served = '' group by channel
        )
        select * from (
            select free.*, row_number() over (partition by channel, served = '' order by id) as place
            from free left join due using (channel)
            where (served = '' and id <= last) or (served <> '' and next_attempt <= ?)
        )
        where place <= ? order by id
        """,
        *(iso(now), iso(now + lease), iso(now), iso(now), limit),
    )
    store.write(
        """
        update alerts set attempts = attempts + 1, claimed_by = ?, claimed_until = ?
        where id in (select value from json_each(?))
        """,
        *(us, iso(now + lease), json.dumps([row["id"] for row in rows])),
    )
    return [
        QueuedAlert(
            id=row["id"],
            channel=row["channel"],
            kind=row["kind"],
            message=Message(row["subject"], row["text"], row["html"]),
            attempts=row["attempts"],
            failing_since=moment(row["failing_since"]),
            key=row["message_key"],
            article=row["article"],
            served=frozenset(row["served"].split()),
        )
        for row in rows
    ]


def keep(store: Store, ids: Sequence[int], us: str, until: datetime) -> set[int]:
    """Lets who took alerts keep them until a moment; says which are still theirs."""
    rows = store.write(
        """
        update alerts set claimed_until = ?
        where id in (select value from json_each(?)) and claimed_by = ? and state = 'queued'
        returning id
        """,
        *(iso(until), json.dumps(list(ids)), us),
    ).fetchall()
    return {row[0] for row in rows}


def sent(store: Store, alert: int, now: datetime) -> None:
    """Records that a channel took an alert."""
    store.write(
        """
        update alerts set state = 'sent', sent_at = ?, next_attempt = null, claimed_by = null, claimed_until = null,
            failing_since = null, last_error = null, served = ''
        where id = ?
        """,
        *(iso(now), alert),
    )


def postpone(
    store: Store,
    alert: int,
    next_attempt: datetime,
    *,
    failing_since: datetime | None = None,
    error: str | None = None,
    served: Collection[str] = (),
    uncounted: bool = False,
) -> None:
    """Lets an alert wait, after a failure or (`uncounted`) because its channel wants nothing now.

    `served` names the recipients that have it nevertheless.
    """
    names = " ".join(sorted(served))
    store.write(
        """
        update alerts set next_attempt = ?, claimed_by = null, claimed_until = null, failing_since = ?,
            last_error = coalesce(?, last_error), attempts = attempts - ?,
            served = case when ? = '' then served else ? end
        where id = ?
        """,
        *(iso(next_attempt), iso(failing_since), error, int(uncounted), names, names, alert),
    )


def give_up(store: Store, alert: int, error: str) -> None:
    """Marks an alert as failed: it is shown in `status` and `alerts list --failed` until it is sent again by hand."""
    store.write(
        """
        update alerts set state = 'failed', next_attempt = null, claimed_by = null, claimed_until = null, last_error = ?
        where id = ?
        """,
        *(error, alert),
    )


def resend(store: Store, alert: int, now: datetime) -> bool:
    """Queues an alert once more; False where there is none."""
    cursor = store.write(
        """
        update alerts set state = 'queued', attempts = 0, next_attempt = ?, resent_at = ?, failing_since = null,
            claimed_by = null, claimed_until = null
        where id = ?
        """,
        *(iso(now), iso(now), alert),
    )
    return cursor.rowcount > 0


def sent_since(store: Store, channel: str, since: datetime) -> int:
    """How many alerts a channel took since a moment."""
    row = store.row("select count(*) as n from alerts where channel = ? and sent_at > ?", channel, iso(since))
    return int(row["n"]) if row else 0


def next_due(store: Store) -> str | None:
    """When the next queued alert can be sent."""
    row = store.row(
        "select min(max(next_attempt, coalesce(claimed_until, ''))) as at from alerts where state = 'queued'"
    )
    return row["at"] if row else None


def drop(store: Store, development: int, now: datetime) -> int:
    """Takes back what is queued about a development and is not being sent just now; says how many alerts."""
    return store.write(
        """
        update alerts set state = 'dismissed', next_attempt = null
        where development = ? and state = 'queued' and coalesce(claimed_until, '') <= ?
        """,
        *(development, iso(now)),
    ).rowcount


def list_recent(store: Store, *, limit: int, since: datetime | None = None, state: str | None = None) -> list[Row]:
    """Alerts, the latest first."""
    which, values = ("state = ? and ", (state,)) if state else ("", ())
    return store.rows(
        f"""
        select id as alert, created_at, sent_at, channel, kind, stage, state, attempts, next_attempt, subject,
            last_error, development
        from alerts where {which} created_at >= ? order by created_at desc, id desc limit ?
        """,  # noqa: S608  ours
        *(*values, iso(since) or "", limit),
    )


def show(store: Store, alert: int) -> Row | None:
    """One alert with its message."""
    return store.row("select id as alert, * from alerts where id = ?", alert)
