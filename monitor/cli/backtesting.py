"""`rules backtest` on the screen."""

from monitor.cli.output import Row, emit, table
from monitor.pipeline.backtest import BacktestReport, Difference, Kind
from monitor.store.base import iso

_COLUMNS = {"kind": "", "at": "news of", "change": "change", "stage": "stage", "rule": "rule", "sentence": "evidence"}
_SHOWN: tuple[Kind, ...] = ("new", "lost", "other stage")


def show(report: BacktestReport, *, timezone: str, as_json: bool) -> None:
    """Prints what differs, and how much stays the same."""
    if as_json:
        emit(map(_row, report.differences))
        return
    different = [difference for difference in report.differences if difference.kind in _SHOWN]
    if different:
        table([_row(difference) for difference in different], _COLUMNS, timezone=timezone, empty="")
    counts = ", ".join(f"{report.count(kind)} {kind}" for kind in ("same", *_SHOWN))
    print(f"{report.articles:,} articles under today's rules against what was told: {counts}")
    if report.count("lost"):
        print("lost: was told, and today's rules would not tell it; see `haiti-monitor rules explain`")


def _row(difference: Difference) -> Row:
    told = difference.told
    stage = f"{told.stage} (was {difference.before})" if difference.before else told.stage
    return {
        "kind": difference.kind,
        "at": iso(told.at),
        "change": told.change,
        "stage": stage,
        "rule": told.rule,
        "title": told.title,
        "sentence": told.sentence,
        "articles": sorted(told.articles),
    }
