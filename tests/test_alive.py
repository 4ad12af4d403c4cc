"""The lock that says whether a service runs on a database, held by real processes."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from monitor import alive

HOLDER = """
import os, sys
from pathlib import Path
from typing import TextIO
from monitor import alive

with alive.held(Path(sys.argv[1]), os.getpid()) as other:
    print(other or "held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def other(database: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that serves the database until its standard input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_database_that_nobody_ever_served_has_no_service(database: Path) -> None:
    assert alive.running(database) is None
    assert list(database.parent.iterdir()) == [], "looking leaves nothing behind"


def test_the_process_that_serves_is_known_to_others_and_they_are_refused(
    database: Path, other: "subprocess.Popen[str]"
) -> None:
    assert alive.running(database) == str(other.pid)
    with alive.held(database, os.getpid()) as holder:
        assert holder == str(other.pid)
    assert alive.running(database) == str(other.pid)


def test_a_service_that_was_killed_runs_no_more(database: Path, other: "subprocess.Popen[str]") -> None:
    other.kill()
    other.wait()
    assert alive.running(database) is None
    with alive.held(database, os.getpid()) as holder:
        assert holder is None
        assert alive.running(database) == str(os.getpid())
    assert alive.running(database) is None


def test_who_looks_at_the_moment_of_a_start_does_not_prevent_it(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with alive.held(database, 1):
        pass
    looker = (alive.home_of(database) / "service.lock").open()
    fcntl.flock(looker, fcntl.LOCK_SH)
    really = alive._lock

    def until_it_looked(lock: TextIO, how: int) -> bool:
        taken = really(lock, how)
        if how == fcntl.LOCK_SH:
            looker.close()
        return taken

    monkeypatch.setattr(alive, "_lock", until_it_looked)
    with alive.held(database, 2) as holder:
        assert holder is None
        assert looker.closed


def test_a_lock_without_a_number_yet_is_a_service_all_the_same(database: Path) -> None:
    alive.home_of(database).mkdir()
    with (alive.home_of(database) / "service.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert alive.running(database) == "unknown"
