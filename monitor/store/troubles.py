"""How feeds, channels and polls are doing, and which troubles were told."""

from datetime import datetime

from monitor.feedstate import RHYTHM
from monitor.store.base import Row, Store, iso, required
from monitor.vigilance import ChannelVitals, FeedVitals, Trouble


def feed_vitals(store: Store, now: datetime) -> list[FeedVitals]:
    """Every feed in use; its rhythm is that of the last 60 days."""
    brought: dict[int, list[datetime]] = {}
    for row in store.rows(
        "select feed, at from polls where new_entries > 0 and at >= ? order by feed, at", iso(now - RHYTHM)
    ):
        brought.setdefault(row["feed"], []).append(required(row["at"]))
    rows = store.rows(
        """
        select id, name, failures, coalesce(last_success, added_at) as working, last_error,
            retired_at is not null as gone
        from feeds where active
        """
    )
    return [
        FeedVitals(
            *(row["id"], row["name"], row["failures"], required(row["working"]), row["last_error"] or ""),
            gone=bool(row["gone"]),
            brought=tuple(brought.get(row["id"], ())),
        )
        for row in rows
    ]


def channel_vitals(store: Store) -> list[ChannelVitals]:
    """The channels of which alerts are waiting after a failure, or were given up; alarms do not count."""
    rows = store.rows(
        """
        select channel, sum(state = 'queued') as waiting, sum(state = 'failed') as given_up,
            min(created_at) as since, max(last_error) as error
        from alerts where state in ('queued', 'failed') and last_error is not null and trouble is null
        group by channel order by channel
        """
    )
    return [
        ChannelVitals(row["channel"], row["waiting"], row["given_up"], required(row["since"]), row["error"])
        for row in rows
    ]


def last_poll(store: Store) -> datetime | None:
    """When feeds were polled last."""
    row = store.row("select max(last_polled) as at from feeds where active")
    return required(row["at"]) if row and row["at"] else None


def still_open(store: Store) -> dict[str, Row]:
    """The troubles that were told and are not over, by subject."""
    return {row["subject"]: row for row in store.rows("select * from troubles where cleared_at is null")}


def begin(store: Store, trouble: Trouble, now: datetime) -> int:
    """Records a trouble; says its id."""
    return store.insert("troubles", {"subject": trouble.subject, "what": trouble.what, "since": iso(now)})


def clear(store: Store, trouble: int, now: datetime) -> None:
    """Records that a trouble is over."""
    store.write("update troubles set cleared_at = ? where id = ?", iso(now), trouble)
