"""Signals become developments, and who is told of what."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.developments import (
    MENTIONS,
    announcement,
    begun,
    decide,
    followed,
    grown,
    is_fresh,
    is_plain,
    reports_of,
)
from monitor.models import Article, Development, Report, Signal, Standing, StoredSignal, Telling
from monitor.rules.spec import STAGES

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
HORIZON, WINDOW = timedelta(hours=48), timedelta(days=10)
HOURS = timedelta(hours=1)
DAY = timedelta(days=1)
ARTICLE = Article(1, "S.", story=1)


def report(
    stage: str = "proposed",
    actors: Iterable[str] = ("Norland",),
    at: datetime | None = NOW,
    change: str = "leadership",
    *,
    article: Article = ARTICLE,
    field: str = "title",
    start: int = 0,
    roles: tuple[tuple[str, str], ...] = (),
    guessed: bool = False,
) -> Report:
    signal = Signal("r", change, stage, tuple(actors), "S.", field, start, start + 2, roles=roles, guessed=guessed)
    return Report((StoredSignal(1, signal, article, at),))


def event(
    number: int = 1,
    stage: str = "proposed",
    actors: tuple[str, ...] = ("Norland",),
    age: timedelta = DAY,
    *,
    plain: bool = True,
    roles: tuple[tuple[str, str], ...] = (),
    story: int = 90,
    give: timedelta = timedelta(0),
) -> Development:
    first = report(stage, actors, roles=roles, article=Article(80 + number, "S.", story=story, give=give))
    return replace(begun(number, first, NOW - age), plain=plain)


def place(one: Report, *known: Development, forums: tuple[str, ...] = ()) -> tuple[str, int | None, str]:
    answer = decide(one, known, now=NOW, window=WINDOW, forums=forums)
    return answer.kind, answer.development, answer.stage


# --------------------------------------------------------------------------- reports


def test_the_signals_of_an_article_about_one_change_are_one_report_and_the_nearest_to_the_headline_decides() -> None:
    def found(number: int, article: int, change: str, field: str, start: int) -> StoredSignal:
        signal = Signal(f"r{number}", change, "proposed", (), f"{field} {start}", field, start, start + 1)
        return StoredSignal(number, signal, Article(article, "S."), NOW)

    waiting = [
        found(1, 7, "mandate", "text", 5),
        found(2, 7, "leadership", "text", 9),
        found(3, 7, "mandate", "title", 0),
        found(4, 3, "mandate", "summary", 4),
        found(5, 7, "mandate", "summary", 0),
    ]
    assert [[one.id for one in group.signals] for group in reports_of(waiting)] == [[2], [3, 5, 1], [4]]


@pytest.mark.parametrize(
    ("found", "aside"),
    [
        pytest.param([("mandate", "a", "title"), ("funding", "b", "title")], [], id="both in the headline"),
        pytest.param([("mandate", "a", "title"), ("funding", "b", "summary")], ["funding"], id="one below it"),
        pytest.param([("mandate", "a", "summary"), ("funding", "b", "summary")], [], id="both below a headline"),
        pytest.param([("mandate", "a", "title"), ("funding", "weak", "title")], ["funding"], id="a weak one beside"),
        pytest.param([("funding", "weak", "title")], [], id="a weak one alone"),
        pytest.param(
            [("mandate", "a", "title"), ("funding", "weak", "title"), ("funding", "b", "title")], [], id="not only weak"
        ),
        pytest.param(
            [("mandate", "weak", "title"), ("funding", "weak", "title"), ("funding", "weaker", "title")],
            ["mandate"],
            id="of weak ones the one that most rules find",
        ),
        pytest.param(
            [("mandate", "weak", "title"), ("funding", "b", "summary")], ["funding"], id="a weak one in the headline"
        ),
    ],
)
def test_what_the_headline_does_not_tell_and_what_weak_rules_find_is_said_aside(
    found: list[tuple[str, str, str]], aside: list[str]
) -> None:
    waiting = [
        StoredSignal(number, Signal(rule, change, "proposed", (), "S.", field, 0, 2), ARTICLE, NOW)
        for number, (change, rule, field) in enumerate(found)
    ]
    reports = reports_of(waiting, weak={"weak", "weaker"})
    assert [one.signal.change for one in reports if one.aside] == aside


def test_what_is_said_beside_what_was_placed_before_is_said_aside_too() -> None:
    before = StoredSignal(1, Signal("a", "mandate", "decided", (), "S.", "title", 0, 2), ARTICLE, NOW, placed=True)
    after = StoredSignal(2, Signal("b", "funding", "decided", (), "T.", "summary", 0, 2), ARTICLE, NOW)
    assert [(one.signal.change, one.aside) for one in reports_of([before, after])] == [("funding", True)]


@pytest.mark.parametrize(
    ("field", "start", "summary", "plain"),
    [
        pytest.param("title", 0, "Summary.", True, id="headline"),
        pytest.param("summary", 900, "Summary.", True, id="summary"),
        pytest.param("text", 0, "Summary.", False, id="text below a summary"),
        pytest.param("text", 200, "", True, id="the lead where there is no summary"),
        pytest.param("text", 900, "", False, id="further below"),
    ],
)
def test_what_an_article_is_about_stands_at_its_top(field: str, start: int, summary: str, plain: bool) -> None:
    one = report(field=field, start=start, article=replace(ARTICLE, summary=summary))
    assert is_plain(one) is plain
    assert not is_plain(replace(one, aside=True))


# --------------------------------------------------------------------------- which development


def test_the_first_report_of_an_event_is_a_new_development_and_another_joins_it() -> None:
    assert place(report()) == ("new", None, "proposed")
    assert place(report(), event()) == ("joins", 1, "proposed")


@pytest.mark.parametrize(
    ("one", "known", "joins"),
    [
        pytest.param(report(actors=("Sudland",)), event(), False, id="another actor"),
        pytest.param(report(actors=("Sudland", "Norland")), event(), True, id="one actor in common"),
        pytest.param(report(actors=()), event(), True, id="nobody named in the report"),
        pytest.param(report(), event(actors=()), True, id="nobody named before"),
        pytest.param(report("decided", ()), event(), False, id="nobody named, and another stage"),
        pytest.param(
            report("proposed", (), guessed=True), event(stage="decided"), True, id="nobody named, a guessed stage"
        ),
        pytest.param(report("proposed", guessed=True), event(stage="effective", age=4 * DAY), True, id="a guess late"),
        pytest.param(
            report(at=NOW + 20 * DAY, article=replace(ARTICLE, give=timedelta(days=15))), event(), True, id="a month"
        ),
        pytest.param(report(at=NOW + 20 * DAY), event(give=timedelta(days=15)), True, id="a month before"),
        pytest.param(report(at=NOW + 20 * DAY), event(), False, id="a day of the next month"),
        pytest.param(report(change="mandate"), event(), False, id="another change"),
        pytest.param(report(), event(age=WINDOW), True, id="as long ago as the window"),
        pytest.param(report(), event(age=WINDOW + HOURS), False, id="longer ago"),
        pytest.param(report(at=NOW - WINDOW), event(age=timedelta(0)), True, id="an old report found late"),
        pytest.param(report(at=NOW - WINDOW - HOURS), event(age=timedelta(0)), False, id="one older than the window"),
        pytest.param(report(at=None), event(), True, id="a report of unknown age counts as of now"),
        pytest.param(
            report("proposed"), event(stage="effective", age=2 * DAY), True, id="a late word on an early stage"
        ),
        pytest.param(
            report("proposed"), event(stage="effective", age=4 * DAY), False, id="a new beginning after the end"
        ),
    ],
)
def test_reports_belong_together_by_change_days_stage_and_actors(one: Report, known: Development, joins: bool) -> None:
    assert (place(one, known)[1] == 1) is joins


def test_of_several_the_one_with_most_actors_in_common_then_the_latest_is_meant() -> None:
    one = report(actors=("Norland", "Sudland"))
    assert place(one, event(1), event(2, actors=("Norland", "Sudland"), age=5 * HOURS), event(3))[1] == 2
    assert place(report(), event(1, age=9 * HOURS), event(2, age=3 * HOURS), event(3, age=6 * HOURS))[1] == 2


def test_an_event_that_is_reported_on_and_on_ends_three_windows_after_its_stage() -> None:
    known = event(age=28 * DAY)
    known = replace(known, last_seen=NOW - DAY)
    assert place(report(), known)[0] == "joins"
    assert place(report(), replace(known, since=NOW - 31 * DAY))[0] == "new"


def test_the_same_actor_in_another_role_is_another_event() -> None:
    sends, withdraws = (("sends", "Norland"),), (("withdraws", "Norland"),)
    assert place(report(roles=withdraws), event(roles=sends))[0] == "new"
    assert place(report(roles=withdraws + sends), event(roles=sends))[0] == "joins"
    assert place(report(roles=withdraws), event())[0] == "joins"
    others = report(actors=("Norland", "Sudland"), roles=(("takes over", "Sudland"),))
    assert place(others, event(roles=(("hands over", "Norland"),)))[0] == "joins", "two sides of one handover"


def test_who_proposes_and_the_forum_where_it_is_proposed_are_one_event_on_near_days() -> None:
    known = event(actors=("Norland", "Sudland"))
    council = report(actors=("Council",))
    assert place(council, known, forums=("Council",))[0] == "joins"
    assert place(council, known)[0] == "new"
    assert place(council, event(actors=("Norland",), age=3 * DAY), forums=("Council",))[0] == "new"
    assert place(report("decided", actors=("Council",)), known, forums=("Council",))[0] == "new"


# --------------------------------------------------------------------------- copies


COPY = Article(2, "S.", text="A long text.", story=90, copy_by="text")


def test_a_copy_joins_the_event_of_its_story_whomever_its_headline_names() -> None:
    assert place(report(actors=("Sudland",), article=COPY), event())[:2] == ("joins", 1)
    assert place(report(actors=("Sudland",), article=replace(COPY, copy_by="headline")), event())[0] == "new"


def test_the_headline_of_a_copy_alone_moves_nothing_on() -> None:
    title = report("effective", article=COPY)
    assert place(title, event()) == ("joins", 1, "proposed")
    body = report("effective", article=COPY, field="text", start=40)
    assert place(Report((*title.signals, *body.signals)), event()) == ("stage", 1, "effective")
    assert place(report("effective", article=replace(COPY, text="")), event()) == ("stage", 1, "effective")


def test_an_article_that_is_updated_moves_its_own_event_on() -> None:
    known = event()
    own = replace(COPY, id=81)
    assert own.id in known.articles
    assert place(report("effective", actors=("Sudland",), article=own), known) == ("stage", 1, "effective")


# --------------------------------------------------------------------------- how it moves on


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("proposed", "decided", "stage"),
        ("proposed", "effective", "stage"),
        ("decided", "effective", "stage"),
        ("decided", "proposed", "joins"),
        ("effective", "decided", "joins"),
        ("proposed", "blocked", "contradiction"),
        ("effective", "blocked", "contradiction"),
        ("blocked", "proposed", "contradiction"),
        ("blocked", "blocked", "joins"),
    ],
)
def test_a_later_stage_moves_on_and_a_stop_contradicts(before: str, after: str, kind: str) -> None:
    assert place(report(after), event(stage=before)) == (kind, 1, before if kind == "joins" else after)


def test_a_guessed_stage_moves_nothing_on() -> None:
    assert place(report("proposed", guessed=True), event(stage="blocked")) == ("joins", 1, "blocked")


def test_a_mention_moves_nothing_on_and_gives_way_to_what_is_said_plainly() -> None:
    assert place(report("effective", field="text", start=999), event()) == ("joins", 1, "proposed")
    assert place(report("proposed"), event(stage="effective", plain=False)) == ("stage", 1, "proposed")


def test_a_development_grows_with_its_reports() -> None:
    first = begun(1, report(field="text", start=900), NOW - DAY)
    assert (first.plain, first.since, first.stories) == (False, NOW - DAY, {1})
    one = report("decided", ("Norland", "Sudland"), article=Article(5, "S.", story=4), roles=(("pledges", "Sudland"),))
    then = grown(first, one, decide(one, [first], now=NOW, window=WINDOW), NOW)
    assert (then.stage, then.since, then.first_seen, then.last_seen) == ("decided", NOW, NOW - DAY, NOW)
    assert (then.actors, then.articles, then.stories, then.plain) == ({"Norland", "Sudland"}, {1, 5}, {1, 4}, True)
    assert then.roles == {("pledges", "Sudland")}


# --------------------------------------------------------------------------- what it follows


@pytest.mark.parametrize(
    ("one", "known", "follows"),
    [
        pytest.param(report("decided"), event(age=90 * DAY), True, id="a decision on a proposal"),
        pytest.param(report("effective"), event(stage="decided", age=90 * DAY), True, id="what was decided comes"),
        pytest.param(report("blocked"), event(stage="effective", age=90 * DAY), True, id="a stop"),
        pytest.param(report("proposed"), event(age=90 * DAY), False, id="a proposal follows no proposal"),
        pytest.param(report("decided"), event(actors=("Sudland",), age=90 * DAY), False, id="others proposed it"),
        pytest.param(report("decided"), event(age=500 * DAY), False, id="longer ago than anybody thinks of it"),
        pytest.param(report("decided"), event(age=90 * DAY, plain=False), False, id="only a mention"),
        pytest.param(report("decided", change="mandate"), event(age=90 * DAY), False, id="another change"),
    ],
)
def test_a_development_follows_an_earlier_stage_of_the_same_actors(
    one: Report, known: Development, follows: bool
) -> None:
    assert (followed(one, [known], NOW) == known) is follows


def test_what_a_forum_decides_may_have_been_proposed_by_anybody() -> None:
    proposal = event(actors=("Norland", "Sudland"), age=30 * DAY)
    decision = report("decided", actors=("Council",))
    assert followed(decision, [proposal], NOW) is None
    assert followed(decision, [proposal], NOW, forums=("Council",)) == proposal


def test_it_follows_the_latest_that_shares_an_actor() -> None:
    earlier = [event(1, age=90 * DAY), event(2, age=60 * DAY), event(3, actors=("Sudland",), age=30 * DAY)]
    found = followed(report("decided"), earlier, NOW)
    assert found is not None
    assert found.id == 2


# --------------------------------------------------------------------------- who is told


@pytest.mark.parametrize(
    ("at", "fresh"),
    [
        pytest.param(NOW - HORIZON, True, id="as old as the horizon"),
        pytest.param(NOW - HORIZON - HOURS, False, id="older"),
        pytest.param(None, False, id="of unknown age"),
    ],
)
def test_old_news_and_news_of_unknown_age_gives_no_cause_to_tell(at: datetime | None, fresh: bool) -> None:
    assert is_fresh(report(at=at), NOW, HORIZON) is fresh


def standing(stage: str = "proposed", stories: int = 1, *, plain: bool = True, dismissed: bool = False) -> Standing:
    return Standing("leadership", stage, "high", frozenset({"en"}), stories, plain, dismissed)


TOLD = [Telling("new", "proposed", 1)]


@pytest.mark.parametrize(
    ("present", "told", "kind"),
    [
        pytest.param(standing(), [], "new", id="never told"),
        pytest.param(standing(), TOLD, None, id="told"),
        pytest.param(standing(stories=40), TOLD, None, id="told, and reported by many"),
        pytest.param(standing("decided"), TOLD, "stage", id="a new stage"),
        pytest.param(standing("blocked"), TOLD, "contradiction", id="a stop"),
        pytest.param(standing("decided"), [*TOLD, Telling("contradiction", "blocked", 1)], "contradiction", id="again"),
        pytest.param(standing("decided"), [Telling("new", "decided", 1), *TOLD], None, id="a stage that comes back"),
        pytest.param(standing(dismissed=True), [], None, id="dismissed"),
        pytest.param(standing(plain=False), [], None, id="a mention"),
        pytest.param(standing(stories=MENTIONS, plain=False), [], "new", id="mentioned by several"),
    ],
)
def test_each_stage_is_told_once_and_nothing_else(present: Standing, told: list[Telling], kind: str | None) -> None:
    assert announcement(present, told) == kind


def test_a_channel_that_waits_for_confirmation_hears_of_it_then() -> None:
    assert announcement(standing(stories=1), [], confirmation=2) is None
    assert announcement(standing(stories=2), [], confirmation=2) == "new"


def test_when_so_many_stories_report_it_that_is_told_once() -> None:
    assert announcement(standing(stories=4), TOLD, update_at=5) is None
    assert announcement(standing(stories=5), TOLD, update_at=5) == "confirmed"
    assert announcement(standing(stories=9), [*TOLD, Telling("confirmed", "proposed", 5)], update_at=5) is None
    assert announcement(standing(stories=9), [Telling("new", "proposed", 7)], update_at=5) is None
    assert announcement(standing(stories=9), [Telling("new", "proposed", None)], update_at=5) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(STAGES), max_size=12), st.integers(2, 9))
def test_no_stage_of_an_event_is_told_twice_in_whatever_order_reports_come(stages: list[str], update_at: int) -> None:
    known: Development | None = None
    told: list[Telling] = []
    for number, stage in enumerate(stages):
        one = report(stage, article=Article(number, "S.", story=number))
        answer = decide(one, [known] if known else [], now=NOW, window=WINDOW)
        known = grown(known, one, answer, NOW) if known else begun(1, one, NOW)
        present = standing(known.stage, len(known.stories), plain=known.plain)
        kind = announcement(present, told, update_at=update_at)
        told += [Telling(kind, present.stage, present.stories)] if kind else []
    staged = [one.stage for one in told if one.kind != "confirmed"]
    assert len(staged) == len(set(staged))
    assert sum(one.kind == "confirmed" for one in told) <= 1
