"""The state of a feed in words: one sentence from its row, what its polls found, and the present moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.feedstate import Lately, roughly, state

NOW = datetime(2025, 9, 30, 12, 0, tzinfo=UTC)
DAILY = Lately(tuple((NOW - timedelta(days=day), 1) for day in range(12, 1, -1)))


def before(**length: float) -> str:
    """A moment as the database writes it."""
    return (NOW - timedelta(**length)).strftime("%Y-%m-%dT%H:%M:%SZ")


def row(**columns: Any) -> dict[str, Any]:
    """A feed that was asked three minutes ago and is well."""
    return {
        "active": 1,
        "url": "https://tides.example/feed",
        "failures": 0,
        "last_polled": before(minutes=3),
        "last_success": before(minutes=3),
        "last_new_entry": before(hours=3),
        "next_due": before(minutes=-7),
    } | columns


FAULT = "https://tides.example answered 503 Service Unavailable"
PAUSE = "https://tides.example answered 429 Too Many Requests, and asks to be left alone for 2:00:00"


@pytest.mark.parametrize(
    ("columns", "lately", "sentence"),
    [
        pytest.param({}, None, "healthy, nothing new for 3 h", id="no history"),
        pytest.param(
            {},
            Lately(((NOW - timedelta(hours=20), 10), (NOW - timedelta(hours=3), 2))),
            "healthy, 12 new entries within a day, the last 3 h ago",
            id="news",
        ),
        pytest.param(
            {},
            Lately(((NOW - timedelta(hours=3), 1),)),
            "healthy, 1 new entry within a day, the last 3 h ago",
            id="one",
        ),
        pytest.param({"last_new_entry": None}, None, "healthy, nothing in it so far", id="empty"),
        pytest.param(
            {"last_new_entry": before(days=2)},
            DAILY,
            "healthy, nothing new for 2 days; its rhythm is one entry a day",
            id="within its rhythm",
        ),
        pytest.param(
            {"last_new_entry": before(days=9)},
            DAILY,
            "silent for 9 days against its rhythm, one entry a day",
            id="against its rhythm",
        ),
        pytest.param(
            {"failures": 7, "last_success": before(hours=5), "error": FAULT, "next_due": before(minutes=-20)},
            None,
            "failing for 5 h (7 times): the server answered 503 Service Unavailable; next try in 20 min",
            id="failing",
        ),
        pytest.param(
            {"failures": 1, "last_success": None, "last_error": FAULT, "next_due": before(minutes=1)},
            None,
            "failing since it was added (once): the server answered 503 Service Unavailable; next try at the next poll",
            id="never worked",
        ),
        pytest.param(
            {"failures": 2, "last_success": before(hours=1), "error": PAUSE, "not_before": before(hours=-2)},
            None,
            "failing for 1 h (2 times): the server answered 429 Too Many Requests; "
            "asks to be left alone until 14:00 UTC",
            id="asks for a pause",
        ),
        pytest.param(
            {"not_before": before(hours=-20)},
            None,
            "healthy, nothing new for 3 h; asks to be left alone until 1 October, 08:00 UTC",
            id="asks for a pause until tomorrow",
        ),
        pytest.param({"not_before": before(hours=1)}, None, "healthy, nothing new for 3 h", id="a pause that is over"),
        pytest.param(
            {"error": "the feed is damaged: mismatched tag in line 3"},
            None,
            "damaged but read: mismatched tag in line 3; nothing new for 3 h",
            id="damaged",
        ),
        pytest.param(
            {"error": "30 entries beyond the first 2000 were left out"},
            None,
            "read, but 30 entries beyond the first 2000 were left out; nothing new for 3 h",
            id="too long",
        ),
        pytest.param(
            {"moved_to": "https://tides.example/new"},
            None,
            "healthy, nothing new for 3 h; moved to https://tides.example/new",
            id="moved",
        ),
        pytest.param(
            {"moved_to": "https://tides.example/feed"}, None, "healthy, nothing new for 3 h", id="moved to where it is"
        ),
        pytest.param(
            {"interval_seconds": 7200}, None, "healthy, nothing new for 3 h; asked every 2 h", id="asked seldom"
        ),
        pytest.param({"interval_seconds": 600}, None, "healthy, nothing new for 3 h", id="asked often"),
        pytest.param(
            {"retired_at": before(days=1), "failures": 3},
            None,
            "retired: the server says it is gone for good (410)",
            id="retired",
        ),
        pytest.param({"last_polled": None}, None, "never polled yet", id="new"),
        pytest.param(
            {"active": 0, "last_polled": None}, None, "switched off: no longer in the configuration", id="switched off"
        ),
    ],
)
def test_a_sentence_says_how_a_feed_is(columns: dict[str, Any], lately: Lately | None, sentence: str) -> None:
    assert state(row(**columns), NOW, lately) == sentence


def test_columns_that_are_not_there_are_not_spoken_of() -> None:
    assert state({}, NOW) == "never polled yet"
    assert state({"last_polled": before(minutes=1)}, NOW) == "healthy, nothing in it so far"
    assert state({"last_polled": before(minutes=1), "failures": 1}, NOW).startswith("failing since it was added (once)")


@pytest.mark.parametrize(
    ("entries", "rhythm"),
    [(1, "one entry a day"), (5, "5 entries a day"), (0.2, "one entry a week"), (0.05, "2 entries a month")],
)
def test_a_rhythm_is_told_in_the_shortest_span_that_has_an_entry(entries: float, rhythm: str) -> None:
    step = timedelta(days=max(1, 1 / entries))
    polls = tuple((NOW - timedelta(days=3) - step * back, max(1, int(entries))) for back in range(6, -1, -1))
    told = state(row(last_new_entry=before(days=3)), NOW, Lately(polls))
    assert rhythm in told


def test_a_long_reason_is_cut_so_that_the_sentence_stays_one() -> None:
    told = state(row(failures=1, error="no connection: " + "very " * 200), NOW)
    assert len(told) < 250
    assert "…" in told


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=30), "a moment"),
        (timedelta(seconds=-30), "a moment"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(hours=48), "2 days"),
    ],
)
def test_lengths_of_time_are_told_in_their_largest_unit(length: timedelta, words: str) -> None:
    assert roughly(length) == words
