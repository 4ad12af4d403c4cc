"""`rules score` on the screen."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from monitor.cli.output import emit, say
from monitor.items import Item, Labels
from monitor.models import Signal
from monitor.rules.score import Score, Tally, stages_told

Result = tuple[Item, Labels, str | None, Sequence[Signal]]
"""An item, its labels, its language (given or found) and what the rules find in it."""
_APART = "told apart"


def show(results: Iterable[Result], *, changes: frozenset[str], verbose: bool, as_json: bool) -> None:
    """Counts the results and prints what came of it; with `verbose` first every wrong item, as it comes.

    `changes` are those that a rule can tell: others that the items are labelled with are named, as they lower recall.
    """
    main, apart = Score(), Score()
    for item, labels, language, signals in results:
        right = (apart if labels.apart else main).add(labels, language, signals)
        if verbose and not right:
            row = _wrong(item, labels, language, signals)
            if as_json:
                emit([row])
            else:
                _print_wrong(row)
    if as_json:
        emit(_rows(main))
        emit([{**_row("apart", _APART, apart.any_change), "items": apart.items}] if apart.items else [])
    else:
        _print(main, apart)
    for change in sorted({*main.changes, *apart.changes} - changes):
        say(f"items are labelled with the change `{change}`, which no rule tells: each of them counts as missed")


def _rows(score: Score) -> Iterator[dict[str, Any]]:
    yield {**_row("overall", "any change", score.any_change), "items": score.items}
    yield _row("micro", "per change", score.micro)
    for kind, tallies in (("change", score.changes), ("language", score.languages)):
        yield from (_row(kind, name, tally) for name, tally in sorted(tallies.items()))
    for name, tally in sorted(score.classes.items()):
        if name:
            yield {**_row("class", name, tally), "items": score.counts[name]}
    yield {"kind": "stage", "right": score.stages_right, "of": score.stages, "accuracy": _round(score.stage_accuracy)}
    yield {"kind": "quiet", "items": score.quiet, "alarmed": score.any_change.wrong}


def _row(kind: str, name: str, tally: Tally) -> dict[str, Any]:
    figures = {"precision": tally.precision, "recall": tally.recall, "f1": tally.f1}
    rounded = {key: _round(value) for key, value in figures.items()}
    return {"kind": kind, "name": name, **rounded, "right": tally.right, "wrong": tally.wrong, "missed": tally.missed}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


# --------------------------------------------------------------------------- for people


def _print(main: Score, apart: Score) -> None:
    rows = list(_rows(main))
    width = max(len(_heading(row)) for row in rows if "f1" in row) + 2
    print(f"{f'{main.items} items':{width}}{'precision':>9}{'recall':>8}{'F1':>7}{'right':>7}{'wrong':>7}{'missed':>8}")
    before = ""
    for row in (row for row in rows if "f1" in row and row["kind"] != "class"):
        if row["kind"] != before and row["kind"] in ("change", "language"):
            print()
        before = row["kind"]
        print(f"{_heading(row):{width}}{_figures(row)}")
    if apart.items:
        print(f"\n{_APART:{width}}{_figures(_row('', '', apart.any_change))}")
        print(f"  {apart.items} items whose text does not show the change, or whose title is none; not counted above")
    _print_classes([row for row in rows if row["kind"] == "class"], width)
    print()
    if main.stages:
        right = f"{main.stages_right} of {main.stages} changes found ({main.stage_accuracy:.1%})"
        print(f"the stage is right in {right}; of several signals the one nearest to the headline counts")
    if main.quiet:
        print(f"{main.any_change.wrong} of {main.quiet} items without a change were alarmed")


def _print_classes(rows: Sequence[dict[str, Any]], width: int) -> None:
    for row in rows:
        if row is rows[0]:
            print()
        with_change = row["right"] + row["missed"]
        parts = [f"{row['right']} of {with_change} with a change found"] if with_change else []
        if row["items"] > with_change:
            parts.append(f"{row['wrong']} of {row['items'] - with_change} without one alarmed")
        print(f"{_heading(row):{width}}{', '.join(parts)}")


def _heading(row: dict[str, Any]) -> str:
    return row["name"] if row["kind"] in ("overall", "micro") else f"{row['kind']} {row['name']}"


def _figures(row: dict[str, Any]) -> str:
    shares = (f"{'–' if row[key] is None else format(row[key], '.3f'):>8}" for key in ("precision", "recall", "f1"))
    precision, recall, f1 = shares
    return f"{precision:>9}{recall:>8}{f1[1:]:>7}{row['right']:>7}{row['wrong']:>7}{row['missed']:>8}"


def _wrong(item: Item, labels: Labels, language: str | None, signals: Sequence[Signal]) -> dict[str, Any]:
    return {
        "kind": "wrong",
        "id": item.id,
        "language": language,
        "title": item.title,
        "apart": labels.apart,
        "wanted": dict(labels.changes),
        "told": stages_told(signals),
        "found": [{"rule": s.rule, "change": s.change, "stage": s.stage, "sentence": s.sentence} for s in signals],
    }


def _print_wrong(row: dict[str, Any]) -> None:
    apart = f"  ({_APART})" if row["apart"] else ""
    print(f"{row['id']}  [{row['language'] or '?'}]  {row['title']}{apart}")
    wanted = ", ".join(f"{change} {stage}" for change, stage in row["wanted"].items())
    print(f"    wanted  {wanted or 'nothing'}")
    for number, one in enumerate(row["found"]):
        sentence = "" if one["sentence"] == row["title"] else f': "{one["sentence"]}"'
        print(f"    {'found ' if number == 0 else '      '}  {one['change']} {one['stage']} by {one['rule']}{sentence}")
    if not row["found"]:
        print("    found   nothing")
    print()
