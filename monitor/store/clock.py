"""A clock that was set back: what waits for a moment of the old clock would wait for as long as the jump was."""

from datetime import datetime, timedelta

from monitor.store.base import Store, iso, moment

_ORDINARY = timedelta(minutes=2)
"""By so much clocks are corrected every day; waiting so much longer harms nobody."""
_MOMENTS = {
    "feeds": ("last_polled", "last_success", "last_full", "last_new_entry", "next_due", "not_before"),
    "polls": ("at",),
    "articles": ("next_read",),
    "alerts": ("next_attempt", "claimed_until", "failing_since", "sent_at"),
}
"""What decides about turns, by table."""


def follow_back(store: Store, now: datetime) -> timedelta | None:
    """Moves those moments that lie ahead back with the clock; says by how much it was set back, if it was.

    A poll that is still to come shows it, and the jump is at least as long as the way to it. Only within a transaction.
    """
    row = store.row("select max(last_polled) as at from feeds where active")
    latest = moment(row["at"]) if row else None
    if latest is None or latest - now <= _ORDINARY:
        return None
    back = f"-{int((latest - now).total_seconds())} seconds"
    for table, columns in _MOMENTS.items():
        for column in columns:
            store.write(
                f"update {table} set {column} = strftime('%Y-%m-%dT%H:%M:%SZ', {column}, ?) where {column} > ?",  # noqa: S608  ours
                *(back, iso(now)),
            )
    return latest - now
