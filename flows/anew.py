"""When a service starts anew: its clock was set back, or its polls do not come any more.

The Prefect server plans by the clock, so after one that was set back it would start nothing until the old time comes
again. And where it could not note the end of a poll, as on a full disk, that poll keeps its flow's only place for ever.
A start plans anew and clears what was left behind.
"""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from flows import lastgood
from monitor import alive
from monitor.config import Config, load
from monitor.errors import ConfigError, MonitorError
from monitor.eventlog import say
from monitor.units import in_words

LOOK_SECONDS = 5.0
ORDINARY = timedelta(minutes=2)
"""By so much clocks are corrected every day; a poll that comes so much later harms nobody."""
LEAST = timedelta(minutes=2)
"""So long without a poll is no trouble, however often they are planned."""
LONGEST = timedelta(hours=6)
"""For one poll, which may have thousands of pages to read."""
ROOM = 16 << 20
"""Bytes without which nothing can be stored, nor a service started."""


class AnewError(MonitorError):
    """The reason for a service to start anew: which event it is, and what belongs to that."""

    def __init__(self, event: str, text: str, **fields: Any) -> None:
        super().__init__(text)
        self.event, self.fields = event, fields


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


class Polls:
    """The signs that polls leave on a database, by a clock that nobody sets (seconds)."""

    def __init__(
        self, database: Path, patience: Callable[[timedelta], timedelta], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._patience, self._steady = database, patience, steady
        self._sign, self._since = alive.polled(database), steady()

    def missing(self) -> timedelta | None:
        """For how long there was none, or one that does not end, if that is longer than it may be."""
        sign = alive.polled(self._database)
        if sign != self._sign:
            self._sign, self._since = sign, self._steady()
        silence = timedelta(seconds=self._steady() - self._since)
        if silence <= LEAST:
            return None
        return silence if silence > (LONGEST if sign.under_way else self._patience(silence)) else None


class Planned:
    """How long no poll may come, by the schedule that holds now: three times what is planned between two."""

    def __init__(self, config: Config) -> None:
        self._poll, self._read = config.settings.schedule.poll, self._stamp()

    def __call__(self, silence: timedelta) -> timedelta:
        """How long the present silence may last."""
        stamp = self._stamp()
        if stamp != self._read:  # runs took another configuration; to load it costs a second
            self._read, kept = stamp, lastgood.of_service()
            if kept:
                self._poll = _poll_of(kept.good) or self._poll
        if isinstance(self._poll, timedelta):
            return max(LEAST, 3 * self._poll)
        from croniter import croniter

        begun = datetime.now(UTC) - silence
        coming = croniter(self._poll, begun)
        third: datetime = [coming.get_next(datetime) for _ in range(3)][-1]
        return max(LEAST, third - begun)

    @staticmethod
    def _stamp() -> int:
        kept = lastgood.of_service()
        return kept.good.stat().st_mtime_ns if kept and kept.good.exists() else 0


def _poll_of(path: Path) -> timedelta | str | None:
    try:
        return load(path, rules=False).settings.schedule.poll
    except ConfigError:  # written this moment
        return None


def watch(report: Callable[[Exception], None], config: Config, may_start: Callable[[], bool]) -> None:
    """Looks from a thread of its own until there is a reason to start anew, and reports that.

    It waits while a start would fail: on a full disk, and unless `may_start`.
    """

    def look() -> None:
        try:
            report(_reason(config, may_start))
        except OSError as error:
            report(MonitorError(f"The folder of the data cannot be used any more: {error}"))

    threading.Thread(target=look, daemon=True).start()


def _reason(config: Config, may_start: Callable[[], bool]) -> Exception:
    clock, polls, full, back = Clock(), Polls(config.database_path, Planned(config)), False, None
    while True:
        back = clock.set_back() or back
        full = _say_of_room(alive.home_of(config.database_path), full)
        reason = _clock_set_back(back) if back else _no_poll(polls.missing())
        if reason and not full and may_start():
            return reason
        time.sleep(LOOK_SECONDS)


def _clock_set_back(back: timedelta) -> AnewError:
    text = f"The clock was set back by {in_words(back)}: the service starts anew."
    return AnewError("clock.set_back", text, seconds=back.total_seconds())


def _no_poll(silence: timedelta | None) -> AnewError | None:
    if silence is None:
        return None
    text = f"No poll came to its end for {in_words(silence)}: the service starts anew."
    return AnewError("service.stalled", text, seconds=silence.total_seconds())


def _say_of_room(home: Path, before: bool) -> bool:
    """Whether the disk is full, said when that changes: on a full one no start would succeed either."""
    free = shutil.disk_usage(home).free
    full = free < ROOM
    if full and not before:
        text = f"The disk of {home.parent} is full: {free >> 20} MB are free, and polls fail until there is room."
        say("disk.full", text, level="error", free=free)
    if before and not full:
        say("disk.free", f"The disk of {home.parent} has room again.", free=free)
    return full


def start_anew(environment: Mapping[str, str]) -> NoReturn:
    """This process begins again, under its number, with the words and the environment that it was started with."""
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606  our own words
