"""Signals become developments, and who is told of what."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.developments import Decision, decide
from monitor.models import Article, Development, Signal, StoredSignal
from monitor.rules.spec import STAGES

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
HORIZON, WINDOW = timedelta(hours=48), timedelta(days=10)
HOURS = timedelta(hours=1)


def signal(
    stage: str = "proposed",
    actors: tuple[str, ...] = ("Norland",),
    at: datetime | None = NOW,
    change: str = "leadership",
) -> StoredSignal:
    return StoredSignal(1, Signal("r", change, stage, actors, "S.", "title", 0, 2), Article(1, "S."), at)


def event(
    number: int = 1,
    stage: str = "proposed",
    actors: tuple[str, ...] = ("Norland",),
    told: tuple[str, ...] | None = None,
    age: timedelta = timedelta(days=1),
    *,
    dismissed: bool = False,
) -> Development:
    stages = frozenset((stage,) if told is None else told)
    return Development(number, "leadership", stage, frozenset(actors), NOW - age, NOW - age, stages, dismissed)


def placed(one: StoredSignal, *known: Development) -> Decision:
    return decide(one, known, now=NOW, horizon=HORIZON, window=WINDOW)


# --------------------------------------------------------------------------- which development


def test_the_first_report_of_an_event_is_a_new_development_and_told() -> None:
    assert placed(signal()) == Decision("new", None, "proposed", tell=True)


def test_another_report_of_the_same_joins_it_and_is_not_told() -> None:
    assert placed(signal(), event()) == Decision("joins", 1, "proposed", tell=False)


@pytest.mark.parametrize(
    ("one", "known", "joins"),
    [
        pytest.param(signal(actors=("Sudland",)), event(), False, id="another actor"),
        pytest.param(signal(actors=("Sudland", "Norland")), event(), True, id="one actor in common"),
        pytest.param(signal(actors=()), event(), True, id="nobody named in the report"),
        pytest.param(signal(), event(actors=()), True, id="nobody named before"),
        pytest.param(signal(change="mandate"), event(), False, id="another change"),
        pytest.param(signal(), event(age=WINDOW), True, id="as long ago as the window"),
        pytest.param(signal(), event(age=WINDOW + HOURS), False, id="longer ago"),
        pytest.param(signal(at=NOW - WINDOW), event(age=timedelta(0)), True, id="an old report found late"),
        pytest.param(signal(at=NOW - WINDOW - HOURS), event(age=timedelta(0)), False, id="one older than the window"),
        pytest.param(signal(at=None), event(), True, id="a report of unknown age counts as of now"),
    ],
)
def test_reports_belong_together_by_change_days_and_actors(one: StoredSignal, known: Development, joins: bool) -> None:
    assert (placed(one, known).development == 1) is joins


def test_of_several_the_one_with_most_actors_in_common_then_the_latest_is_meant() -> None:
    one = signal(actors=("Norland", "Sudland"))
    assert placed(one, event(1), event(2, actors=("Norland", "Sudland"), age=5 * HOURS), event(3)).development == 2
    assert placed(signal(), event(1, age=9 * HOURS), event(2, age=3 * HOURS), event(3, age=6 * HOURS)).development == 2


# --------------------------------------------------------------------------- how it moves on


@pytest.mark.parametrize(
    ("before", "after", "kind", "tell"),
    [
        ("proposed", "decided", "stage", True),
        ("proposed", "effective", "stage", True),
        ("decided", "effective", "stage", True),
        ("decided", "proposed", "joins", False),
        ("effective", "decided", "joins", False),
        ("proposed", "blocked", "contradiction", True),
        ("effective", "blocked", "contradiction", True),
        ("blocked", "proposed", "contradiction", True),
        ("blocked", "blocked", "joins", False),
    ],
)
def test_a_later_stage_moves_on_and_a_stop_contradicts(before: str, after: str, kind: str, tell: bool) -> None:
    answer = placed(signal(after), event(stage=before))
    assert (answer.kind, answer.tell) == (kind, tell)
    assert answer.stage == (before if kind == "joins" else after)
    assert answer.previous_stage == (None if kind == "joins" else before)


def test_a_stage_is_told_once_even_where_it_comes_back() -> None:
    again = placed(signal("decided"), event(stage="blocked", told=("decided", "blocked")))
    assert (again.kind, again.stage, again.tell) == ("contradiction", "decided", False)


# --------------------------------------------------------------------------- who is told


@pytest.mark.parametrize(
    ("at", "tell"),
    [
        pytest.param(NOW - HORIZON, True, id="as old as the horizon"),
        pytest.param(NOW - HORIZON - HOURS, False, id="older"),
        pytest.param(None, False, id="of unknown age"),
    ],
)
def test_old_news_and_news_of_unknown_age_is_placed_and_not_told(at: datetime | None, tell: bool) -> None:
    assert placed(signal(at=at)).tell is tell
    assert placed(signal("decided", at=at), event()).tell is tell


def test_what_was_placed_silently_is_told_with_the_first_fresh_report() -> None:
    assert placed(signal("proposed"), event(stage="decided", told=())) == Decision("joins", 1, "decided", tell=True)


def test_a_dismissed_development_is_never_told_again() -> None:
    assert not placed(signal("decided"), event(dismissed=True)).tell
    assert not placed(signal(), event(told=(), dismissed=True)).tell


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(STAGES), max_size=12), st.lists(st.booleans(), min_size=12, max_size=12))
def test_no_stage_of_an_event_is_told_twice_in_whatever_order_reports_come(
    stages: list[str], fresh: list[bool]
) -> None:
    known: Development | None = None
    told: list[str] = []
    for stage, is_fresh in zip(stages, fresh, strict=False):
        answer = placed(signal(stage, at=NOW if is_fresh else NOW - timedelta(days=5)), *([known] if known else []))
        told += [answer.stage] if answer.tell else []
        assert is_fresh or not answer.tell
        known = event(stage=answer.stage, told=tuple(told))
    assert len(told) == len(set(told))
