"""Precision, recall, F1 and stages of rules on labelled items, and what a label is."""

import json
from typing import Any

import pytest

from monitor.errors import MonitorError
from monitor.items import Labels, read_labelled
from monitor.models import Signal
from monitor.rules.score import Score, Tally, stages_told


def signal(change: str, stage: str, field: str = "title", start: int = 0) -> Signal:
    return Signal("r", change, stage, (), "sentence", field, start, start + 8)


def labels(*changes: tuple[str, str], kind: str = "") -> Labels:
    return Labels(dict(changes), kind)


def test_a_score_counts_items_changes_languages_classes_and_stages() -> None:
    score = Score()
    handover, term = ("leadership", "decided"), ("mandate", "proposed")
    assert score.add(labels(handover), "en", [signal(*handover)])
    assert not score.add(labels(handover, term), "fr", [signal("leadership", "proposed")])
    assert not score.add(labels(handover), "fr", [])
    assert not score.add(labels(kind="sport"), "en", [signal(*term)])
    assert score.add(labels(kind="sport"), None, [])

    assert score.items == 5
    assert score.any_change == Tally(right=2, wrong=1, missed=1)
    assert score.any_change.precision == pytest.approx(2 / 3)
    assert score.any_change.recall == pytest.approx(2 / 3)
    assert score.any_change.f1 == pytest.approx(2 / 3)
    assert score.micro == Tally(right=2, wrong=1, missed=2)
    assert dict(score.changes) == {"leadership": Tally(2, 0, 1), "mandate": Tally(0, 1, 1)}
    assert dict(score.languages) == {"en": Tally(1, 1, 0), "fr": Tally(1, 0, 1), "unknown": Tally(0, 0, 0)}
    assert (score.classes["sport"], score.counts["sport"]) == (Tally(0, 1, 0), 2)
    assert score.stage_accuracy == pytest.approx(1 / 2)
    assert (score.quiet, score.any_change.wrong) == (2, 1)


def test_figures_without_anything_to_count_are_none_and_not_zero() -> None:
    assert (Tally().precision, Tally().recall, Tally().f1, Score().stage_accuracy) == (None, None, None, None)
    assert Tally(missed=2).f1 == 0


def test_the_stage_told_is_that_of_the_signal_nearest_to_the_headline() -> None:
    found = [
        signal("mandate", "effective", "text", 5),
        signal("mandate", "proposed", "summary", 9),
        signal("mandate", "decided", "summary", 3),
        signal("funding", "blocked", "text"),
    ]
    assert stages_told(found) == {"mandate": "decided", "funding": "blocked"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"change": []}, Labels({})),
        ({"change": [{"change": "mandate", "stage": "decided"}]}, Labels({"mandate": "decided"})),
        ({"change": [], "class": "sport", "visible": "na"}, Labels({}, "sport")),
        ({"change": [], "visible": "no"}, Labels({}, apart=True)),
        ({"change": [], "visible": "partial"}, Labels({}, apart=True)),
        ({"change": [], "title_source": "url_slug"}, Labels({}, apart=True)),
    ],
)
def test_labels_are_read_beside_the_item(values: dict[str, Any], expected: Labels) -> None:
    ((item, found),) = read_labelled([json.dumps({"title": "Rain", **values})], "items.jsonl")
    assert (item.title, found) == ("Rain", expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "it has no label"),
        ({"change": None}, "it has no label"),
        ({"change": "mandate"}, "it has no label"),
        ({"change": ["mandate"]}, "each of \"change\" is an object such as"),
        ({"change": [{"change": "mandate"}]}, "each of \"change\" is an object such as"),
        ({"change": [{"change": "mandate", "stage": "done"}]}, "`done` is no stage; there are proposed, decided"),
    ],
)  # fmt: skip
def test_an_item_without_a_proper_label_is_an_error_with_its_line(values: dict[str, Any], message: str) -> None:
    good = json.dumps({"title": "Rain", "change": []})
    with pytest.raises(MonitorError) as error:
        list(read_labelled([good, "", json.dumps({"title": "Rain", **values})], "items.jsonl"))
    assert str(error.value).startswith("items.jsonl:3: this line is no news item: ")
    assert message in str(error.value)
