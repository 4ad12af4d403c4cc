"""Edge: the lock that says whether a service runs on a database, beside the state of its server."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from monitor.errors import StoreError


def home_of(database: Path) -> Path:
    """The folder of the service's server."""
    return database.parent / "prefect"


def running(database: Path) -> str | None:
    """The number of the process that serves a database, `unknown` if it is being written, None where there is none.

    Raises StoreError where only another user may know.
    """
    try:
        with (home_of(database) / "service.lock").open() as lock:
            return None if _lock(lock, fcntl.LOCK_SH) else lock.read().strip() or "unknown"
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise StoreError(f"{error.filename} is another user's: look as the user of the service") from error


@contextmanager
def held(database: Path, pid: int) -> Iterator[str | None]:
    """Holds the lock and gives None, or gives the number of the process that serves the database already."""
    home = home_of(database)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "service.lock").open("a+") as lock:
        if not _lock(lock, fcntl.LOCK_EX):
            if not _lock(lock, fcntl.LOCK_SH):
                lock.seek(0)
                yield lock.read().strip() or "unknown"
                return
            fcntl.flock(lock, fcntl.LOCK_EX)  # somebody just looks whether there is a service
        lock.truncate(0)
        lock.write(str(pid))
        lock.flush()
        yield None


def _lock(lock: TextIO, how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
