"""What sites said about being read (robots.txt), so that a poll need not ask again what the last one heard."""

from collections.abc import Iterable
from datetime import datetime

from monitor.robots import STALE, RobotsAnswer
from monitor.store.base import Store, iso, required


def known(store: Store, now: datetime) -> list[RobotsAnswer]:
    """The answers that may still be of use."""
    rows = store.rows("select origin, fetched_at, body from robots where fetched_at > ?", iso(now - STALE))
    return [RobotsAnswer(row["origin"], required(row["fetched_at"]), row["body"]) for row in rows]


def keep(store: Store, answers: Iterable[RobotsAnswer], now: datetime) -> None:
    """Stores answers in place of older ones, and forgets what is of no use any more."""
    for answer in answers:
        store.write(
            """
            insert into robots (origin, fetched_at, body) values (?, ?, ?)
            on conflict (origin) do update set fetched_at = excluded.fetched_at, body = excluded.body
            """,
            *(answer.origin, iso(answer.fetched_at), answer.body),
        )
    store.write("delete from robots where fetched_at <= ?", iso(now - STALE))
