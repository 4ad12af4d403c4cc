"""Edge: what says whether a service runs on a database and polls, beside the state of its server."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TextIO

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


class Polled(NamedTuple):
    """The sign that polls leave: whether one is under way, and when the last began or ended (ns, any clock)."""

    under_way: bool
    at: int


@contextmanager
def polling(database: Path) -> Iterator[None]:
    """Leaves a sign of a poll, at its begin and its end, for a service that asks with `polled`."""
    with ExitStack() as stack:
        try:
            sign = stack.enter_context(_sign_of(database).open("a"))
            fcntl.flock(sign, fcntl.LOCK_SH)  # it waits at most for one who just looks
            _touch(sign)
            stack.callback(_touch, sign)
        except OSError:  # a full disk, or nobody's service: that must cost no poll
            pass
        yield


def _touch(sign: TextIO) -> None:
    with suppress(OSError):
        os.utime(sign.fileno())


def polled(database: Path) -> Polled:
    """The sign that polls have left."""
    try:
        with _sign_of(database).open("r+") as sign:
            return Polled(not _lock(sign, fcntl.LOCK_EX), os.fstat(sign.fileno()).st_mtime_ns)
    except FileNotFoundError:
        return Polled(under_way=False, at=0)


def _sign_of(database: Path) -> Path:
    return home_of(database) / "poll.sign"


def _lock(lock: TextIO, how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
