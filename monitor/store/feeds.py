"""The sources and how each poll of them went."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.feedstate import RHYTHM, Lately
from monitor.models import FeedOutcome, FeedReport, FeedState, Pace, Read
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
                language = excluded.language, read = excluded.read, active = 1,
                retired_at = case when active then retired_at end
            """,
            *(feed.name, feed.url, feed.outlet, feed.language, feed.read.value, iso(now)),
        )
    known = {feed.url for feed in feeds}
    for row in store.rows("select id, url from feeds where active"):
        if row["url"] not in known:
            store.write("update feeds set active = 0 where id = ?", row["id"])


def due(store: Store, now: datetime, *, everything: bool = False) -> list[FeedState]:
    """The feeds to ask now, the longest waiting first.

    With `everything` also those whose turn has not come; never those whose server asked for a pause, or said that
    they are gone for good.
    """
    rows = store.rows(
        """
        select * from feeds
        where active and retired_at is null and (not_before is null or not_before <= ?)
            and (? or next_due is null or next_due <= ?)
        order by next_due is not null, next_due, id
        """,
        *(iso(now), everything, iso(now)),
    )
    return [_state(row) for row in rows]


@dataclass(frozen=True, slots=True)
class PollRecord:
    """What one poll of a feed brought, and when its turn comes again."""

    outcome: FeedOutcome
    new: int
    next_due: datetime
    not_before: datetime | None
    interval: timedelta

    @property
    def entries(self) -> int:
        parsed = self.outcome.parsed
        return parsed.count if parsed else 0

    @property
    def report(self) -> FeedReport:
        """The row that people see."""
        outcome = self.outcome
        return FeedReport(
            feed=outcome.feed.name,
            status=outcome.status,
            entries=self.entries,
            new=self.new,
            seconds=outcome.seconds,
            error=outcome.error,
            address=outcome.feed.address,
            answered=outcome.error is None or outcome.http_status is not None,
        )


def record(store: Store, records: Sequence[PollRecord]) -> None:
    """Writes what requests brought: history, health and turn.

    The caller writes the entries in the same transaction: validators are kept only with what they stand for.
    """
    store.write(_HEALTH, json.dumps([_health(one) for one in records]))
    whole = [_document(one.outcome) for one in records if one.outcome.body_hash is not None]
    if whole:
        store.write(_DOCUMENT, json.dumps(whole))
    columns = ("feed", "at", "status", "http_status", "entries", "new_entries", "seconds", "error")
    store.insert_all("polls", columns, [_poll(one) for one in records])


def ask_again(store: Store, ids: Sequence[int], now: datetime) -> None:
    """Makes it the turn of feeds that failed through no fault of theirs; their failures still count."""
    store.write("update feeds set next_due = ? where id in (select value from json_each(?))", iso(now), json.dumps(ids))


_HEALTH = """
with polled as (
    select value ->> 0 as id, value ->> 1 as at, value ->> 2 as status, value ->> 3 as error, value ->> 4 as next_due,
        value ->> 5 as not_before, value ->> 6 as failed, value ->> 7 as new, value ->> 8 as moved_to,
        value ->> 9 as interval, value ->> 10 as gone
    from json_each(?)
)
update feeds set last_polled = polled.at, last_status = polled.status,
    last_error = case when polled.status = 'unchanged' and failures = 0 then last_error else polled.error end,
    next_due = polled.next_due, not_before = polled.not_before,
    failures = case when failed then failures + 1 else 0 end,
    last_success = case when failed then last_success else polled.at end,
    last_new_entry = case when polled.new > 0 then polled.at else last_new_entry end,
    moved_to = case when failed then null else coalesce(polled.moved_to, feeds.moved_to) end,
    interval_seconds = polled.interval,
    retired_at = case when gone then polled.at end
from polled where feeds.id = polled.id
"""
_DOCUMENT = """
with sent as (
    select value ->> 0 as id, value ->> 1 as at, value ->> 2 as etag, value ->> 3 as last_modified,
        value ->> 4 as body_hash, value ->> 5 as seen, value ->> 6 as ttl, value ->> 7 as hours, value ->> 8 as days,
        value ->> 9 as whole
    from json_each(?)
)
update feeds set etag = sent.etag, last_modified = sent.last_modified, body_hash = sent.body_hash, last_full = sent.at,
    seen = coalesce(sent.seen, feeds.seen),
    ttl_seconds = case when sent.seen is null then ttl_seconds else sent.ttl end,
    skip_hours = coalesce(sent.hours, skip_hours), skip_days = coalesce(sent.days, skip_days),
    whole_at = case when sent.whole then sent.at else whole_at end
from sent where feeds.id = sent.id
"""


