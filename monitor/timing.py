"""When to try again: pure decisions about turns, pauses and backoff."""

import re
import zlib
from datetime import datetime, timedelta

from monitor.models import FeedOutcome, FeedState, Pace

LONGEST_PAUSE = timedelta(hours=6)
LONGEST_UNREACHED = timedelta(hours=1)
"""The same where no server answered: that may be our network's fault, and when it is back is only known by asking."""
FULL_AFTER = timedelta(days=1)
_EARLY = 0.9
"""A feed is due a little before the next scheduled poll, which may start a second early and must not skip it."""


def next_poll(outcome: FeedOutcome, interval: timedelta, rarest: timedelta, pace: Pace) -> datetime:
    """When a feed's turn comes again: after its `interval`, after a failure later with each one in a row.

    A server that says for how long its answer is good (ttl, Cache-Control) is left alone so long, though never longer
    than `rarest`; and a feed is not asked in the hours and on the days in which it brings nothing. The doubling after
    failures has a ceiling of six hours, or one where nobody answered, and a jitter of a tenth, made from the address,
    so that feeds that failed together do not come back together.
    """
    if outcome.status == "failed":
        pause = min(_backoff(interval, outcome.feed.failures + 1, outcome.feed.url), LONGEST_PAUSE)
        reached = outcome.http_status is not None
        return outcome.at + (pause if reached else min(pause, max(LONGEST_UNREACHED, interval)))
    asked = max(pace.ttl or timedelta(0), outcome.max_age or timedelta(0))
    return _not_skipped(outcome.at + max(interval, min(asked, rarest)) * _EARLY, pace)


def rhythm(outcome: FeedOutcome, new: int, often: timedelta, rarest: timedelta) -> timedelta:
    """How long a feed is left alone by its own rhythm: halved when it brings news, a fifth longer when it does not.

    Between `often` and `rarest`; a failure says nothing about it. (Additive or multiplicative steps between bounds are
    what crawlers do that keep no model of a page: Cho and Garcia-Molina 2003 show how little a better one gains.)
    """
    before = outcome.feed.interval or often
    after = before if outcome.status == "failed" else before / 2 if new else before * 1.2
    return max(often, min(after, rarest))


def wants_all(feed: FeedState, now: datetime) -> bool:
    """Whether a feed is asked without conditions for once: some servers say for ever that nothing changed."""
    return feed.last_full is None or now - feed.last_full >= FULL_AFTER


def max_age(cache_control: str) -> timedelta | None:
    """For how long an answer is good (RFC 9111); None where the server does not say, or says not to rely on it."""
    if re.search(r"\b(?:no-cache|no-store)\b", cache_control, re.IGNORECASE):
        return None
    found = re.search(r"\bmax-age\s*=\s*\"?(\d{1,9})", cache_control, re.IGNORECASE | re.ASCII)
    return timedelta(seconds=int(found[1])) if found else None


def _not_skipped(moment: datetime, pace: Pace) -> datetime:
    """The moment, or the first hour after it that a feed does not skip."""
    for _ in range(24 * 8):
        if moment.hour not in pace.skip_hours and moment.weekday() not in pace.skip_days:
            return moment
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return moment  # it skips all of them


def not_before(outcome: FeedOutcome) -> datetime | None:
    """Until when the server asked to be left alone (Retry-After)."""
    return outcome.at + outcome.retry_after if outcome.retry_after else None


def next_page(now: datetime, attempts: int, *, reached: bool = True) -> datetime | None:
    """When a page that failed is tried again: after 10 minutes, an hour, six hours; then None, never.

    Where no server was reached it goes on every six hours for three days: the network may be away.
    """
    delays = (timedelta(minutes=10), timedelta(hours=1), *[timedelta(hours=6)] * (1 if reached else 12))
    return now + delays[attempts - 1] if 0 < attempts <= len(delays) else None


def next_send(now: datetime, attempts: int, since: datetime, patience: timedelta) -> datetime | None:
    """When an alert that failed is tried again: after 1, 2, 4 … minutes, an hour at most, for the last time when
    `patience` ends; then None.
    """
    delay, end = min(timedelta(minutes=2 ** min(attempts - 1, 10)), timedelta(hours=1)), since + patience
    return min(now + delay, end) if now < end else None


def _backoff(base: timedelta, failures: int, url: str) -> timedelta:
    jitter: float = 0.9 + 0.2 * (zlib.crc32(f"{url} {failures}".encode()) % 1000) / 1000
    return max(base, timedelta(minutes=1)) * jitter * float(2 ** min(failures - 1, 12))
