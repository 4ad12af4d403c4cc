"""The commands about rules, as people and programs use them."""

import io
import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor import alive
from tests.test_cli import Result, Shell, program
from tests.world import DECIDED, PROPOSED, QUIET, TERM, WEATHER, Clock, Web, World, serving


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, web: Web) -> World:
    return World(tmp_path, web, Clock(datetime.now(UTC)))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    return Shell(tmp_path, monkeypatch, capsys)


# --------------------------------------------------------------------------- examples

BROKEN = [
    {"id": "handover", "change": "leadership", "when": "mission near/15 takeover", "examples": {"match": [QUIET]}}
]
WHY = 'rule `handover`: must match, but does not: `takeover` is missing beside "Lagoon Mission"'


def test_rules_test_names_the_line_the_rule_the_clause_and_the_example(
    world: World, run: Callable[..., Result]
) -> None:
    world.watch(rules=BROKEN)
    result = run("rules", "test")
    assert (result.code, result.out) == (1, "0 of 1 examples of 1 rules hold\n")
    place, _, message = result.err.partition(": ")
    line = int(place.split(":")[1])
    assert QUIET in (world.folder / "config.yaml").read_text().splitlines()[line - 1]
    assert message == f"{WHY}\n    {QUIET}\n"


def test_a_check_fails_while_an_example_does(world: World) -> None:
    world.watch(rules=BROKEN)
    result = program(world.folder, "check")
    assert (result.code, result.out) == (2, "")
    assert WHY in result.err
    assert QUIET in result.err


