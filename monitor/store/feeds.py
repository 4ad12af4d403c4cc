"""The sources and how each poll of them went."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.feedstate import RHYTHM, Lately
from monitor.models import FeedOutcome, FeedState, Read
from monitor.store.base import Row, Store, iso, moment, required


@dataclass(frozen=True, slots=True)
class WantedFeed:
    """A feed as the configuration names it."""

    name: str
    url: str
    outlet: str | None
    language: str | None
    read: Read


def sync(store: Store, wanted: Iterable[WantedFeed], now: datetime) -> None:
    """Makes the table say what the configuration says; feeds no longer named are switched off, never deleted."""
    feeds = list(wanted)
    for feed in feeds:
        store.write(
            """
            insert into feeds (name, url, outlet, language, read, added_at) values (?, ?, ?, ?, ?, ?)
            on conflict (url) do update set name = excluded.name, outlet = excluded.outlet,
                language = excluded.language, read = excluded.read, active = 1
            """,
            *(feed.name, feed.url, feed.outlet, feed.language, feed.read.value, iso(now)),
        )
    known = {feed.url for feed in feeds}
    for row in store.rows("select id, url from feeds where active"):
        if row["url"] not in known:
            store.write("update feeds set active = 0 where id = ?", row["id"])


def due(store: Store, now: datetime, *, everything: bool = False) -> list[FeedState]:
    """The feeds to ask now, the longest waiting first.

    With `everything` also those whose turn has not come; never those whose server asked for a pause.
    """
    rows = store.rows(
        """
        select * from feeds
        where active and (not_before is null or not_before <= ?) and (? or next_due is null or next_due <= ?)
        order by next_due is not null, next_due, id
        """,
        *(iso(now), everything, iso(now)),
    )
    return [_state(row) for row in rows]


def record(
    store: Store,
    outcome: FeedOutcome,
    *,
    next_due: datetime,
    not_before: datetime | None,
    new: int,
    warning: str | None,
) -> None:
    """Writes what a request brought: history, health and turn.

    The caller writes the entries in the same transaction: validators are kept only with what they stand for.
    """
    failed = outcome.status == "failed"
    at = iso(outcome.at)
    store.write(
        """
        update feeds set last_polled = ?, last_status = ?, last_error = ?, next_due = ?, not_before = ?,
            failures = case when ? then failures + 1 else 0 end,
            last_success = case when ? then last_success else ? end,
            last_new_entry = case when ? > 0 then ? else last_new_entry end,
            moved_to = coalesce(?, moved_to)
        where id = ?
        """,
        *(at, outcome.status, outcome.error or warning, iso(next_due), iso(not_before), failed),
        *(failed, at, new, at, outcome.moved_to, outcome.feed.id),
    )
    if outcome.body_hash is not None:
        store.write(
            "update feeds set etag = ?, last_modified = ?, body_hash = ? where id = ?",
            *(outcome.etag, outcome.last_modified, outcome.body_hash, outcome.feed.id),
        )
    store.insert(
        "polls",
        {
            "feed": outcome.feed.id,
            "at": at,
            "status": outcome.status,
            "http_status": outcome.http_status,
            "entries": len(outcome.parsed.entries) if outcome.parsed else 0,
            "new_entries": new,
            "seconds": round(outcome.seconds, 3),
            "error": outcome.error,
        },
    )


def list_all(store: Store) -> list[Row]:
    """Every feed with its health, those in trouble first."""
    return store.rows(
        """
        select f.id, f.name, f.outlet, f.language, f.active, f.last_status as status, f.failures, f.last_polled,
            f.last_success, f.last_new_entry, f.next_due, f.not_before, f.last_error as error, f.url, f.moved_to,
            (select count(*) from sightings s where s.feed = f.id) as articles
        from feeds f order by f.active desc, f.failures desc, f.name
        """
    )


def lately(store: Store, now: datetime) -> dict[int, Lately]:
    """What polls found lately, by the number of the feed."""
    found: dict[int, list[tuple[datetime, int]]] = {}
    since = iso(now - RHYTHM)
    for row in store.rows(
        "select feed, at, new_entries from polls where new_entries > 0 and at >= ? order by at", since
    ):
        found.setdefault(row["feed"], []).append((required(row["at"]), row["new_entries"]))
    return {feed: Lately(tuple(polls)) for feed, polls in found.items()}


def show(store: Store, feed: int) -> Row | None:
    """One feed with its last polls."""
    row = store.row("select * from feeds where id = ?", feed)
    if row is not None:
        row["polls"] = store.rows(
            """
            select at, status, http_status, entries, new_entries, seconds, error
            from polls where feed = ? order by id desc limit 20
            """,
            feed,
        )
    return row


def forget_polls(store: Store, before: datetime) -> int:
    """Deletes the history of polls older than a moment; says how many rows."""
    return store.write("delete from polls where at < ?", iso(before)).rowcount


def _state(row: Row) -> FeedState:
    return FeedState(
        id=row["id"],
        name=row["name"],
        url=row["url"],
        outlet=row["outlet"] or "",
        language=row["language"],
        read=Read(row["read"]),
        etag=row["etag"],
        last_modified=row["last_modified"],
        body_hash=row["body_hash"],
        failures=row["failures"],
        last_success=moment(row["last_success"]),
    )
