"""A damaged file: seen before it is written to, and how to restore it."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import StoreError
from monitor.store.backup import FOLDER, copies, restoring

if TYPE_CHECKING:
    from monitor.store.base import Store

_LARGEST = 50_000_000
"""Bytes that are looked through in a moment; damage in a larger file is found every night, and when it is met."""


def check(store: "Store") -> None:
    """Looks through the whole file. Raises StoreError where it is damaged, also where nobody asked for that part."""
    if store.path.stat().st_size > _LARGEST:
        return
    row = store.row("pragma quick_check(1)") or {}
    found = str(next(iter(row.values()), "ok"))
    if found != "ok":
        place = " ".join(found.replace("*** in database main ***", "").split())
        raise StoreError(f"the database {store.path} cannot be used: {place} ({how_to_restore(store.path)})")


def how_to_restore(database: Path) -> str:
    """What to do about a damaged file, with the newest backup where there is one."""
    found = copies(database, FOLDER)
    if not found:
        where = database.parent / FOLDER
        save = f"{shlex.join(['sqlite3', str(database), '.recover'])} | {shlex.join(['sqlite3', f'{database}.new'])}"
        return f"the file is damaged, and there is no backup in {where}; what can still be read is saved with: {save}"
    line = restoring(database, found[-1])
    return f"the file is damaged; stop the service, restore the newest backup and start it again: {line}"
