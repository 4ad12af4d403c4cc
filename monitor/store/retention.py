"""What has grown old and may go: articles that nothing stands on, polls, alerts that were sent.

Each function deletes a few rows, within a transaction, so that nobody else waits long for the database.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.store.base import Store, iso

UNREAD = timedelta(days=30)
"""What a feed had that could not be read for so long is no longer known."""
_WHOLE = timedelta(days=7)
"""For so long a reading from end to end tells what a feed carries of what is old."""
_FEW = 5000
_STRETCH = 10_000

# What a development, an alert or a signal that will be placed stands on stays.
_FREE = """
    not exists (select 1 from development_articles where article = a.id)
    and not exists (select 1 from signals where article = a.id and (development is not null or retired_at is null))
    and a.id not in (select article from development_stages)
    and a.id not in (select article from alerts where article is not null)
    """
# An entry that its feed still has would come back as new.
_CARRIED = """
    exists (
        select 1 from sightings s join feeds f on f.id = s.feed
        where s.article = a.id and f.last_success >= ? and (
            f.whole_at is null or f.whole_at < ? or coalesce(s.carried_at, s.first_seen) >= f.whole_at
        )
    )
    """


def old_articles(store: Store, before: datetime, now: datetime) -> list[int]:
    """The articles from before a moment on which nothing stands, and which no feed has any more."""
    rows = store.rows(
        f"select a.id from articles a where a.first_seen < ? and {_FREE} and not {_CARRIED} order by a.first_seen",  # noqa: S608  ours
        *(iso(before), iso(now - UNREAD), iso(now - _WHOLE)),
    )
    return [row["id"] for row in rows]


def forget_articles(store: Store, ids: Sequence[int], now: datetime) -> tuple[int, int]:
    """Deletes those of the articles that may still go; says how many, and how many stories went with them.

    Needs `store.unchecked()`. The index of stories keeps their rows until it is swept.
    """
    rows = store.rows(
        f"""
        select a.id, a.story from json_each(?) given join articles a on a.id = given.value
        where {_FREE} and not {_CARRIED}
        """,  # noqa: S608  ours
        *(json.dumps(ids), iso(now - UNREAD), iso(now - _WHOLE)),
    )
    gone = json.dumps([row["id"] for row in rows])
    for table, column in (("sightings", "article"), ("signals", "article"), ("articles", "id")):
        store.write(f"delete from {table} where {column} in (select value from json_each(?))", gone)  # noqa: S608  ours
    stories = store.write(
        """
        delete from stories where id in (select value from json_each(?))
            and not exists (select 1 from articles where story = stories.id)
        """,
        json.dumps(sorted({row["story"] for row in rows if row["story"] is not None})),
    ).rowcount
    return len(rows), stories


def read_whole(store: Store, before: datetime, now: datetime) -> int:
    """Has feeds read from end to end at their next poll where nobody knows whether they still carry what is old; says
    how many."""
    return store.write(
        f"""
        update feeds set seen = '', body_hash = null, etag = null, last_modified = null
        where active and retired_at is null and last_success >= ? and (whole_at is null or whole_at < ?)
            and (seen <> '' or body_hash is not null)
            and id in (
                select s.feed from articles a join sightings s on s.article = a.id where a.first_seen < ? and {_FREE}
            )
        """,  # noqa: S608  ours
        *(iso(now - UNREAD), iso(now - _WHOLE), iso(before)),
    ).rowcount


def forget_polls(store: Store, before: datetime) -> int:
    """Deletes some polls older than a moment; says how many."""
    return store.write(
        "delete from polls where id in (select id from polls where at < ? limit ?)", iso(before), _FEW
    ).rowcount


def forget_alerts(store: Store, before: datetime) -> int:
    """Deletes some alerts from before a moment that wait for nothing, of developments that were over by then; says how
    many."""
    return store.write(
        """
        delete from alerts where id in (
            select l.id from alerts l left join developments d on d.id = l.development
            where l.created_at < ? and l.state not in ('queued', 'failed') and coalesce(d.last_seen, '') < ? limit ?
        )
        """,
        *(iso(before), iso(before), _FEW),
    ).rowcount


def forget_troubles(store: Store, before: datetime) -> int:
    """Deletes troubles that were over by a moment and of which no alert is left; says how many."""
    return store.write(
        """
        delete from troubles where cleared_at < ?
            and id not in (select trouble from alerts where trouble is not null)
        """,
        iso(before),
    ).rowcount


# --------------------------------------------------------------------------- the index of stories


@dataclass(frozen=True, slots=True)
class Part:
    """A table of the index of stories, its first column, and what comes before all values of that."""

    table: str
    column: str
    least: Any


PARTS = (
    Part("story_runs", "run", -(2**63)),
    Part("story_words", "word", ""),
    Part("article_lines", "line", -(2**63)),
)


def note_living(store: Store) -> None:
    """Notes which articles there are, before a sweep: to look each up among their texts would take twenty times longer;
    within `transaction()`."""
    store.write("create temp table if not exists living (id integer primary key)")
    store.write("delete from temp.living")
    store.write("insert into temp.living select id from articles")


def end_of_stretch(store: Store, part: Part, after: Any) -> Any:
    """Up to which value the next rows of a part go; None where there are no more."""
    where = f"from {part.table} where {part.column} > ?"
    row = store.row(
        f"select {part.column} as last {where} order by {part.column} limit 1 offset ?", *(after, _STRETCH)
    ) or store.row(f"select max({part.column}) as last {where}", after)
    return row["last"] if row else None


def is_swept(store: Store, part: Part, after: Any, until: Any) -> bool:
    """Whether all rows of a stretch are those of articles that are there."""
    return store.row(f"select 1 {_dead(part)} limit 1", after, until) is None


def sweep(store: Store, part: Part, after: Any, until: Any) -> int:
    """Deletes the rows of a stretch whose articles are gone; says how many."""
    return store.write(f"delete {_dead(part)}", after, until).rowcount


def _dead(part: Part) -> str:
    return f"""
        from {part.table} where {part.column} > ? and {part.column} <= ?
            and article <= (select max(id) from temp.living)
            and not exists (select 1 from temp.living where id = {part.table}.article)
        """  # noqa: S608  ours
