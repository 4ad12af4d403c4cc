"""Quiet hours, digests and limits hold alerts; they never drop one."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.delivery import Plan, first_attempt, plan, quiet_until
from monitor.schema import ChannelSection

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
NEW_YORK = "America/New_York"


def channel(**settings: Any) -> ChannelSection:
    return ChannelSection.model_validate({"name": "desk", "url": "json://desk.example"} | settings)


def decide(due: list[int], sent: int = 0, now: datetime = NOW, timezone: str = "UTC", **settings: Any) -> Plan[int]:
    return plan(channel(**settings), due, sent=sent, now=now, timezone=timezone)


# --------------------------------------------------------------------------- digests


def test_without_a_digest_an_alert_is_due_at_once() -> None:
    assert first_attempt(channel(), NOW, "UTC") == first_attempt(None, NOW, "UTC") == NOW


@pytest.mark.parametrize(
    ("now", "timezone", "due"),
    [
        pytest.param(NOW, "UTC", datetime(2026, 5, 2, 7, tzinfo=UTC), id="tomorrow"),
        pytest.param(NOW.replace(hour=6), "UTC", datetime(2026, 5, 1, 7, tzinfo=UTC), id="today"),
        pytest.param(NOW.replace(hour=7), "UTC", datetime(2026, 5, 2, 7, tzinfo=UTC), id="the moment itself is over"),
        pytest.param(NOW, NEW_YORK, datetime(2026, 5, 2, 11, tzinfo=UTC), id="in the zone of the reader"),
        pytest.param(
            datetime(2026, 3, 7, 20, tzinfo=UTC),
            NEW_YORK,
            datetime(2026, 3, 8, 11, tzinfo=UTC),
            id="clocks put forward",
        ),
        pytest.param(
            datetime(2026, 10, 31, 20, tzinfo=UTC),
            NEW_YORK,
            datetime(2026, 11, 1, 12, tzinfo=UTC),
            id="clocks put back",
        ),
    ],
)
def test_with_a_digest_an_alert_is_due_when_the_next_one_is(now: datetime, timezone: str, due: datetime) -> None:
    assert first_attempt(channel(digest="0 7 * * *"), now, timezone) == due


def test_a_digest_is_one_message_of_all_that_is_due() -> None:
    assert decide([1, 2, 3], digest="0 7 * * *") == Plan(now=((1, 2, 3),))


# --------------------------------------------------------------------------- at once


def test_a_plain_channel_gets_each_alert_by_itself() -> None:
    assert decide([1, 2]) == plan(None, [1, 2], sent=0, now=NOW, timezone="UTC") == Plan(now=((1,), (2,)))


@pytest.mark.parametrize(
    "settings", [{}, {"digest": "0 7 * * *"}, {"limit": "1 per hour"}, {"quiet_hours": "11:00-13:00"}]
)
def test_where_nothing_is_due_nothing_happens(settings: dict[str, str]) -> None:
    assert decide([], sent=5, **settings) == Plan()


# --------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("due", "sent", "expected"),
    [
        pytest.param([1, 2], 0, Plan(now=((1,), (2,))), id="within the limit"),
        pytest.param([1, 2, 3], 0, Plan(now=((1,), (2,), (3,))), id="just the limit"),
        pytest.param([1, 2, 3, 4, 5], 0, Plan(now=((1,), (2,), (3, 4, 5))), id="what is over joins the last"),
        pytest.param([1, 2, 3], 2, Plan(now=((1, 2, 3),)), id="room for one message"),
        pytest.param([1, 2], 3, Plan(held=(1, 2), until=NOW + timedelta(minutes=20)), id="no room"),
        pytest.param([1], 9, Plan(held=(1,), until=NOW + timedelta(minutes=20)), id="limit lowered since"),
    ],
)
def test_a_limit_gathers_what_is_over(due: list[int], sent: int, expected: Plan[int]) -> None:
    assert decide(due, sent, limit="3 per hour") == expected


def test_a_digest_keeps_the_limit_too() -> None:
    assert decide([1], sent=1, digest="* * * * *", limit="1 per day") == Plan(held=(1,), until=NOW + timedelta(days=1))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(), max_size=12),
    st.integers(0, 8),
    st.sampled_from([None, "1 per hour", "5 per hour"]),
    st.sampled_from([None, "0 7 * * *"]),
    st.sampled_from([None, "11:00-13:00", "22:00-06:00"]),
)
def test_every_alert_is_sent_once_or_held_and_no_limit_is_exceeded(
    due: list[int], sent: int, limit: str | None, digest: str | None, quiet: str | None
) -> None:
    settings = {"limit": limit, "digest": digest, "quiet_hours": quiet}
    answer = decide(due, sent, **{key: value for key, value in settings.items() if value})
    assert [alert for message in answer.now for alert in message] + list(answer.held) == due
    assert all(answer.now)
    assert bool(answer.held) == (answer.until is not None)
    assert answer.until is None or answer.until > NOW
    assert limit is None or len(answer.now) <= max(0, int(limit[0]) - sent)


# --------------------------------------------------------------------------- quiet hours


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        pytest.param((22, 6), NOW, None, id="by day"),
        pytest.param((22, 6), NOW.replace(hour=22), datetime(2026, 5, 2, 6, tzinfo=UTC), id="as they begin"),
        pytest.param((22, 6), NOW.replace(hour=3), datetime(2026, 5, 1, 6, tzinfo=UTC), id="after midnight"),
        pytest.param((22, 6), NOW.replace(hour=6), None, id="as they end"),
        pytest.param((11, 13), NOW, datetime(2026, 5, 1, 13, tzinfo=UTC), id="at noon"),
        pytest.param((13, 14), NOW, None, id="later today"),
    ],
)
def test_quiet_hours_last_until_they_end(hours: tuple[int, int], now: datetime, until: datetime | None) -> None:
    assert quiet_until((time(hours[0]), time(hours[1])), now, ZoneInfo("UTC")) == until


def test_quiet_hours_are_those_of_the_readers_zone() -> None:
    answer = decide([1], now=NOW.replace(hour=3), timezone=NEW_YORK, quiet_hours="22:00-06:00")
    assert answer == Plan(held=(1,), until=datetime(2026, 5, 1, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        pytest.param((2026, 3, 8, 6, 30), (2026, 3, 8, 10, 0), id="clocks put forward: an hour less"),
        pytest.param((2026, 11, 1, 4, 30), (2026, 11, 1, 11, 0), id="clocks put back: an hour more"),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(now: tuple[int, ...], until: tuple[int, ...]) -> None:
    moment, end = datetime(*now, tzinfo=UTC), datetime(*until, tzinfo=UTC)  # type: ignore[misc,arg-type]
    assert quiet_until((time(22), time(6)), moment, ZoneInfo(NEW_YORK)) == end


def test_quiet_hours_that_end_in_the_hour_that_comes_twice_end_in_the_future() -> None:
    second_time = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)  # 01:10 in New York, for the second time
    until = quiet_until((time(22), time(1, 30)), second_time, ZoneInfo(NEW_YORK))
    assert until == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