def test_the_service_ends_before_its_first_poll_while_an_example_fails(world: World) -> None:
    """Its server starts meanwhile, which takes as long as all the examples."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    world.watch("one", rules=BROKEN, service={"port": port, "health_port": None})
    result = program(world.folder, "run")
    assert (result.code, result.out) == (2, "")
    assert WHY in result.err
    assert QUIET in result.err
    assert "Traceback" not in result.err
    assert (world.web.asked, alive.running(world.folder / "monitor.db")) == ([], None)


# --------------------------------------------------------------------------- explain


def test_explain_shows_the_signals_and_then_clause_by_clause(world: World, run: Callable[..., Result]) -> None:
    world.watch()
    result = run("rules", "explain", DECIDED)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[:6] == [
        "leadership decided  rule handover",
        f'  evidence  "{DECIDED}" (title, 0-{len(DECIDED)})',
        '  stage     decided: "agrees" (choice)',
        "  actors    Norland",
        "",
        "handover holds",
    ]
    assert lines[6].split("  ") == ["", "+ mission near/15 takeover", *lines[6].split("  ")[2:]]
    assert lines[6].endswith('"take over the Lagoon Mission" in the title')
    assert "\x1b" not in result.out


def test_explain_of_a_headline_that_was_missed_says_what_was_missing(world: World, run: Callable[..., Result]) -> None:
    world.watch()
    out = run("rules", "explain", QUIET).out
    assert out.startswith("no signal; language: en\n\nhandover does not hold: 1 missing\n")
    assert '`takeover` is missing beside "Lagoon Mission"' in out
    assert "farther away: term" in out


def test_rules_with_nothing_in_common_are_only_named_unless_all_is_asked(
    world: World, run: Callable[..., Result]
) -> None:
    world.watch()
    short = run("rules", "explain", WEATHER).out
    assert "nothing in common: handover, term\n--all shows them in full\n" in short
    assert "near/15" not in short
    everything = run("rules", "explain", WEATHER, "--all").out
    assert everything.count("does not hold: 1 missing") == 2
    assert "neither `mission` nor `term` is there" in everything
    assert "--all" not in everything


def test_explain_reads_summary_outlet_language_and_standard_input(
    world: World, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.watch()
    monkeypatch.setattr(sys, "stdin", io.StringIO("Un titre\n\nLe mandat de la Mission de la Lagune.\n"))
    result = run(
        *("rules", "explain", "-", "--summary", "La Norland prend la tête de la Mission de la Lagune."),
        *("--language", "fr", "--json"),
    )
    rows = {row["rule"]: row for row in result.rows}
    assert rows["handover"]["signal"]["sentence"].startswith("La Norland prend la tête")
    assert rows["handover"]["signal"]["because"] == '"prend la tête" (fact)'
    (found,) = rows["handover"]["clause"]["found"]
    assert (found["field"], found["words"]) == ("summary", "prend la tête de la Mission de la Lagune")
    assert rows["term"]["clause"]["found"][0]["field"] == "text"


def test_explain_for_programs_has_every_clause_within_every_other(world: World, run: Callable[..., Result]) -> None:
    rule = {"id": "r", "change": "mandate", "when": "sentence(mission and (term or takeover)) and not title:refusal"}
    world.watch(rules=[rule])
    (row,) = run("rules", "explain", QUIET, "--json").rows
    assert (row["rule"], row["held"], row["signal"]) == ("r", False, None)
    assert row["deciding"] == "none of `term`, `takeover` is there"
    sentence, guard = row["clause"]["clauses"]
    assert (guard["clause"], guard["held"]) == ("not title:refusal", True)
    assert (sentence["held"], sentence["sentence"]["words"]) == (False, QUIET)
    (inner,) = sentence["clauses"]
    assert [(part["clause"], part["held"]) for part in inner["clauses"]] == [
        ("mission", True),
        ("term or takeover", False),
    ]


def test_explain_of_one_rule_shows_only_that_and_an_unknown_one_is_wrong_use(
    world: World, run: Callable[..., Result]
) -> None:
    world.watch()
    assert [row["rule"] for row in run("rules", "explain", DECIDED, "--rule", "term", "--json").rows] == ["term"]
    result = run("rules", "explain", DECIDED, "--rule", "handovr")
    assert result.code == 2
    assert "there is no rule `handovr`; did you mean `handover`?" in " ".join(result.err.replace("│", " ").split())


def test_explain_of_nothing_is_wrong_use(world: World, run: Callable[..., Result]) -> None:
    world.watch()
    result = run("rules", "explain", "  ")
    assert result.code == 2
    assert "there is no text to explain" in result.err


@pytest.mark.parametrize("command", ["test", "try", "explain", "score", "backtest"])
def test_every_help_has_an_example(command: str, run: Callable[..., Result]) -> None:
    shown = " ".join(run("rules", command, "--help").out.split())
    assert f"Example: haiti-monitor rules {command}" in shown


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


def by_name(result: Result) -> dict[str, dict[str, Any]]:
    return {" ".join(filter(None, (row["kind"], row.get("name")))): row for row in result.rows}


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
        (WEATHER, []),
    )
    result = run("rules", "score", file, "-v")
    assert (result.code, result.err) == (0, "")
    assert (
        f"1  [en]  {PROPOSED}\n    wanted  leadership decided\n    found   leadership proposed by handover"
        in result.out
    )
    assert f"3  [en]  {QUIET}\n    wanted  mandate proposed\n    found   nothing" in result.out
    assert DECIDED not in result.out
    assert "the stage is right in 1 of 2 changes found (50.0%)" in result.out
    assert "1 of 2 items without a change were alarmed" in result.out
    rows = by_name(run("rules", "score", file, "--json"))
    assert rows["overall any change"] == {
        "kind": "overall", "name": "any change", "precision": 0.6667, "recall": 0.6667, "f1": 0.6667,
        "right": 2, "wrong": 1, "missed": 1, "items": 5,
    }  # fmt: skip
    assert rows["stage"] == {"kind": "stage", "right": 1, "of": 2, "accuracy": 0.5}
    assert rows["quiet"] == {"kind": "quiet", "items": 2, "alarmed": 1}
    assert (rows["change mandate"]["wrong"], rows["change mandate"]["missed"]) == (1, 1)
    assert rows["language en"]["right"] == 2


def test_wrong_items_for_programs_say_what_was_wanted_and_what_was_found(
    world: World, run: Callable[..., Result]
) -> None:
    world.watch()
    file = labelled(world.folder / "items.jsonl", (PROPOSED, [("leadership", "decided")]))
    first, *_ = run("rules", "score", file, "-v", "--json").rows
    assert first == {
        "kind": "wrong", "id": "0", "language": "en", "title": PROPOSED, "apart": False,
        "wanted": {"leadership": "decided"}, "told": {"leadership": "proposed"},
        "found": [{"rule": "handover", "change": "leadership", "stage": "proposed", "sentence": PROPOSED}],
    }  # fmt: skip


def test_items_that_their_text_does_not_show_are_told_apart(world: World, run: Callable[..., Result]) -> None:
    world.watch()
    file = labelled(world.folder / "items.jsonl", (DECIDED, [("leadership", "decided")]))
    labelled(world.folder / "items.jsonl", (QUIET, [("mandate", "decided")]), visible="no")
    labelled(world.folder / "items.jsonl", (QUIET, [("mandate", "decided")]), title_source="url_slug")
    rows = by_name(run("rules", "score", file, "--json"))
    assert (rows["overall any change"]["items"], rows["overall any change"]["f1"]) == (1, 1.0)
    assert (rows["apart told apart"]["items"], rows["apart told apart"]["missed"]) == (2, 2)
    assert "told apart" in run("rules", "score", file).out


def test_items_of_a_class_are_counted_by_class(world: World, run: Callable[..., Result]) -> None:
    world.watch()
    file = labelled(world.folder / "items.jsonl", (TERM, []), (WEATHER, []), **{"class": "look back"})
    out = run("rules", "score", file).out
    assert [line.split("  ")[-1] for line in out.splitlines() if "look back" in line] == ["1 of 2 without one alarmed"]


def test_the_language_of_an_item_is_found_where_it_names_none(world: World, run: Callable[..., Result]) -> None:
    world.watch()
    title = "La Norland prend la tête de la Mission de la Lagune dans la capitale"
    (world.folder / "items.jsonl").write_text(json.dumps({"title": title, "change": []}))
    assert "language fr" in by_name(run("rules", "score", "items.jsonl", "--json"))


def test_a_change_that_no_rule_tells_is_named(world: World, run: Callable[..., Result]) -> None:
    world.watch()
    file = labelled(world.folder / "items.jsonl", (TERM, [("mandat", "decided")]))
    assert "the change `mandat`, which no rule tells" in run("rules", "score", file).err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"title": "Rain"}', "it has no label"),
        ('{"title": "Rain", "change": [{"change": "mandate", "stage": "done"}]}', "`done` is no stage"),
        ("{", "this line is no news item"),
    ],
)
def test_score_of_a_line_without_a_proper_label_is_wrong_use_and_names_the_line(
    line: str, message: str, world: World, run: Callable[..., Result]
) -> None:
    world.watch()
    (world.folder / "items.jsonl").write_text(f'{{"title": "Rain", "change": []}}\n{line}\n')
    result = run("rules", "score", "items.jsonl")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("haiti-monitor: items.jsonl:2: this line is no news item: ")
    assert message in result.err
