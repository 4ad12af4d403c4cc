"""How the monitor does: the facts, what of them is trouble, and how much it matters."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from monitor import alive
from monitor.glance import Glance
from monitor.store import Store
from monitor.store.base import required
from monitor.store.overview import overview
from monitor.units import in_words

_QUIET = timedelta(hours=1)
"""So long without a poll is a trouble where no service runs: `poll` may be started by cron."""


class Level(IntEnum):
    """How much a trouble matters, and to whom."""

    NOTE = 0
    """It mends itself: a feed that fails is asked again, and one that fails for hours is told."""
    WARNING = 1
    """Somebody should look."""
    CRITICAL = 2
    """The monitor does not do its work."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is not well, in words."""

    level: Level
    text: str


def facts(store: Store, settings: Glance, now: datetime) -> dict[str, Any]:
    """All that is known at a look, without a judgement."""
    process = alive.running(settings.database_path)
    return {
        "service": "running" if process else "not running",
        "service_process": int(process) if process and process.isdecimal() else None,
        **overview(store, now),
        "channels": ", ".join(settings.channels),
    }


def troubles(facts: dict[str, Any], now: datetime, patience: timedelta | None = None) -> Iterator[Trouble]:
    """What is not well; `patience` is how long no feed may have answered, where somebody knows the schedule."""
    if not facts["channels"]:
        yield Trouble(Level.WARNING, "nobody is told: no channel is configured, alerts are only printed and stored")
    if failing := facts["channels_failing"]:
        text = f"channels that fail and are tried again: {failing}: haiti-monitor alerts list --queued"
        yield Trouble(Level.WARNING, text)
    if facts["alerts_failed"]:
        text = f"{facts['alerts_failed']} alerts could not be sent: haiti-monitor alerts list --failed"
        yield Trouble(Level.WARNING, text)
    if facts["feeds_failing"]:
        most = 2 * facts["feeds_failing"] > facts["feeds"]
        text = f"{facts['feeds_failing']} of {facts['feeds']} feeds fail: haiti-monitor feeds list"
        yield Trouble(Level.WARNING if most else Level.NOTE, text)
    yield from _of_polls(facts, now, patience)
    yield from (Trouble(Level.WARNING, text) for text in facts["troubles"])


def _of_polls(facts: dict[str, Any], now: datetime, patience: timedelta | None) -> Iterator[Trouble]:
    if facts["last_poll"] is None:
        yield Trouble(Level.CRITICAL, "no poll has happened yet: haiti-monitor run")
        return
    if facts["service"] != "running" and now - required(facts["last_poll"]) > _QUIET:
        ago = rounded(now - required(facts["last_poll"]))
        text = f"nothing polls: no service runs, and the last poll was {ago} ago: haiti-monitor run"
        yield Trouble(Level.CRITICAL, text)
    good = facts["last_good_poll"]
    if patience is not None and facts["feeds"] and (good is None or now - required(good) > patience):
        since = f"has answered for {rounded(now - required(good))}" if good else "ever answered"
        yield Trouble(Level.CRITICAL, f"no feed {since}: haiti-monitor feeds list")


def worst(found: list[Trouble]) -> Level:
    """How well it is as a whole."""
    return max((trouble.level for trouble in found), default=Level.NOTE)


def named(level: Level) -> str:
    """What monitoring systems call it."""
    return "OK" if level is Level.NOTE else level.name


def age(text: str | None, now: datetime) -> float | None:
    """Seconds since a moment of the database."""
    return max((now - required(text)).total_seconds(), 0.0) if text else None


def rounded(length: timedelta) -> str:
    """A length of time in its largest unit: `4 min`, `3 days`."""
    seconds = max(round(length.total_seconds()), 0)
    unit = next((unit for unit in (86400, 3600, 60) if seconds >= unit), 1)
    return in_words(timedelta(seconds=seconds // unit * unit))
