"""A clock that was set back. The Prefect server has planned runs by the old one, and waits by it: until that time comes
again it would start none. A service that starts anew plans anew.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NoReturn

from monitor.errors import MonitorError

ORDINARY = timedelta(minutes=2)
"""By so much clocks are corrected every day; a poll that comes so much later harms nobody."""
LOOK_SECONDS = 5.0


class ClockSetBackError(MonitorError):
    """The reason for a service to start anew."""

    def __init__(self, by: timedelta) -> None:
        super().__init__(f"The clock was set back by {round(by.total_seconds())} seconds: the service starts anew.")
        self.by = by


class Clock:
    """The clock on the wall beside one that nobody sets, both in seconds."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = wall() - steady()

    def set_back(self) -> timedelta | None:
        """By how much it was set back since the last look, if by more than clocks are every day."""
        before, self._ahead = self._ahead, self._wall() - self._steady()
        back = timedelta(seconds=before - self._ahead)
        return back if back > ORDINARY else None


def watch(report: Callable[[Exception], None]) -> None:
    """Looks at the clock from a thread of its own until it was set back, and reports that."""

    def look() -> None:
        clock = Clock()
        while (back := clock.set_back()) is None:
            time.sleep(LOOK_SECONDS)
        report(ClockSetBackError(back))

    threading.Thread(target=look, daemon=True).start()


def start_anew(environment: Mapping[str, str]) -> NoReturn:
    """This process begins again, under its number, with the words and the environment that it was started with."""
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606  our own words