def _health(one: PollRecord) -> list[Any]:
    outcome = one.outcome
    warning = outcome.parsed.warning if outcome.parsed else None
    return [
        *(outcome.feed.id, iso(outcome.at), outcome.status, outcome.error or warning, iso(one.next_due)),
        *(iso(one.not_before), outcome.status == "failed", one.new, outcome.moved_to),
        *(int(one.interval.total_seconds()), outcome.gone),
    ]


def _document(outcome: FeedOutcome) -> list[Any]:
    """What is kept of a document that was sent whole; of one with the same bytes as before only when that was."""
    parsed = outcome.parsed
    kept: list[Any] = [None, None, None, None]
    if parsed is not None:
        pace = parsed.pace
        ttl = int(pace.ttl.total_seconds()) if pace.ttl else None
        kept = [parsed.seen, ttl, _numbers(pace.skip_hours), _numbers(pace.skip_days)]
    whole = parsed is not None and not outcome.feed.seen  # every entry was looked up, not only those that changed
    return [outcome.feed.id, iso(outcome.at), outcome.etag, outcome.last_modified, outcome.body_hash, *kept, whole]


def _numbers(found: frozenset[int]) -> str:
    return " ".join(map(str, sorted(found)))


def _poll(one: PollRecord) -> tuple[Any, ...]:
    outcome = one.outcome
    return (
        *(outcome.feed.id, iso(outcome.at), outcome.status, outcome.http_status, one.entries, one.new),
        *(round(outcome.seconds, 3), outcome.error),
    )


def list_all(store: Store) -> list[Row]:
    """Every feed with its health, those in trouble first."""
    return store.rows(
        """
        select f.id, f.name, f.outlet, f.language, f.active, f.last_status as status, f.failures, f.last_polled,
            f.last_success, f.last_new_entry, f.next_due, f.not_before, f.last_error as error, f.url, f.moved_to,
            f.retired_at, f.interval_seconds,
            (select count(*) from sightings s where s.feed = f.id) as articles
        from feeds f order by f.active desc, f.failures desc, f.name
        """
    )


def lately(store: Store, now: datetime, feed: int | None = None) -> dict[int, Lately]:
    """What polls found lately in every feed, or in one, by the number of the feed."""
    which, values = ("feed = ? and ", (feed,)) if feed is not None else ("", ())
    rows = store.rows(
        f"""
        select feed, json_group_array(at) as moments, json_group_array(new_entries) as new from (
            select feed, at, new_entries from polls where {which} new_entries > 0 and at >= ? order by feed, at
        ) group by feed
        """,  # noqa: S608  ours
        *(*values, iso(now - RHYTHM)),
    )
    return {
        row["feed"]: Lately(tuple(zip(map(required, json.loads(row["moments"])), json.loads(row["new"]), strict=True)))
        for row in rows
    }


def show(store: Store, feed: int) -> Row | None:
    """One feed with its last polls."""
    row = store.row("select * from feeds where id = ?", feed)
    if row is not None:
        del row["seen"]  # fingerprints tell people nothing
        row["polls"] = store.rows(
            """
            select at, status, http_status, entries, new_entries, seconds, error
            from polls where feed = ? order by id desc limit 20
            """,
            feed,
        )
    return row


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
        seen=row["seen"],
        moved_to=row["moved_to"],
        last_full=moment(row["last_full"]),
        pace=_pace(row),
        interval=timedelta(seconds=row["interval_seconds"]) if row["interval_seconds"] else None,
        failures=row["failures"],
        last_success=moment(row["last_success"]),
    )


def _pace(row: Row) -> Pace:
    if row["ttl_seconds"] is None and not row["skip_hours"] and not row["skip_days"]:
        return _NO_PACE
    ttl = timedelta(seconds=row["ttl_seconds"]) if row["ttl_seconds"] else None
    hours, days = (frozenset(map(int, row[column].split())) for column in ("skip_hours", "skip_days"))
    return Pace(ttl, hours, days)


_NO_PACE = Pace()
