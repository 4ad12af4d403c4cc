"""Amounts as people write them: `10 minutes`, `48 h`, `10 MB`."""

import re
from datetime import timedelta

_SECONDS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "d": 86400,
    "day": 86400,
}
_SECONDS |= {"w": 604800, "week": 604800}
_BYTES = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
_AMOUNT = re.compile(r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*([a-zA-Z]+)\s*")
LONGEST = timedelta(days=36500)
"""No length of time in the configuration is longer: moments that far away can still be counted."""


def duration(value: str) -> timedelta:
    """`20 s`, `10 minutes`, `48h`, `7 days`, a hundred years at most. Raises ValueError for anything else."""
    number, unit = _split(value)
    # Only words have a plural: `ms` are not minutes.
    seconds = _SECONDS.get(unit) or (_SECONDS.get(unit.removesuffix("s")) if len(unit) > 2 else None)
    if number is None or seconds is None:
        raise ValueError(f"{value!r} is no length of time; write for example 20 s, 10 minutes, 48 h or 7 days")
    if number * seconds > LONGEST.total_seconds():
        raise ValueError(f"{value!r} is too long; {LONGEST.days} days is the most")
    return timedelta(seconds=number * seconds)


def size(value: str) -> int:
    """`10 MB` in bytes. Raises ValueError for anything else."""
    number, unit = _split(value)
    if number is None or unit not in _BYTES:
        raise ValueError(f"{value!r} is no size; write for example 500 kB or 10 MB")
    return int(number * _BYTES[unit])


def _split(value: str) -> tuple[float | None, str]:
    match = _AMOUNT.fullmatch(value)
    return (float(match[1]), match[2].lower()) if match else (None, "")


def in_words(length: timedelta) -> str:
    """A length of time as a person says it: `2 h 5 min`, `3 days`."""
    seconds = round(length.total_seconds())
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(days, "day" if days == 1 else "days"), (hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def in_bytes(amount: int) -> str:
    """An amount of bytes as a person says it: `1.2 GB`, `340 kB`."""
    for unit, factor in (("GB", 1000**3), ("MB", 1000**2), ("kB", 1000)):
        if amount >= factor:
            number = amount / factor
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{amount} bytes"
