"""What today's rules would have told of the stored articles, against what was told."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.pipeline.backtest import BacktestReport, backtest
from monitor.store import open_store
from tests.receivers import Webhook, webhook
from tests.test_cli import Result, Shell
from tests.world import (
    BLOCKED,
    DECIDED,
    EFFECTIVE,
    NOW,
    PROPOSED,
    QUIET,
    TERM,
    WATCH,
    WEATHER,
    Clock,
    Item,
    Web,
    World,
    serving,
)

HANDOVER, TERM_RULE = WATCH["rules"]


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as running:
        yield running


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, web: Web) -> World:
    return World(tmp_path, web)


def desk(hook: Webhook, **wishes: Any) -> dict[str, Any]:
    return {"name": "desk", "url": f"json://127.0.0.1:{hook.port}/desk", **wishes}


def news(title: str, hours: float = 1, **more: Any) -> Item:
    return Item(title, f"/{title.lower().replace(' ', '-')}", published=NOW - timedelta(hours=hours), **more)


def told(world: World, *items: Item) -> None:
    """One poll that brings these."""
    world.web.feed("/one.xml", *items)
    world.poll()


def run(world: World, since: datetime | None = None) -> BacktestReport:
    with world.store() as store:
        return backtest(world.config, store, since=since)


def kinds(report: BacktestReport) -> dict[str, int]:
    return {kind: report.count(kind) for kind in ("same", "new", "lost", "other stage") if report.count(kind)}  # type: ignore[arg-type]


# --------------------------------------------------------------------------- the rules that told


def test_the_rules_that_told_give_what_was_told(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[desk(hook)])
    told(world, news(PROPOSED, 30), news(TERM, 30), news(WEATHER))
    world.clock.go_on(hours=20)
    told(world, Item(DECIDED, "/later", published=world.clock.now - timedelta(hours=1)))
    world.clock.go_on(days=30)
    told(world, Item(BLOCKED, "/much-later", published=world.clock.now - timedelta(hours=1)))
    report = run(world)
    assert (report.articles, report.untold, kinds(report)) == (5, 0, {"same": 3})
    assert [[telling.stage for telling in one.event.tellings] for one in report.differences] == [
        ["decided"],
        ["proposed", "decided"],
        ["blocked"],
    ]


def test_what_no_channel_wanted_is_no_difference(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[desk(hook, when={"change": "mandate"})])
    told(world, news(DECIDED, 5), news(TERM, 3))
    report = run(world)
    assert (kinds(report), report.untold) == ({"same": 1}, 1)


def test_the_severity_of_another_rule_in_the_same_article_counts(world: World, hook: Webhook) -> None:
    low = {"id": "low", "change": "leadership", "severity": "low", "when": "title:mission"}
    high = {"id": "high", "change": "leadership", "severity": "high", "when": "summary:takeover"}
    world.watch("one", rules=[low, high], channels=[desk(hook, when={"severity": "high"})])
    told(world, news(QUIET, 2, summary="Norland takes over."))
    assert kinds(run(world)) == {"same": 1}


def test_old_news_is_told_by_neither(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[desk(hook)])
    told(world, news(DECIDED, 24 * 30), news(TERM, 30))
    report = run(world)
    assert (report.articles, report.untold, kinds(report)) == (2, 1, {"same": 1})


def test_articles_of_one_poll_are_taken_from_the_oldest_news_on(world: World, hook: Webhook) -> None:
    """A feed has its newest entries first: taken in that order, nothing would be told of how it began."""
    world.watch("one", channels=[desk(hook)])
    told(world, news(DECIDED, 2), news(PROPOSED, 9))
    (difference,) = run(world).differences
    assert [telling.stage for telling in difference.event.tellings] == ["proposed", "decided"]


def test_an_article_whose_page_is_still_to_be_read_is_not_taken(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[desk(hook)])
    told(world, news(DECIDED, 2))
    world.execute("update articles set read_state = 'wanted', read_attempts = 0")
    assert run(world).articles == 0


# --------------------------------------------------------------------------- other rules


def test_what_other_rules_find_is_new_and_what_they_miss_is_lost_and_says_why(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[desk(hook)])
    told(world, news(TERM, 5), news(DECIDED, 4), news(QUIET, 3), news(WEATHER))
    library = {"id": "library", "change": "leadership", "when": 'mission near/9 "library"'}
    stricter = {"id": "handover", "change": "leadership", "when": "mission near/15 takeover and not choice"}
    world.watch("one", channels=[desk(hook)], rules=[library, stricter])
    report = run(world)
    found = [
        (d.kind, d.event.change, d.event.tellings[-1].rule, d.event.tellings[-1].sentence, d.because)
        for d in report.differences
    ]
    assert found == [
        ("lost", "mandate", "term", TERM, "there is no rule `term` any more"),
        ("lost", "leadership", "handover", DECIDED, '`not choice`: choice found "agrees" in the title'),
        ("new", "leadership", "library", QUIET, ""),
    ]


def test_a_rule_that_tells_another_change_loses_the_one_and_gains_the_other(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[desk(hook)])
    told(world, news(TERM))
    world.watch("one", channels=[desk(hook)], rules=[{**TERM_RULE, "change": "leadership"}])
    report = run(world)
    assert kinds(report) == {"new": 1, "lost": 1}
    assert {d.because for d in report.differences if d.kind == "lost"} == {
        "`term` still holds: it tells another change, or no channel wants it"
    }


def test_where_only_the_stage_differs_it_says_so(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[desk(hook)])
    told(world, news(EFFECTIVE, 5))
    world.watch("one", channels=[desk(hook)], stages={"proposed": "fact"})
    (difference,) = run(world).differences
    assert (difference.kind, difference.before) == ("other stage", "effective")
    assert difference.event.tellings[-1].stage == "proposed"


def test_an_event_that_would_go_no_further_than_its_beginning_is_at_another_stage(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[desk(hook)])
    told(world, news(PROPOSED, 30), news(DECIDED, 5))
    rule = {"id": "handover", "change": "leadership", "when": "mission near/15 takeover and not choice"}
    world.watch("one", channels=[desk(hook)], rules=[rule])
    (difference,) = run(world).differences
    assert (difference.kind, difference.event.tellings[-1].stage, difference.before) == (
        "other stage",
        "proposed",
        "decided",
    )


def test_what_the_background_found_again_and_told_nobody_is_still_new(world: World, hook: Webhook) -> None:
    """The service matches stored articles again and tells nobody; who asks before switching sees what it missed."""
    world.watch("one", rules=[TERM_RULE], channels=[desk(hook)])
    told(world, news(DECIDED, 3), news(TERM, 2))
    world.watch("one", channels=[desk(hook)])
    assert kinds(run(world)) == {"same": 1, "new": 1}
    world.clock.go_on(days=9)
    assert world.poll().grouped.silent == 1
    assert kinds(run(world)) == {"same": 1, "new": 1}


def test_a_false_alarm_that_is_lost_says_that_it_was_dismissed(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[desk(hook)])
    told(world, news(TERM))
    world.execute("update developments set dismissed_at = '2025-09-30T12:00:00Z', dismissed_because = 'a look back'")
    world.watch("one", channels=[desk(hook)], rules=[HANDOVER])
    (difference,) = run(world).differences
    assert (difference.kind, difference.event.dismissed) == ("lost", "a look back")


# --------------------------------------------------------------------------- since, and what it leaves alone


def test_only_news_since_a_moment_is_counted_and_compared(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[desk(hook)])
    told(world, news(DECIDED, 40), news(TERM, 5))
    report = run(world, NOW - timedelta(hours=20))
    assert (report.articles, kinds(report)) == (1, {"same": 1})
    world.watch("one", channels=[desk(hook)], rules=[{**HANDOVER, "when": '"nothing"', "examples": {}}])
    assert kinds(run(world, NOW - timedelta(hours=20))) == {"lost": 1}
    assert kinds(run(world)) == {"lost": 2}


def test_an_event_that_began_before_is_not_new_because_it_goes_on(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[desk(hook)])
    told(world, news(DECIDED, 30))
    told(world, news(DECIDED, 30), news(f"{DECIDED}, says its minister", 5))
    report = run(world, NOW - timedelta(hours=20))
    assert (report.articles, kinds(report)) == (1, {})


def test_nothing_is_written_and_nobody_told(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[desk(hook)])
    told(world, news(DECIDED, 30), news(TERM, 5))
    world.watch("one", channels=[desk(hook)], rules=[{**HANDOVER, "severity": "low"}])
    with world.store() as store:
        before = list(store.connection.iterdump())
        changes = store.connection.total_changes
        backtest(world.config, store)
        assert store.connection.total_changes == changes
        assert list(store.connection.iterdump()) == before
        with store.transaction():  # the store is as usable as before
            store.write("update articles set title = title")


def test_articles_are_read_some_at_a_time(world: World, hook: Webhook) -> None:
    """A hundred thousand articles with their texts would not fit."""
    world.watch("one", channels=[desk(hook)])
    with world.store() as store, store.transaction():
        store.connection.executemany(
            """
            insert into articles (outlet, title, title_key, text, first_seen, news_at, read_state)
            values ('One', ?, 'x', ?, '2025-09-30T12:00:00Z', '2025-09-30T11:00:00Z', 'unwanted')
            """,
            ((f"Item {number}", "x " * 10) for number in range(1234)),
        )
    heard: list[int] = []

    class Progress:
        def begin(self, stage: str, total: int | None) -> None:
            assert stage == "match"
            assert total is not None
            heard.append(total)

        def advance(self, done: int = 1) -> None:
            heard[0] -= done

    with open_store(world.folder / "monitor.db") as store:
        most = 0
        rows = store.rows

        def counted(sql: str, *values: Any) -> list[dict[str, Any]]:
            nonlocal most
            found = rows(sql, *values)
            most = max(most, len(found) if found and "text" in found[0] else 0)
            return found

        store.rows = counted  # type: ignore[method-assign]
        assert backtest(world.config, store, progress=Progress()).articles == 1234
    assert 0 < most <= 500
    assert heard == [0]


# --------------------------------------------------------------------------- the command


@pytest.fixture
def today(tmp_path: Path, web: Web) -> World:
    return World(tmp_path, web, Clock(datetime.now(UTC)))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    return Shell(tmp_path, monkeypatch, capsys)


def fresh(title: str, hours: float) -> Item:
    return Item(title, f"/{hours}", published=datetime.now(UTC) - timedelta(hours=hours))


def test_the_command_groups_what_differs_and_counts_the_rest(
    today: World, hook: Webhook, shell: Callable[..., Result]
) -> None:
    today.watch("one", channels=[desk(hook)])
    told(today, fresh(TERM, 5), fresh(QUIET, 3), fresh(DECIDED, 2), fresh(WEATHER, 1))
    library = {"id": "library", "change": "mandate", "when": 'mission near/9 "library"'}
    today.watch("one", channels=[desk(hook)], rules=[HANDOVER, library])
    result = shell("rules", "backtest", "--since", "2d")
    assert (result.code, result.err) == (0, "")
    lines = [line for line in result.out.splitlines() if not line.startswith("  20")]
    assert lines == [
        "new: would be told, was not (1)",
        f"      {QUIET}",
        "",
        "lost: was told, would not be (1)",
        f"      {TERM}",
        "      why: there is no rule `term` any more",
        "",
        "4 articles under today's rules against what was told: 1 same, 1 new, 1 lost, 0 other stage",
    ]
    assert "UTC  mandate proposed  rule library" in result.out
    rows = shell("rules", "backtest", "--json").rows
    assert [row["kind"] for row in rows] == ["lost", "new", "same", "summary"]
    assert rows[-1] == {
        "kind": "summary", "articles": 4, "same": 1, "new": 1, "lost": 1, "other_stage": 0, "untold": 0
    }  # fmt: skip


def test_the_command_without_a_database_or_an_article_says_so(today: World, shell: Callable[..., Result]) -> None:
    today.watch()
    result = shell("rules", "backtest")
    assert (result.code, result.out) == (1, "")
    assert "there is no database at" in result.err
    with today.store():
        pass
    empty = shell("rules", "backtest")
    assert (empty.code, empty.out) == (0, "")
    assert "no article to look at" in empty.err
