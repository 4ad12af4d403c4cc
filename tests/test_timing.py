"""Turns, pauses and backoff."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.models import FeedOutcome, FeedState, Pace
from monitor.timing import (
    FULL_AFTER,
    LONGEST_PAUSE,
    max_age,
    next_page,
    next_poll,
    next_send,
    not_before,
    rhythm,
    wants_all,
)

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)
HOUR = timedelta(hours=1)
Status = Literal["new", "unchanged", "failed"]


def outcome(
    status: Status,
    *,
    failures: int = 0,
    url: str = "https://a.example/",
    wait: timedelta | None = None,
    interval: timedelta | None = None,
    max_age: timedelta | None = None,
) -> FeedOutcome:
    feed = FeedState(1, "A", url, "A", failures=failures, interval=interval)
    http_status = 500 if status == "failed" else 200
    return FeedOutcome(feed, NOW, 0.1, status, http_status, retry_after=wait, max_age=max_age)


@pytest.mark.parametrize("status", ["new", "unchanged"])
def test_a_feed_that_answers_is_due_just_before_the_next_poll(status: Status) -> None:
    assert next_poll(outcome(status, failures=5), TEN, HOUR, Pace()) == NOW + timedelta(minutes=9)


def test_each_failure_in_a_row_about_doubles_the_pause() -> None:
    pauses = [next_poll(outcome("failed", failures=count), TEN, HOUR, Pace()) - NOW for count in range(5)]
    for count, pause in enumerate(pauses):
        assert 0.9 * TEN * 2**count <= pause <= 1.1 * TEN * 2**count


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_pause_is_never_longer_than_its_ceiling_nor_nothing(failures: int, interval: timedelta) -> None:
    pause = next_poll(outcome("failed", failures=failures), interval, HOUR, Pace()) - NOW
    assert timedelta(seconds=54) <= pause <= LONGEST_PAUSE


def test_feeds_that_failed_together_do_not_come_back_together() -> None:
    moments = {next_poll(outcome("failed", url=f"https://{n}.example/"), TEN, HOUR, Pace()) for n in range(20)}
    assert len(moments) > 15


def test_a_pause_is_the_same_whenever_it_is_worked_out() -> None:
    first, second = (next_poll(outcome("failed"), TEN, HOUR, Pace()) for _ in range(2))
    assert first == second


# --------------------------------------------------------------------------- what a feed asks for


@pytest.mark.parametrize(
    ("ttl", "age", "minutes"),
    [
        pytest.param(None, None, 10, id="nothing"),
        pytest.param(30, None, 30, id="its ttl"),
        pytest.param(None, 20, 20, id="its Cache-Control"),
        pytest.param(30, 40, 40, id="the longer of both"),
        pytest.param(5, 1, 10, id="less than we would do"),
        pytest.param(1440, None, 60, id="more than the rarest"),
    ],
)
def test_a_feed_is_left_alone_for_as_long_as_it_says(ttl: int | None, age: int | None, minutes: int) -> None:
    pace = Pace(timedelta(minutes=ttl) if ttl else None)
    asked = outcome("unchanged", max_age=timedelta(minutes=age) if age else None)
    assert next_poll(asked, TEN, HOUR, pace) == NOW + timedelta(minutes=minutes * 0.9)


@pytest.mark.parametrize(
    ("hours", "days", "due"),
    [
        pytest.param({12}, (), datetime(2026, 5, 1, 13, tzinfo=UTC), id="this hour"),
        pytest.param({12, 13, 14}, (), datetime(2026, 5, 1, 15, tzinfo=UTC), id="the next hours too"),
        pytest.param((), {4}, datetime(2026, 5, 2, tzinfo=UTC), id="the day, a Friday"),
        pytest.param({0}, {4, 5}, datetime(2026, 5, 3, 1, tzinfo=UTC), id="days and an hour"),
        pytest.param({3}, {0}, NOW + timedelta(minutes=9), id="others"),
    ],
)
def test_a_feed_is_not_asked_in_the_hours_and_on_the_days_that_it_skips(
    hours: set[int], days: set[int], due: datetime
) -> None:
    assert next_poll(outcome("new"), TEN, HOUR, Pace(None, frozenset(hours), frozenset(days))) == due


def test_a_feed_that_skips_every_hour_is_asked_all_the_same() -> None:
    due = next_poll(outcome("new"), TEN, HOUR, Pace(None, frozenset(range(24))))
    assert NOW < due <= NOW + timedelta(days=9)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("max-age=300", 300),
        ("public, Max-Age = 60", 60),
        ('max-age="5"', 5),
        ("s-maxage=300", None),
        ("no-cache, max-age=300", None),
        ("max-age=300, no-store", None),
        ("max-age=soon", None),
        ("", None),
    ],
)
def test_cache_control_says_how_long_an_answer_is_good(header: str, seconds: int | None) -> None:
    assert max_age(header) == (None if seconds is None else timedelta(seconds=seconds))


# --------------------------------------------------------------------------- rhythm


def test_a_feed_that_brings_nothing_is_asked_less_and_less_often_and_news_brings_it_back() -> None:
    pauses = [TEN]
    for new in (0,) * 20 + (1,) * 5:
        pauses.append(rhythm(outcome("new" if new else "unchanged", interval=pauses[-1]), new, TEN, HOUR))
    assert pauses[1] == timedelta(minutes=12)
    assert pauses[20] == HOUR
    assert pauses[21:] == [timedelta(minutes=30), timedelta(minutes=15), TEN, TEN, TEN]


def test_a_failure_says_nothing_of_a_rhythm() -> None:
    assert rhythm(outcome("failed", interval=timedelta(minutes=40)), 0, TEN, HOUR) == timedelta(minutes=40)


def test_a_rhythm_keeps_to_the_bounds_of_the_configuration() -> None:
    assert rhythm(outcome("unchanged", interval=timedelta(hours=5)), 0, TEN, HOUR) == HOUR
    assert rhythm(outcome("unchanged", interval=timedelta(minutes=1)), 0, TEN, HOUR) == TEN


@pytest.mark.parametrize(
    ("since", "all_of_it"),
    [(None, True), (FULL_AFTER, True), (FULL_AFTER - timedelta(seconds=1), False)],
    ids=["never sent", "a day ago", "less than a day ago"],
)
def test_once_a_day_a_feed_is_asked_for_all_of_it(since: timedelta | None, all_of_it: bool) -> None:
    feed = FeedState(1, "A", "https://a.example/", "A", last_full=None if since is None else NOW - since)
    assert wants_all(feed, NOW) is all_of_it


@pytest.mark.parametrize(
    ("wait", "until"), [(None, None), (timedelta(0), None), (timedelta(hours=1), NOW + timedelta(hours=1))]
)
def test_a_server_that_asks_to_be_left_alone_is(wait: timedelta | None, until: datetime | None) -> None:
    assert not_before(outcome("failed", wait=wait)) == until


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(0, None), (1, 10), (2, 60), (3, 360), (4, None), (-1, None), (1000, None)]
)
def test_a_page_is_tried_again_three_times(attempts: int, minutes: int | None) -> None:
    assert next_page(NOW, attempts) == (None if minutes is None else NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (1000, 60)])
def test_an_alert_is_tried_again_after_longer_and_longer_an_hour_at_most(attempts: int, minutes: int) -> None:
    assert next_send(NOW, attempts, NOW, timedelta(days=2)) == NOW + timedelta(minutes=minutes)


def test_the_last_try_of_an_alert_is_when_patience_ends() -> None:
    two_days = timedelta(hours=48)
    assert next_send(NOW, 2, NOW - two_days + timedelta(minutes=1), two_days) == NOW + timedelta(minutes=1)
    assert next_send(NOW, 2, NOW - two_days, two_days) is None


def test_a_page_whose_server_was_not_reached_is_tried_for_three_days() -> None:
    moments = [NOW]
    while (again := next_page(moments[-1], len(moments), reached=False)) is not None:
        moments.append(again)
    assert timedelta(days=3) <= moments[-1] - NOW <= timedelta(days=4)
    assert max(later - earlier for earlier, later in itertools.pairwise(moments)) == timedelta(hours=6)


def test_a_feed_whose_server_was_not_reached_is_asked_again_within_the_hour() -> None:
    """The network may have been away, and is back."""
    answered = outcome("failed", failures=200)
    unreached = replace(answered, http_status=None)
    assert next_poll(unreached, TEN, HOUR, Pace()) <= NOW + HOUR
    assert next_poll(answered, TEN, HOUR, Pace()) > NOW + 5 * HOUR
    assert next_poll(unreached, 2 * HOUR, 2 * HOUR, Pace()) == NOW + 2 * HOUR, "one that is asked more seldom stays so"
