"""The file itself: whether it is whole, how much of it is empty, and what makes it small and fast."""

from datetime import datetime

from monitor.errors import StoreError
from monitor.store.base import Store, iso, moment

_MISTAKES = 5
_LOOKED_AT = 1000
"""Rows of an index from which the planner's figures are made."""
_MERGED = 500
_FREED = 1000


def done_at(store: Store, task: str) -> datetime | None:
    """When a task was last done."""
    row = store.row("select done_at from upkeep where task = ?", task)
    return moment(row["done_at"]) if row else None


def did(store: Store, task: str, now: datetime) -> None:
    """Records that a task was done; within `transaction()`."""
    store.write("insert or replace into upkeep (task, done_at) values (?, ?)", task, iso(now))


def damage(store: Store) -> str | None:
    """What is wrong with the file, or None where it is whole. Reads all of it."""
    try:
        found = [row["quick_check"] for row in store.rows(f"pragma quick_check({_MISTAKES})")]
    except StoreError as error:
        return str(error)
    lines = [line for one in found for line in one.splitlines() if not line.startswith("***")]
    return None if found == ["ok"] else "; ".join(lines)


def count_for_planner(store: Store) -> None:
    """Refreshes the figures by which SQLite chooses its indexes."""
    store.connection.execute(f"pragma analysis_limit = {_LOOKED_AT}")
    with store.transaction():
        store.write("analyze")


def merge_search(store: Store, *, everything: bool = False) -> bool:
    """Merges some of the pieces of the full-text index; says whether there was something to merge.

    With `everything` what follows merges all of them into one, which also drops what was deleted; within
    `transaction()`.
    """
    before = store.connection.total_changes
    store.write(
        "insert into articles_fts (articles_fts, rank) values ('merge', ?)", -_MERGED if everything else _MERGED
    )
    return store.connection.total_changes - before >= 2  # as SQLite's manual says


def pages(store: Store) -> tuple[int, int, int]:
    """The size of the file in pages, how many of them are empty, and the bytes of one."""
    found = [store.rows(f"pragma {name}")[0] for name in ("page_count", "freelist_count", "page_size")]
    whole, free, size = (int(next(iter(row.values()))) for row in found)
    return whole, free, size


def can_shrink(store: Store) -> bool:
    """Whether empty pages can be given back bit by bit, as in every file made since version 8 of the tables."""
    return store.row("pragma auto_vacuum") == {"auto_vacuum": 2}


def shrink(store: Store) -> None:
    """Gives some empty pages back to the disk; within `transaction()`."""
    store.write(f"pragma incremental_vacuum({_FREED})").fetchall()


def rebuild(store: Store) -> None:
    """Writes the file anew without its empty pages; nobody else can write meanwhile."""
    store.connection.execute("pragma auto_vacuum = incremental")
    store.connection.execute("vacuum")


def empty_log(store: Store) -> None:
    """Brings what was written into the file, and empties the log beside it, unless somebody reads just now."""
    store.rows("pragma wal_checkpoint(truncate)")
