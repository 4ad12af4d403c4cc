"""`status`: the one screen that a person looks at in the morning."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from monitor import alive
from monitor.cli.output import readable, tinted, wrapped
from monitor.glance import Glance
from monitor.store import Store, damage
from monitor.store.base import required
from monitor.store.overview import overview
from monitor.units import in_words

_LATEST = 5
_NAMED = 3
_QUIET = timedelta(hours=1)
"""So long without a poll is a trouble where no service runs: `poll` may be started by cron."""
_INDENT = 14


def facts(store: Store, settings: Glance, now: datetime) -> dict[str, Any]:
    """All that it says, `trouble` being what is not well, in words. Raises StoreError where the file is damaged."""
    damage.check(store)
    process = alive.running(settings.database_path)
    found = {
        "service": "running" if process else "not running",
        "service_process": int(process) if process and process.isdecimal() else None,
        **overview(store, now),
        "channels": ", ".join(settings.channels),
    }
    return found | {"trouble": list(_troubles(found, now))}


def _troubles(facts: dict[str, Any], now: datetime) -> Iterator[str]:
    if not facts["channels"]:
        yield "nobody is told: no channel is configured, alerts are only printed and stored"
    if facts["channels_failing"]:
        yield f"channels that fail and are tried again: {facts['channels_failing']}: haiti-monitor alerts list --queued"
    if facts["alerts_failed"]:
        yield f"{facts['alerts_failed']} alerts could not be sent: haiti-monitor alerts list --failed"
    if facts["feeds_failing"]:
        yield f"{facts['feeds_failing']} of {facts['feeds']} feeds fail: haiti-monitor feeds list"
    if facts["last_poll"] is None:
        yield "no poll has happened yet: haiti-monitor run"
    elif facts["service"] != "running" and now - required(facts["last_poll"]) > _QUIET:
        ago = _rounded(now - required(facts["last_poll"]))
        yield f"nothing polls: no service runs, and the last poll was {ago} ago: haiti-monitor run"
    yield from facts["troubles"]


def show(facts: dict[str, Any], timezone: str, now: datetime) -> None:
    """Prints it for people."""
    for key, value in _lines(facts, timezone, now):
        print(wrapped(f"{key:{_INDENT}}{value}", indent=_INDENT))
        if key == "developments":
            _print_new(facts["new"], timezone)
    for trouble in facts["trouble"]:
        _print_marked("!", "red", trouble, indent=2)
    if not facts["trouble"]:
        print(tinted("all is well", color="green"))


def _lines(facts: dict[str, Any], timezone: str, now: datetime) -> Iterator[tuple[str, str]]:
    process = facts["service_process"]
    yield "service", f"running (process {process})" if process else facts["service"]
    yield "last poll", _when(facts["last_poll"], timezone, now)
    failing = f"{facts['feeds_failing']} failing{_named(facts['failing'])}"
    yield "feeds", f"{facts['feeds']}, {failing}, {facts['feeds_unpolled']} not asked yet"
    yield "articles", f"{facts['articles']:,}, {facts['articles_day']:,} in the last 24 h"
    yield "pages", f"{facts['pages_waiting']:,} to read"
    latest = _when(facts["last_development"], timezone, now)
    yield "developments", f"{facts['developments']:,}, {facts['developments_day']} in the last 24 h; latest {latest}"
    waiting = f"{facts['alerts_queued']} waiting"
    if facts["alerts_waiting_since"]:
        waiting += f" (the oldest for {_rounded(now - required(facts['alerts_waiting_since']))})"
    yield "alerts", f"{facts['alerts_sent']:,} sent, {waiting}, {facts['alerts_failed']} failed"
    yield "channels", facts["channels"] or "none"
    yield "database", f"{facts['database']} ({facts['database_bytes'] / 1e6:,.1f} MB)"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f" ({', '.join(names[:_NAMED])}{more})" if names else ""


def _print_new(rows: list[dict[str, Any]], timezone: str) -> None:
    for row in rows[:_LATEST]:
        text = f"{readable(row['since'], timezone)}  {row['change']} {row['stage']}  {readable(row['title'], timezone)}"
        _print_marked("+", "green", f"{text} ({row['development']})", indent=20)
    if len(rows) > _LATEST:
        print(f"    and {len(rows) - _LATEST} more: haiti-monitor developments list --since 1d")


def _print_marked(mark: str, color: str, text: str, *, indent: int) -> None:
    line = wrapped(f"{mark} {text}", indent=indent)
    print(tinted(line[0], color=color, bold=True) + line[1:])


def _when(text: str | None, timezone: str, now: datetime) -> str:
    if text is None:
        return "never"
    return f"{readable(text, timezone)} {timezone} ({_rounded(now - required(text))} ago)"


def _rounded(length: timedelta) -> str:
    """A length of time in its largest unit: `4 min`, `3 days`."""
    seconds = max(round(length.total_seconds()), 0)
    unit = next((unit for unit in (86400, 3600, 60) if seconds >= unit), 1)
    return in_words(timedelta(seconds=seconds // unit * unit))
