"""The monitor watches itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.schema import SelfWatchSection
from monitor.vigilance import ChannelVitals, FeedVitals, troubles

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SETTINGS = SelfWatchSection()
WEEKLY = tuple(NOW - DAY * days for days in (49, 42, 35, 29, 21, 14))


def feed(failures: int = 0, working: timedelta = HOUR, brought: tuple[datetime, ...] = ()) -> FeedVitals:
    return FeedVitals(7, "Wire", failures, NOW - working, "HTTP 500", brought=brought)


def channel(given_up: int = 0, age: timedelta = HOUR / 2) -> ChannelVitals:
    return ChannelVitals("desk", 3, given_up, NOW - age, "connection refused")


def told(*feeds: FeedVitals, channels: tuple[ChannelVitals, ...] = (), polled: timedelta = HOUR) -> list[str]:
    return [one.what for one in troubles(feeds, channels, NOW - polled, NOW, SETTINGS, 2 * HOUR)]


@pytest.mark.parametrize(
    ("one", "what"),
    [
        pytest.param(feed(), [], id="well"),
        pytest.param(feed(9, 6 * HOUR), [], id="fails for some hours"),
        pytest.param(feed(9, 7 * HOUR), ["the feed Wire has failed for 7 hours: HTTP 500"], id="fails for longer"),
        pytest.param(feed(0, 7 * HOUR), [], id="was not asked"),
        pytest.param(
            replace(feed(1), gone=True), ["the feed Wire is not asked any more: HTTP 500"], id="is gone for good"
        ),
        pytest.param(feed(brought=WEEKLY), [], id="as silent as ever"),
        pytest.param(
            feed(brought=tuple(at - 12 * DAY for at in WEEKLY)),
            ["the feed Wire answers and has had nothing new for 26 days; its longest pause before was 8 days"],
            id="silent against its rhythm",
        ),
        pytest.param(feed(brought=(NOW - 50 * DAY, NOW - 49 * DAY)), [], id="no rhythm is known"),
        pytest.param(
            feed(brought=tuple(NOW - 40 * HOUR - HOUR * n for n in range(9, 0, -1))), [], id="a quiet weekend"
        ),
    ],
)
def test_a_feed_is_in_trouble_when_it_fails_for_hours_or_is_silent_against_its_rhythm(
    one: FeedVitals, what: list[str]
) -> None:
    assert told(one) == what


def test_a_channel_is_in_trouble_when_it_takes_nothing_for_an_hour_or_something_was_given_up() -> None:
    assert told(channels=(channel(),)) == []
    assert told(channels=(channel(age=2 * HOUR),)) == ["the channel desk takes no alerts: 3 wait: connection refused"]
    assert told(channels=(channel(2),)) == [
        "the channel desk takes no alerts: 3 wait, 2 given up: connection refused",
    ]


def test_a_poll_that_did_not_happen_is_a_trouble() -> None:
    assert told(polled=3 * HOUR) == ["no feed was polled for 3 hours: is the service well?"]
    assert troubles((), (), None, NOW, SETTINGS, 2 * HOUR) == []
