"""When to try again: pure decisions about turns, pauses and backoff."""

import zlib
from datetime import datetime, timedelta

from monitor.models import FeedOutcome

LONGEST_PAUSE = timedelta(hours=6)
_EARLY = 0.9
"""A feed is due a little before the next scheduled poll, which may start a second early and must not skip it."""


def next_poll(outcome: FeedOutcome, interval: timedelta) -> datetime:
    """When a feed's turn comes again: after the interval, after a failure later with each one in a row.

    The doubling has a ceiling of six hours and a jitter of a tenth, made from the address, so that feeds that failed
    together do not come back together.
    """
    if outcome.status != "failed":
        return outcome.at + interval * _EARLY
    return outcome.at + min(_backoff(interval, outcome.feed.failures + 1, outcome.feed.url), LONGEST_PAUSE)


def not_before(outcome: FeedOutcome) -> datetime | None:
    """Until when the server asked to be left alone (Retry-After)."""
    return outcome.at + outcome.retry_after if outcome.retry_after else None


def next_page(now: datetime, attempts: int) -> datetime | None:
    """When a page that failed is tried again: after 10 minutes, an hour, six hours; then None, never."""
    delays = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
    return now + delays[attempts - 1] if 0 < attempts <= len(delays) else None


def next_send(now: datetime, attempts: int, since: datetime, patience: timedelta) -> datetime | None:
    """When an alert that failed is tried again: after 1, 2, 4 … minutes, an hour at most; None when patience ends."""
    delay = min(timedelta(minutes=2 ** min(attempts - 1, 10)), timedelta(hours=1))
    return now + delay if now + delay - since <= patience else None


def _backoff(base: timedelta, failures: int, url: str) -> timedelta:
    jitter: float = 0.9 + 0.2 * (zlib.crc32(f"{url} {failures}".encode()) % 1000) / 1000
    return max(base, timedelta(minutes=1)) * jitter * float(2 ** min(failures - 1, 12))
