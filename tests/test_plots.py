"""The geometry of the plots: every event has its place, in its lane and in the order of time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.web.plots import OTHERS, WIDTH, Event, bars, spark, timeline

BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine may be busy with other things."""
LANES = {"leadership": "Leadership", "funding": "Funding and support"}
DAY = datetime(2025, 9, 30, 12, tzinfo=UTC)


def event(number: int, days: float, lane: str = "leadership", *later: tuple[str, float]) -> Event:
    stages = (("proposed", DAY + timedelta(days=days)), *((name, DAY + timedelta(days=at)) for name, at in later))
    return Event(number, lane, f"Event {number}", stages)


moments = st.integers(0, 100 * 365 * 24 * 60).map(lambda minutes: DAY + timedelta(minutes=minutes))
events = st.lists(
    st.tuples(st.sampled_from([*LANES, "unknown"]), st.lists(moments, min_size=1, max_size=4).map(sorted)), max_size=40
).map(
    lambda found: [
        Event(i, lane, "t", tuple((f"stage {j}", at) for j, at in enumerate(times)))
        for i, (lane, times) in enumerate(found)
    ]
)


@BUSY
@given(events)
def test_every_event_has_one_mark_inside_the_picture_and_inside_its_lane(found: list[Event]) -> None:
    plot = timeline(found, LANES)
    assert sorted(mark.event.id for mark in plot.marks) == [one.id for one in found]
    lanes = {lane.name: lane for lane in plot.lanes}
    for mark in plot.marks:
        lane = lanes[mark.event.lane]
        assert lane.y < mark.y < lane.y + lane.height < plot.height
        assert 0 < mark.start <= mark.x < WIDTH
    assert all(0 < tick.x <= WIDTH for tick in plot.ticks)


@BUSY
@given(events)
def test_what_came_later_stands_further_right(found: list[Event]) -> None:
    marks = sorted(timeline(found, LANES).marks, key=lambda mark: mark.since)
    assert [mark.x for mark in marks] == sorted(mark.x for mark in marks)


def test_marks_that_would_touch_stand_in_rows_of_their_own() -> None:
    plot = timeline([event(1, 0), event(2, 0.01), event(3, 30)], LANES)
    rows = {mark.event.id: mark.y for mark in plot.marks}
    assert rows[1] != rows[2]
    assert rows[1] == rows[3]


def test_lanes_stand_as_configured_and_unknown_ones_below() -> None:
    plot = timeline([event(1, 0, "zebra"), event(2, 1, "funding"), event(3, 2)], LANES)
    assert [lane.name for lane in plot.lanes] == ["leadership", "funding", "zebra"]


def test_marks_leave_room_for_the_longest_name_of_a_lane() -> None:
    (short,) = timeline([event(1, 0)], {"leadership": "Lead"}).marks
    (long,) = timeline([event(1, 0)], {"leadership": "A name that takes much more room than that"}).marks
    assert short.start < long.start


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (3, ["30 Sep", "1 Oct", "2 Oct", "3 Oct", "4 Oct"]),
        (40, ["6 Oct", "13 Oct", "20 Oct", "27 Oct", "3 Nov", "10 Nov"]),
        (200, ["Oct 2025", "Nov 2025", "Dec 2025", "Jan 2026", "Feb 2026", "Mar 2026", "Apr 2026"]),
        (3000, ["Jan 2026", "Jan 2027", "Jan 2028", "Jan 2029", "Jan 2030", "Jan 2031", "Jan 2032", "Jan 2033"]),
    ],
)
def test_the_axis_has_few_round_ticks(days: int, labels: list[str]) -> None:
    found = [tick.label for tick in timeline([event(1, 0), event(2, days)], LANES).ticks]
    assert set(labels) <= set(found)
    assert len(found) <= 14


def test_ticks_stand_at_midnight_of_the_readers_zone() -> None:
    zone = ZoneInfo("America/Port-au-Prince")
    here = {tick.label: tick.x for tick in timeline([event(1, 0), event(2, 3)], LANES, zone).ticks}
    there = {tick.label: tick.x for tick in timeline([event(1, 0), event(2, 3)], LANES).ticks}
    assert here["1 Oct"] > there["1 Oct"]


# --------------------------------------------------------------------------- bars

FIRST = date(2025, 9, 1)


@BUSY
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 900).map(lambda n: FIRST + timedelta(days=n)), st.sampled_from("abcdefghij")),
        st.integers(1, 1000),
        max_size=60,
    ),
    st.integers(0, 900),
)
def test_bars_hold_everything_once_and_stay_inside(counts: dict[tuple[date, str], int], length: int) -> None:
    last = FIRST + timedelta(days=length)
    plot = bars(counts, FIRST, last)
    assert sum(bar.total for bar in plot.bars) == sum(n for (day, _), n in counts.items() if day <= last)
    for bar in plot.bars:
        assert sum(part.count for part in bar.parts) == bar.total
        assert all(part.y > 19.9 and part.y + part.height <= plot.base + 0.1 for part in bar.parts)
        assert 0 < bar.x < bar.x + bar.width <= WIDTH
    assert len(plot.series) <= 7


def test_many_days_are_put_together() -> None:
    counts = {(FIRST, "en"): 2, (FIRST + timedelta(days=6), "en"): 3}
    assert [bar.total for bar in bars(counts, FIRST, FIRST + timedelta(days=9)).bars][:7] == [2, 0, 0, 0, 0, 0, 3]
    weeks = bars(counts, FIRST, FIRST + timedelta(days=300))
    assert (weeks.bars[0].days, weeks.bars[0].total) == (7, 5)


def test_bars_name_the_year_where_it_begins_once_there_is_more_than_a_season() -> None:
    assert bars({}, FIRST, FIRST + timedelta(days=30)).ticks[0].label.isascii()
    labels = [tick.label for tick in bars({}, date(2025, 3, 1), date(2026, 3, 1)).ticks]
    assert (labels[0], [label for label in labels if "2026" in label]) == ("1 Mar 2025", labels[-2:-1])
    assert [tick.label for tick in bars({}, date(2025, 3, 1), date(2025, 3, 2)).ticks] == ["1 Mar", "2 Mar"]


def test_what_is_rare_is_put_together_as_others() -> None:
    counts = {(FIRST, name): 10 - i for i, name in enumerate("abcdefgh")}
    plot = bars(counts, FIRST, FIRST)
    assert [name for name, _ in plot.series] == [*"abcdef", OTHERS]
    assert plot.bars[0].parts[-1].count == 4 + 3


def test_developments_are_marked_on_their_day() -> None:
    plot = bars({}, FIRST, FIRST + timedelta(days=2), {FIRST + timedelta(days=1): 2})
    assert [bar.marked for bar in plot.bars] == [0, 2, 0]


def test_small_bars_leave_out_what_is_zero() -> None:
    assert spark([0, 0]) == []
    assert [round(height) for *_, height in spark([0, 5, 10], height=10)] == [5, 10]
