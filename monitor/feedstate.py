"""How a feed is doing, in a sentence: its row in the database and the present moment in, words out. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from textwrap import shorten
from typing import Any

RHYTHM = timedelta(days=60)
"""How far back a feed's rhythm is looked for."""
_DAY = timedelta(days=1)
PAUSES = 5
"""A rhythm is known from so many pauses on, and broken by a silence of three times the longest."""
TIMES = 3
SHORTEST_SILENCE = timedelta(days=2)
_SLOW = timedelta(hours=1)
"""A feed that is asked more seldom than this is told to be."""
_LONGEST_REASON = 120


@dataclass(frozen=True, slots=True)
class Lately:
    """What the polls of the last weeks found in a feed: when, and how many new entries; without the others."""

    polls: tuple[tuple[datetime, int], ...] = ()

    def within(self, length: timedelta, now: datetime) -> int:
        """How many entries were new in the last hours or days."""
        return sum(new for at, new in self.polls if now - length < at <= now)

    def pauses(self) -> list[timedelta]:
        """The times between polls that found something; none where they are too few to be a rhythm."""
        moments = [at for at, _ in self.polls]
        pauses = [later - earlier for earlier, later in pairwise(moments)]
        return pauses if len(pauses) >= PAUSES else []


def state(row: Mapping[str, Any], now: datetime, lately: Lately | None = None) -> str:
    """The state of a feed in words. `row` has the columns of the table `feeds`; what it lacks is not spoken of."""
    if not row.get("active", 1):
        return "switched off: no longer in the configuration"
    if row.get("retired_at"):
        return "retired: the server says it is gone for good (410)"
    if not row.get("last_polled"):
        return "never polled yet"
    moved, interval = row.get("moved_to"), timedelta(seconds=row.get("interval_seconds") or 0)
    parts = [_health(row, now, lately or Lately())]
    if interval >= _SLOW and not row.get("failures"):
        parts.append(f"asked every {roughly(interval)}")
    if moved and moved != row.get("url"):
        parts.append(f"moved to {moved}")
    if (until := _moment(row, "not_before")) and until > now:
        parts.append(f"asks to be left alone until {_clock(until, now)}")
    return "; ".join(parts)


def _health(row: Mapping[str, Any], now: datetime, lately: Lately) -> str:
    failures, fault = row.get("failures") or 0, str(row.get("error") or row.get("last_error") or "")
    if failures:
        return _failing(row, now, failures, fault)
    quiet = _quiet(row, now, lately)
    if fault:
        damage = fault.removeprefix("the feed is damaged")
        read = "read, but " if damage == fault else "damaged but read: "
        return f"{read}{shorten(damage.lstrip(': '), _LONGEST_REASON, placeholder='…')}; {quiet}"
    return quiet if quiet.startswith("silent") else f"healthy, {quiet}"


def _failing(row: Mapping[str, Any], now: datetime, failures: int, fault: str) -> str:
    last = _moment(row, "last_success")
    since = f"failing for {roughly(now - last)}" if last else "failing since it was added"
    times = "once" if failures == 1 else f"{failures} times"
    turns = [moment for moment in (_moment(row, "next_due"), _moment(row, "not_before")) if moment]
    turn = max(turns, default=None)
    following = f"; next try in {roughly(turn - now)}" if turn and turn > now else "; next try at the next poll"
    if (pause := _moment(row, "not_before")) and pause > now:
        following = ""  # what is said of the pause says it
    return f"{since} ({times}): {_reason(fault)}{following}"


def _quiet(row: Mapping[str, Any], now: datetime, lately: Lately) -> str:
    """What it brought and when: of the last day where there was something, else against its rhythm."""
    last = _moment(row, "last_new_entry")
    if last is None:
        return "nothing in it so far"
    ago = roughly(now - last)
    if new := lately.within(_DAY, now):
        return f"{new} new {'entry' if new == 1 else 'entries'} within a day, the last {ago} ago"
    pauses = lately.pauses()
    if not pauses:
        return f"nothing new for {ago}"
    usual = f"its rhythm is {_rhythm(lately)}"
    if now - last > max(SHORTEST_SILENCE, TIMES * max(pauses)):
        return f"silent for {ago} against its rhythm, {_rhythm(lately)}"
    return f"nothing new for {ago}; {usual}"


def _rhythm(lately: Lately) -> str:
    """`one entry a day`, `5 entries a week`: the coarsest span that has at least one."""
    length = max(lately.polls[-1][0] - lately.polls[0][0], timedelta(minutes=1))
    entries = sum(new for _, new in lately.polls[1:])  # the first found what had gathered before
    counts = {name: round(entries * (days * _DAY / length)) for name, days in (("day", 1), ("week", 7), ("month", 30))}
    name, count = next(((name, count) for name, count in counts.items() if count), ("month", 1))
    return f"one entry a {name}" if count == 1 else f"{count} entries a {name}"


def _reason(fault: str) -> str:
    """Why, without what is said elsewhere: the server's address, and its wish to be left alone."""
    text = re.sub(r", and asks to be left alone for .*", "", fault)
    text = re.sub(r"^https?://\S+(?= [a-z])", "the server", text)
    return shorten(text, _LONGEST_REASON, placeholder="…") or "no reason was recorded"


def roughly(length: timedelta) -> str:
    """A length of time in its largest unit, as people say it: `20 min`, `5 h`, `3 days`."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return "a moment"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def _clock(moment: datetime, now: datetime) -> str:
    at = moment.astimezone(UTC)
    day = "" if at.date() == now.astimezone(UTC).date() else f"{at.day} {at:%B}, "
    return f"{day}{at:%H:%M} UTC"


def _moment(row: Mapping[str, Any], column: str) -> datetime | None:
    text = row.get(column)
    return datetime.fromisoformat(text) if text else None
