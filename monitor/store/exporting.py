"""Tables as they are, row by row, so that memory does not grow with them."""

from collections.abc import Generator
from datetime import datetime
from typing import Any

from monitor.store.base import Store, iso

TABLES = {
    "articles": ("first_seen", "id"),
    "developments": ("last_seen", "id"),
    "alerts": ("created_at", "id"),
    "signals": ("found_at", "id"),
    "stories": ("first_seen", "id"),
    "sightings": ("first_seen", "rowid"),
    "polls": ("at", "id"),
    "feeds": ("last_polled", "id"),
    "timeline": ("since", "since"),
}
"""What can be exported -> the column that tells its age, and the one that orders it."""


def columns(store: Store, table: str) -> list[str]:
    """The columns, named as in the database."""
    return [row["name"] for row in store.rows("select name from pragma_table_info(?)", table)]


def count(store: Store, table: str, since: datetime | None = None) -> int:
    """How many rows `rows` gives."""
    sql, values = _where(table, since)
    return int(store.rows(f"select count(*) as n from {table} {sql}", *values)[0]["n"])  # noqa: S608


def rows(store: Store, table: str, since: datetime | None = None) -> Generator[tuple[Any, ...], None, None]:
    """The rows of a table, one after the other. Raises KeyError for a table that is not in TABLES."""
    sql, values = _where(table, since)
    yield from store.each(f"select * from {table} {sql} order by {TABLES[table][1]}", *values)  # noqa: S608  both are ours


def _where(table: str, since: datetime | None) -> tuple[str, tuple[str, ...]]:
    at = iso(since)
    return (f"where {TABLES[table][0]} >= ?", (at,)) if at else ("", ())
