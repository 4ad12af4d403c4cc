"""The commands about rules, as people and programs use them."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.receivers import Webhook, webhook
from tests.test_cli import Result, Shell
from tests.world import DECIDED, EFFECTIVE, PROPOSED, QUIET, TERM, WATCH, WEATHER, Clock, Item, Web, World, serving


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
    return World(tmp_path, web, Clock(datetime.now(UTC)))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    return Shell(tmp_path, monkeypatch, capsys)


def news(title: str, hours: float = 1) -> Item:
    return Item(title, f"/{title.lower().replace(' ', '-')}", published=datetime.now(UTC) - timedelta(hours=hours))


# --------------------------------------------------------------------------- explain


def test_explain_shows_the_signals_and_then_clause_by_clause(world: World, run: Callable[..., Result]) -> None:
    world.watch()
    result = run("rules", "explain", DECIDED)
    assert result.code == 0
    assert result.out.splitlines()[:5] == [
        "leadership · decided · Norland    rule handover",
        f"    “{DECIDED}” (title 0-{len(DECIDED)})",
        "",
        "handover holds",
        "    + mission near/15 takeover",
    ]
    assert "term does not hold: 1 of 1 clauses missing\n    - mission near/15 term\n        no `term`" in result.out


def test_explain_reads_summary_language_and_standard_input(
    world: World, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.watch()
    monkeypatch.setattr(sys, "stdin", io.StringIO("Un titre\n"))
    result = run(
        *("rules", "explain", "-", "--summary", "La Norland prend la tête de la Mission de la Lagune."),
        *("--language", "fr", "--json"),
    )
    rows = {row["rule"]: row for row in result.rows}
    assert rows["handover"]["held"]
    assert rows["handover"]["clauses"][0]["found"] == ["“prend la tête de la Mission de la Lagune” in the summary"]
    assert not rows["term"]["held"]
    assert rows["term"]["clauses"][0]["missing"] == "no `term`"


def test_explain_of_one_rule_shows_only_that_and_an_unknown_one_is_wrong_use(
    world: World, run: Callable[..., Result]
) -> None:
    world.watch()
    assert [row["rule"] for row in run("rules", "explain", DECIDED, "--rule", "term", "--json").rows] == ["term"]
    result = run("rules", "explain", DECIDED, "--rule", "handovr")
    assert result.code == 2
    assert "there is no rule `handovr`; did you mean `handover`?" in " ".join(result.err.replace("│", " ").split())


# --------------------------------------------------------------------------- score


def labelled(path: Path, *items: tuple[str, list[tuple[str, str]]], **more: object) -> str:
    lines = (
        {"id": str(n), "title": title, "language": "en", **more,
         "change": [{"change": change, "stage": stage} for change, stage in changes]}
        for n, (title, changes) in enumerate(items)
    )  # fmt: skip
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(line)}\n" for line in lines)
    return path.name


def test_score_prints_figures_overall_per_change_and_language_and_lists_what_is_wrong(
    world: World, run: Callable[..., Result]
) -> None:
    world.watch()
    file = labelled(
        world.folder / "items.jsonl",
        (DECIDED, [("leadership", "decided")]),
        (PROPOSED, [("leadership", "decided")]),
        (TERM, []),
        (QUIET, [("mandate", "proposed")]),
    )
    result = run("rules", "score", file, "-v")
    assert result.code == 0
    assert f"1 [en] {PROPOSED}\n    wanted leadership decided, found leadership proposed" in result.out
    assert f"3 [en] {QUIET}\n    wanted mandate proposed, found nothing" in result.out
    rows = {row["of"]: row for row in run("rules", "score", file, "--json").rows}
    assert rows["any change"] == {
        "of": "any change", "precision": 0.6667, "recall": 0.6667, "f1": 0.6667,
        "right": 2, "wrong": 1, "missed": 1, "items": 4,
    }  # fmt: skip
    assert (rows["per change"]["stage_accuracy"], rows["change mandate"]["wrong"]) == (0.5, 1)
    assert "language en" in rows


def test_items_that_their_text_does_not_show_are_told_apart(world: World, run: Callable[..., Result]) -> None:
    world.watch()
    file = labelled(world.folder / "items.jsonl", (DECIDED, [("leadership", "decided")]))
    labelled(world.folder / "items.jsonl", (QUIET, [("mandate", "decided")]), visible="no")
    rows = {row["of"]: row for row in run("rules", "score", file, "--json").rows}
    assert (rows["any change"]["items"], rows["any change"]["f1"]) == (1, 1.0)
    assert (rows["told apart: any change"]["items"], rows["told apart: any change"]["missed"]) == (1, 1)


def test_score_of_an_item_without_label_is_an_error_with_its_line(world: World, run: Callable[..., Result]) -> None:
    world.watch()
    (world.folder / "items.jsonl").write_text('{"title": "Rain"}\n')
    result = run("rules", "score", "items.jsonl")
    assert result.code == 1
    assert "items.jsonl:1: this line is no news item: it has no label" in result.err


# --------------------------------------------------------------------------- backtest


def test_backtest_of_the_rules_that_told_finds_nothing_new_and_nothing_lost(
    world: World, hook: Webhook, run: Callable[..., Result]
) -> None:
    world.watch("one", channels=[{"name": "desk", "url": f"json://127.0.0.1:{hook.port}/desk"}])
    world.web.feed("/one.xml", news(PROPOSED, 9), news(DECIDED, 5), news(TERM, 3), news(WEATHER))
    world.poll()
    result = run("rules", "backtest")
    assert result.out == "4 articles under today's rules against what was told: 3 same, 0 new, 0 lost, 0 other stage\n"


def test_backtest_shows_what_changed_rules_would_tell_and_what_they_would_lose(
    world: World, hook: Webhook, run: Callable[..., Result]
) -> None:
    channels = [{"name": "desk", "url": f"json://127.0.0.1:{hook.port}/desk"}]
    world.watch("one", channels=channels)
    world.web.feed("/one.xml", news(TERM, 5), news(QUIET, 3), news(WEATHER))
    world.poll()
    before = [dict(row) for row in world.rows("select * from alerts")]
    library = {"id": "library", "change": "leadership", "when": 'mission near/9 "library"'}
    world.watch("one", channels=channels, rules=[WATCH["rules"][0], library])
    rows = [
        {key: row[key] for key in ("kind", "change", "rule", "sentence")}
        for row in run("rules", "backtest", "--json").rows
    ]
    assert rows == [
        {"kind": "lost", "change": "mandate", "rule": "term", "sentence": TERM},
        {"kind": "new", "change": "leadership", "rule": "library", "sentence": QUIET},
    ]
    assert "1 new, 1 lost" in run("rules", "backtest").out
    assert [dict(row) for row in world.rows("select * from alerts")] == before


def test_backtest_shows_where_only_the_stage_differs(world: World, hook: Webhook, run: Callable[..., Result]) -> None:
    channels = [{"name": "desk", "url": f"json://127.0.0.1:{hook.port}/desk"}]
    world.watch("one", channels=channels)
    world.web.feed("/one.xml", news(EFFECTIVE, 5))
    world.poll()
    world.watch("one", channels=channels, stages={"proposed": "fact"})
    (row,) = run("rules", "backtest", "--json").rows
    assert (row["kind"], row["stage"]) == ("other stage", "proposed (was effective)")


def test_backtest_tells_no_old_news_and_looks_no_further_back_than_asked(
    world: World, hook: Webhook, run: Callable[..., Result]
) -> None:
    world.watch("one", channels=[{"name": "desk", "url": f"json://127.0.0.1:{hook.port}/desk"}])
    world.web.feed("/one.xml", news(DECIDED, 24 * 30), news(TERM, 30))
    world.poll()
    assert "2 articles under today's rules against what was told: 1 same, 0 new" in run("rules", "backtest").out
    assert "1 articles under today's rules" in run("rules", "backtest", "--since", "3d").out


def test_backtest_without_a_database_says_so(world: World, run: Callable[..., Result]) -> None:
    world.watch()
    result = run("rules", "backtest")
    assert result.code == 1
    assert "monitor.db" in result.err
