"""The monitor watches itself: which feeds, channels and polls are in trouble. Pure decisions.

A feed is in trouble when it failed for hours, or is silent against its own rhythm: three times longer than the longest
pause that it made before. Each trouble is told once when it comes and once when it is over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.feedstate import PAUSES, SHORTEST_SILENCE, TIMES
from monitor.schema import SelfWatchSection


@dataclass(frozen=True, slots=True)
class FeedVitals:
    """How a feed is doing."""

    id: int
    name: str
    failures: int
    working: datetime
    """When it last answered well; before that, when it was added."""
    error: str
    gone: bool = False
    """Whether its server said that it will never come back."""
    brought: tuple[datetime, ...] = ()
    """When polls found new entries in it, in order."""


@dataclass(frozen=True, slots=True)
class ChannelVitals:
    """A channel that has alerts which it did not take."""

    name: str
    waiting: int
    given_up: int
    since: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not as it should be: `what` says it in a line, `subject` names it the same at each look."""

    subject: str
    what: str


NIGHTLY = frozenset({"database", "backup"})
"""The troubles that only the nightly look at the database tells, and ends."""


def troubles(
    feeds: Iterable[FeedVitals],
    channels: Iterable[ChannelVitals],
    last_poll: datetime | None,
    now: datetime,
    settings: SelfWatchSection,
    no_poll: timedelta,
) -> list[Trouble]:
    """All that is in trouble now; `no_poll` is how long no feed may be polled."""
    found = [*_of_feeds(feeds, now, settings), *_of_channels(channels, now, settings)]
    if last_poll is not None and now - last_poll > no_poll:
        found.append(Trouble("poll", f"no feed was polled for {_span(now - last_poll)}: is the service well?"))
    return found


def _of_feeds(feeds: Iterable[FeedVitals], now: datetime, settings: SelfWatchSection) -> Iterator[Trouble]:
    for feed in feeds:
        if feed.gone:
            yield Trouble(f"feed {feed.id} gone", f"the feed {feed.name} is not asked any more: {feed.error}")
        elif feed.failures and now - feed.working > settings.feed_failing:
            what = f"the feed {feed.name} has failed for {_span(now - feed.working)}: {feed.error}"
            yield Trouble(f"feed {feed.id} fails", what)
        elif not feed.failures and settings.silence and (longest := _longest_pause(feed)):
            silence = now - feed.brought[-1]
            if silence > max(SHORTEST_SILENCE, TIMES * longest):
                what = f"the feed {feed.name} answers and has had nothing new for {_span(silence)}"
                yield Trouble(f"feed {feed.id} silent", f"{what}; its longest pause before was {_span(longest)}")


def _longest_pause(feed: FeedVitals) -> timedelta | None:
    pauses = [later - earlier for earlier, later in zip(feed.brought, feed.brought[1:], strict=False)]
    return max(pauses) if len(pauses) >= PAUSES else None


def _of_channels(channels: Iterable[ChannelVitals], now: datetime, settings: SelfWatchSection) -> Iterator[Trouble]:
    for channel in channels:
        if channel.given_up or now - channel.since > settings.channel_failing:
            lost = f", {channel.given_up} given up" if channel.given_up else ""
            what = f"the channel {channel.name} takes no alerts: {channel.waiting} wait{lost}: {channel.error}"
            yield Trouble(f"channel {channel.name}", what)


def _span(length: timedelta) -> str:
    """`7 hours`, `3 days`: whole units, so that the text of a trouble stays readable."""
    hours = int(length.total_seconds() // 3600)
    if hours >= 48:
        return f"{hours // 24} days"
    if hours >= 1:
        return f"{hours} {'hour' if hours == 1 else 'hours'}"
    return f"{int(length.total_seconds() // 60)} minutes"
