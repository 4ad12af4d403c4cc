"""`rules score` on the screen."""

from collections.abc import Iterable, Iterator, Sequence

from monitor.cli.output import Row, emit
from monitor.items import Item, Labels
from monitor.models import Signal
from monitor.rules.score import Score, Tally, stages_told

Result = tuple[Item, Labels, Sequence[Signal]]


def show(results: Iterable[Result], *, verbose: bool, as_json: bool) -> None:
    """Counts the results and prints what came of it; with `verbose` every wrong item first."""
    main, apart = Score(), Score()
    for item, labels, signals in results:
        right = (apart if labels.apart else main).add(labels, item.language, signals)
        if verbose and not right:
            row = _wrong(item, labels, signals)
            if as_json:
                emit([row])
            else:
                _print_wrong(row, signals)
    rows = [*_rows(main, ""), *(_rows(apart, "told apart: ") if apart.items else ())]
    if as_json:
        emit(rows)
    else:
        _print(rows, main)


def _rows(score: Score, prefix: str) -> Iterator[Row]:
    yield _row(f"{prefix}any change", score.any_change, items=score.items)
    yield _row(f"{prefix}per change", score.micro, stage_accuracy=_round(score.stage_accuracy), stages=score.stages)
    for kind, tallies in (("change", score.changes), ("language", score.languages)):
        for name, tally in sorted(tallies.items()):
            yield _row(f"{prefix}{kind} {name}", tally)
    for name, tally in sorted(score.kinds.items()):
        if name and not tally.right + tally.missed:
            yield {"of": f"{prefix}class {name}", "items": score.counts[name], "alarmed": tally.wrong}


def _row(name: str, tally: Tally, **more: object) -> Row:
    figures = {"precision": tally.precision, "recall": tally.recall, "f1": tally.f1}
    return {
        "of": name,
        **{key: _round(value) for key, value in figures.items()},
        "right": tally.right,
        "wrong": tally.wrong,
        "missed": tally.missed,
        **more,
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _print(rows: Sequence[Row], main: Score) -> None:
    print(f"{main.items} items" if main.items else "no item to score")
    print(f"{'':28}{'precision':>10}{'recall':>8}{'F1':>8}{'right':>8}{'wrong':>7}{'missed':>8}")
    for row in rows:
        if "alarmed" in row:
            print(f"{row['of']:28}{row['alarmed']} of {row['items']} alarmed")
            continue
        figures = "".join(
            f"{'–' if row[key] is None else format(row[key], '.3f'):>{width}}"
            for key, width in (("precision", 10), ("recall", 8), ("f1", 8))
        )
        print(f"{row['of']:28}{figures}{row['right']:>8}{row['wrong']:>7}{row['missed']:>8}")
    if main.stages:
        print(f"the stage is right in {main.stages_right} of {main.stages} changes found ({main.stage_accuracy:.1%})")


def _wrong(item: Item, labels: Labels, signals: Sequence[Signal]) -> Row:
    return {
        "of": "wrong item",
        "id": item.id,
        "language": item.language,
        "title": item.title,
        "wanted": dict(labels.changes),
        "found": stages_told(signals),
        "rules": {signal.rule: signal.sentence for signal in signals},
        "apart": labels.apart,
    }


def _print_wrong(row: Row, signals: Sequence[Signal]) -> None:
    print(f"{row['id']} [{row['language'] or '?'}] {row['title']}{'  (told apart)' if row['apart'] else ''}")
    print(f"    wanted {_stages(row['wanted'])}, found {_stages(row['found'])}")
    for signal in signals:
        print(f"    {signal.rule}: {signal.stage} “{signal.sentence}”")
    print()


def _stages(changes: dict[str, str]) -> str:
    return ", ".join(f"{change} {stage}" for change, stage in changes.items()) or "nothing"
