"""Turns, pauses and backoff."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.models import FeedOutcome, FeedState
from monitor.timing import LONGEST_PAUSE, next_page, next_poll, next_send, not_before

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)
Status = Literal["new", "unchanged", "failed"]


def outcome(
    status: Status, *, failures: int = 0, url: str = "https://a.example/", wait: timedelta | None = None
) -> FeedOutcome:
    feed = FeedState(1, "A", url, "A", failures=failures)
    return FeedOutcome(feed, NOW, 0.1, status, retry_after=wait)


@pytest.mark.parametrize("status", ["new", "unchanged"])
def test_a_feed_that_answers_is_due_just_before_the_next_poll(status: Status) -> None:
    assert next_poll(outcome(status, failures=5), TEN) == NOW + timedelta(minutes=9)


def test_each_failure_in_a_row_about_doubles_the_pause() -> None:
    pauses = [next_poll(outcome("failed", failures=count), TEN) - NOW for count in range(5)]
    for count, pause in enumerate(pauses):
        assert 0.9 * TEN * 2**count <= pause <= 1.1 * TEN * 2**count


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_pause_is_never_longer_than_its_ceiling_nor_nothing(failures: int, interval: timedelta) -> None:
    pause = next_poll(outcome("failed", failures=failures), interval) - NOW
    assert timedelta(seconds=54) <= pause <= LONGEST_PAUSE


def test_feeds_that_failed_together_do_not_come_back_together() -> None:
    moments = {next_poll(outcome("failed", url=f"https://{n}.example/"), TEN) for n in range(20)}
    assert len(moments) > 15


def test_a_pause_is_the_same_whenever_it_is_worked_out() -> None:
    assert next_poll(outcome("failed"), TEN) == next_poll(outcome("failed"), TEN)


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


def test_an_alert_is_given_up_when_the_next_try_would_be_beyond_patience() -> None:
    created = NOW - timedelta(hours=47, minutes=59)
    assert next_send(NOW, 1, created, timedelta(hours=48)) == NOW + timedelta(minutes=1)
    assert next_send(NOW, 2, created, timedelta(hours=48)) is None
