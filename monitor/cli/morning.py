"""`status`: the one screen that a person looks at in the morning."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from monitor.cli.output import readable, tinted, wrapped
from monitor.glance import Glance
from monitor.store import Store, damage
from monitor.store.base import required
from monitor.web import vitals
from monitor.web.vitals import Level, rounded

_LATEST = 5
_NAMED = 3
_INDENT = 14


def facts(store: Store, settings: Glance, now: datetime) -> dict[str, Any]:
    """All that it says, `trouble` being what is not well, in words. Raises StoreError where the file is damaged."""
    damage.check(store)
    found = vitals.facts(store, settings, now)
    return found | {"trouble": [trouble.text for trouble in vitals.troubles(found, now)]}


def check(facts: dict[str, Any], now: datetime) -> tuple[bool, str]:
    """Whether all is well, and that in one line as plugins of monitoring systems say it, with figures behind the bar.

    What mends itself, such as a feed that failed just now, is not counted: a check that is seldom green is not heard.
    """
    found = [trouble for trouble in vitals.troubles(facts, now) if trouble.level > Level.NOTE]
    level = vitals.worst(found)
    well = [f"last poll {rounded(now - required(facts['last_poll']))} ago"] if facts["last_poll"] else []
    well.append(f"{facts['feeds'] - facts['feeds_failing']} of {facts['feeds']} feeds answer")
    words = "; ".join(trouble.text for trouble in sorted(found, key=lambda one: -one.level)) or ", ".join(well)
    said = " ".join(words.split()).replace("|", "/")
    return level is Level.NOTE, f"HAITI-MONITOR {vitals.named(level)}: {readable(said, '')} | {_figures(facts, now)}"


def _figures(facts: dict[str, Any], now: datetime) -> str:
    polled = vitals.age(facts["last_good_poll"], now)
    figures = {
        "feeds_failing": facts["feeds_failing"],
        "alerts_queued": facts["alerts_queued"],
        "alerts_failed": facts["alerts_failed"],
        "last_good_poll_age": "U" if polled is None else f"{polled:.0f}s",
    }
    return " ".join(f"{name}={value}" for name, value in figures.items())


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
        waiting += f" (the oldest for {rounded(now - required(facts['alerts_waiting_since']))})"
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
    return f"{readable(text, timezone)} {timezone} ({rounded(now - required(text))} ago)"
