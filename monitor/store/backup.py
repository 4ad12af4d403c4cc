"""A consistent copy of the database while others write to it, and what was copied before."""

import fcntl
import os
import re
import shlex
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from monitor.errors import StoreError

Heard = Callable[[int, int], None]
"""Is told how many pages are copied, of how many."""
FOLDER = "backups"
"""Where copies go, beside the database, unless the configuration names another folder."""
_PAGES = 500
_STAMP = "%Y%m%dT%H%M%SZ"
_PART = ".part"
_COUNTED = ("articles", "developments")


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that was opened and found whole."""

    file: Path
    bytes: int
    schema: int
    articles: int
    developments: int


def named(database: Path, folder: str, now: datetime) -> Path:
    """Where the copy of a moment goes; a relative folder counts from the database."""
    return database.parent / folder / f"{database.stem}-{now.astimezone(UTC).strftime(_STAMP)}{database.suffix}"


def copies(database: Path, folder: str) -> list[Path]:
    """The copies that were named so, the oldest first."""
    return _named_so(database, folder)


def rotate(database: Path, folder: str, keep: int) -> list[Path]:
    """Deletes the oldest copies beyond `keep`, and says which. Raises StoreError where one cannot be deleted."""
    gone = copies(database, folder)[:-keep]
    for path in gone:
        try:
            path.unlink()
        except OSError as error:
            raise StoreError(f"the old copy {path} cannot be deleted: {error.strerror}") from error
    return gone


def remove_leftovers(database: Path, folder: str) -> None:
    """Deletes what killed copies left of themselves. Raises StoreError where it cannot be deleted."""
    for part in _named_so(database, folder, _PART):
        try:
            if not _is_being_made(part):
                part.unlink()
        except FileNotFoundError:
            continue  # it was finished meanwhile
        except OSError as error:
            raise StoreError(f"what a killed copy left, {part}, cannot be deleted: {error.strerror}") from error


def _named_so(database: Path, folder: str, end: str = "") -> list[Path]:
    pattern = re.compile(rf"{re.escape(database.stem)}-\d{{8}}T\d{{6}}Z{re.escape(database.suffix + end)}")
    where = database.parent / folder
    return sorted(path for path in where.iterdir() if pattern.fullmatch(path.name)) if where.is_dir() else []


def _is_being_made(part: Path) -> bool:
    with part.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def restoring(database: Path, copy: Path) -> str:
    """The line for a shell that puts a copy in the place of the database; no service may run meanwhile.

    What was written last and stands in the log beside the old database would damage the new one: it goes first.
    """
    path = str(database)
    return f"rm -f {shlex.quote(path + '-wal')} {shlex.quote(path + '-shm')} && {shlex.join(['cp', str(copy), path])}"


def needed(database: Path) -> int:
    """How many bytes a copy takes."""
    return sum(path.stat().st_size for path in (database, Path(f"{database}-wal")) if path.exists())


def room(folder: Path) -> int:
    """How many bytes are free where a folder is, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def copy(database: Path, target: Path, heard: Heard = lambda *_: None) -> Copy:
    """Copies the database as it is at this moment, and opens the copy to see that it is whole.

    `target` is there when all of it is, or not at all. Raises StoreError where it cannot be made, is there already, or
    is not whole.
    """
    if not database.exists():
        raise StoreError(f"there is no database at {database} yet: nothing can be copied")
    if target.exists():
        raise StoreError(f"{target} is there already and stays as it is; name another file")
    part = target.with_name(f"{target.name}{_PART}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder {target.parent} for the copy cannot be made: {error.strerror}") from error
    try:
        with _unfinished(part):
            counted = _copy(database, part, heard)
            found = _look(part)
            if found != counted:
                raise StoreError(f"the copy {part} does not hold what the database holds: {found}, not {counted}")
            part.rename(target)
            _keep(target.parent)
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StoreError(f"the database could not be copied to {target}: {reason}; nothing was left there") from error
    return Copy(target, target.stat().st_size, *counted)


@contextmanager
def _unfinished(part: Path) -> Iterator[None]:
    """An empty file that only its owner may read, and that is gone at the end; locked, so that it is no leftover."""
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        part.unlink(missing_ok=True)
        os.close(descriptor)


def _copy(database: Path, part: Path, heard: Heard) -> tuple[int, ...]:
    """Copies all pages, and says what the copy has to hold."""
    with (
        closing(sqlite3.connect(f"file:{quote(str(database))}?mode=rw", uri=True, timeout=60)) as source,
        closing(sqlite3.connect(part, isolation_level=None)) as copied,
    ):
        source.execute("begin")  # all that follows sees one moment, and is not begun anew when somebody writes
        counted = _counts(source)
        copied.execute("pragma journal_mode = off")
        copied.execute("pragma synchronous = off")
        source.backup(copied, pages=_PAGES, progress=lambda _, left, whole: heard(whole - left, whole))
    _keep(part)
    return counted


def _look(part: Path) -> tuple[int, ...]:
    """What a copy holds. Raises StoreError where it is damaged."""
    with closing(sqlite3.connect(f"file:{quote(str(part))}?immutable=1", uri=True)) as copied:
        mistakes = [row[0] for row in copied.execute("pragma quick_check(3)")]
        if mistakes != ["ok"]:
            raise StoreError(
                f"the copy is damaged, and so is the database it seems: {'; '.join(mistakes)}; restore an older copy"
            )
        return _counts(copied)


def _counts(connection: sqlite3.Connection) -> tuple[int, ...]:
    version = connection.execute("pragma user_version").fetchone()[0]
    return version, *(connection.execute(f"select count(*) from {name}").fetchone()[0] for name in _COUNTED)  # noqa: S608


def _keep(path: Path) -> None:
    """Has the disk keep a file, or what a folder lists, before anybody relies on it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
