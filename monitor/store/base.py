"""The open database: pragmas, migrations, transactions, and its errors in words."""

import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.errors import StoreError
from monitor.store.damage import how_to_restore

if TYPE_CHECKING:
    from sqlite_utils import Database

Row = dict[str, Any]
SCHEMA = 8
"""The number of the newest migration, which it writes into the file (`pragma user_version`)."""
_BUSY_SECONDS = 90.0
"""How long another program may hold the database: some do for a minute."""
_FULL = "the disk is full; make room and try again"
_LITTLE = 1_000_000
"""Bytes; with less SQLite may fail while it opens a file, and calls that an I/O error."""
_BLOCK = 64
"""Rows in one statement."""


class Store:
    """One connection to one database file; for one thread."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path

    @cached_property
    def db(self) -> "Database":
        """The same connection as sqlite-utils sees it."""
        from monitor.store.library import Database  # 0.1 s: commands that only look do without

        return Database(self.connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Takes the write lock at once: a transaction that begins as a reader fails when it writes.

        Raises StoreError where the database cannot be written.
        """
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise _in_words(error, self.path) from error
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException as error:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            if _is_the_files(error):
                raise _in_words(error, self.path) from error
            raise

    @contextmanager
    def unchecked(self) -> Iterator[None]:
        """Lets rows be deleted without looking for others that refer to them, which reads whole tables for each row.

        Who uses it has to see to that; not within `transaction()`.
        """
        self.connection.execute("pragma foreign_keys = off")
        try:
            yield
        finally:
            self.connection.execute("pragma foreign_keys = on")

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """The rows of a query. Raises StoreError where the database cannot be read."""
        try:
            cursor = self.connection.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]
        except sqlite3.DatabaseError as error:
            if _is_the_files(error):
                raise _in_words(error, self.path) from error
            raise

    def each(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a query one after the other. Raises StoreError where the database cannot be read."""
        try:
            yield from self.connection.execute(sql, values)
        except sqlite3.DatabaseError as error:
            if _is_the_files(error):
                raise _in_words(error, self.path) from error
            raise

    def row(self, sql: str, *values: Any) -> Row | None:
        """The first row of a query, if there is one."""
        return next(iter(self.rows(sql, *values)), None)

    def write(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Executes a statement; only within `transaction()`."""
        return self.connection.execute(sql, values)

    def insert(self, table: str, row: Row) -> int:
        """Adds a row and says its id; only within `transaction()`."""
        return int(self.db.table(table).insert(row).last_rowid or 0)

    def insert_all(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, end: str = "") -> None:
        """Adds many rows, a block of them in each statement; `end` may say what to do on conflict.

        SQLite then works through a block without giving the interpreter's lock back and forth for every row, so that
        a thread that fetches goes on meanwhile. Only within `transaction()`.
        """
        names, one = ", ".join(columns), f"({', '.join('?' * len(columns))})"
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            values = ", ".join([one] * len(block))
            flat = [value for row in block for value in row]
            self.connection.execute(f"insert into {table} ({names}) values {values} {end}", flat)  # noqa: S608


@contextmanager
def open_store(path: Path, *, create: bool = True, patience: float = _BUSY_SECONDS) -> Iterator[Store]:
    """Opens the database, brings its tables up to date, and closes it.

    Waits up to `patience` seconds, here and at each transaction, while another program holds it. Raises StoreError
    where it cannot be opened, is no database, or (without `create`) is not there.
    """
    if not create and not path.exists():
        raise StoreError(f"there is no database at {path} yet; `haiti-monitor poll` or `haiti-monitor run` makes it")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_ours(path)
        connection = sqlite3.connect(path, timeout=patience)
    except (OSError, sqlite3.Error) as error:
        raise _in_words(error, path) from error
    try:
        store = Store(connection, path)
        _prepare(store, patience)
        yield store
    finally:
        connection.close()


def _make_ours(path: Path) -> None:
    """Makes a new file that nobody else may read; SQLite gives the files that it puts beside it the same rights."""
    if not path.exists():
        with suppress(OSError):  # SQLite says what is wrong
            path.touch(mode=0o600)


def _prepare(store: Store, patience: float) -> None:
    try:
        store.connection.execute("pragma page_size = 8192")  # of a new file: most articles fit into one
        _use_wal(store.connection, patience)
        store.connection.execute("pragma synchronous = normal")
        store.connection.execute("pragma foreign_keys = on")
        store.connection.execute("pragma cache_size = -8000")  # 8 MB, else the indexes do not fit and are read again
        store.connection.execute("pragma wal_autocheckpoint = 4000")  # 32 MB
        version = store.connection.execute("pragma user_version").fetchone()[0]
        if version > SCHEMA:
            raise StoreError(f"the database {store.path} was made by a newer haiti-monitor; update this one")
        if version < SCHEMA:
            _migrate(store)
    except sqlite3.Error as error:
        raise _in_words(error, store.path) from error


def _use_wal(connection: sqlite3.Connection, patience: float) -> None:
    """Lets readers and a writer work side by side, and a new file give back what it no longer needs.

    Where another program switches a new file at the same moment, SQLite says "locked" at once instead of waiting.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            if connection.execute("pragma page_count").fetchone()[0] == 0:
                connection.execute("pragma auto_vacuum = incremental")  # cannot be had later; on a full file it writes
            connection.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _migrate(store: Store) -> None:
    from monitor.store.migrations import migrations

    with store.transaction():  # two programs may open a new file at once: the second waits and finds it done
        migrations.apply(store.db)


def _is_the_files(error: BaseException) -> bool:
    """Whether the file, the disk or another program is at fault; else it is a mistake of ours and passes as it is."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def _in_words(error: BaseException, path: Path) -> StoreError:
    text = str(error)
    hints = {
        "locked": "another program holds it; close that program and try again",
        "readonly": "it may not be written; check the permissions of the file and of its folder",
        "unable to open": "check that the folder exists and may be written",
        "not a database": "it is no SQLite database; name another file under `database:` or move this one away; "
        f"if it was one, {how_to_restore(path)}",
        "malformed": how_to_restore(path),
        "vtable constructor failed": how_to_restore(path),  # the tables behind full-text search
        "full": _FULL,
        "disk I/O": _FULL if _is_full(path.parent) else "see whether the disk or a quota is used up, or the disk fails",
    }
    hint = next((hint for part, hint in hints.items() if part in text), "")
    return StoreError(f"the database {path} cannot be used: {text}" + (f" ({hint})" if hint else ""))


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _LITTLE
    except OSError:
        return False


# --------------------------------------------------------------------------- values


def iso(moment: datetime | None) -> str | None:
    """A moment as the database writes it: UTC, whole seconds, sortable as text."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z" if moment else None


def moment(text: str | None) -> datetime | None:
    """What `iso` wrote, as a moment."""
    return datetime.fromisoformat(text) if text else None


def required(text: str) -> datetime:
    """The moment in a column that is never empty."""
    return datetime.fromisoformat(text)


def actors_text(actors: Sequence[str]) -> str:
    """Actors as a column shows them."""
    return ", ".join(actors)


def roles_text(roles: Sequence[tuple[str, str]]) -> str:
    """Who does what, as a column shows it: `OAS takes over, Kenya hands over`.

    The two parts of one are parted by a no-break space, so that they can be told apart again.
    """
    return ", ".join(f"{actor}\u00a0{role}" for role, actor in roles)


def roles_of(text: str) -> tuple[tuple[str, str], ...]:
    """What `roles_text` wrote."""
    parts = (one.partition("\u00a0") for one in text.split(", "))
    return tuple((role, actor) for actor, found, role in parts if found)


def words_text(words: Sequence[str]) -> str:
    """Pieces of a sentence as a column shows them."""
    return " | ".join(words)


def actors_of(text: str) -> tuple[str, ...]:
    """What `actors_text` wrote."""
    return tuple(text.split(", ")) if text else ()
