"""`rules backtest` on the screen."""

from collections.abc import Iterator
from typing import Any

from monitor.cli.output import emit, readable, say, tinted, wrapped
from monitor.pipeline.backtest import BacktestReport, Difference, Kind
from monitor.store.base import iso

_HEADINGS: dict[Kind, str] = {
    "new": "new: would be told, was not",
    "lost": "lost: was told, would not be",
    "other stage": "told at another stage",
}


def show(report: BacktestReport, *, timezone: str, as_json: bool) -> None:
    """Prints what differs, and how much stays the same."""
    if as_json:
        emit(map(_row, report.differences))
        emit([_summary(report)])
        return
    if not report.articles:
        say("no article to look at; `haiti-monitor articles list` shows what is stored")
        return
    for kind, heading in _HEADINGS.items():
        if report.count(kind):
            print(tinted(f"{heading} ({report.count(kind)})", bold=True))
            for difference in report.differences:
                if difference.kind == kind:
                    print("\n".join(_lines(difference, timezone)))
            print()
    counts = ", ".join(f"{report.count(kind)} {kind}" for kind in ("same", *_HEADINGS))
    print(f"{report.articles:,} articles under today's rules against what was told: {counts}")
    if report.untold:
        print(f"{report.untold} more developments are found and not told: old when they came, or wanted by no channel")


def _lines(difference: Difference, timezone: str) -> Iterator[str]:
    event = difference.event
    last = event.tellings[-1]
    before = f" (was {difference.before})" if difference.before else ""
    stages = " → ".join(telling.stage for telling in event.tellings)
    when = readable(iso(last.at), timezone)
    yield wrapped(f"  {when} {timezone}  {event.change} {stages}{before}  rule {last.rule or 'unknown'}", indent=6)
    yield wrapped(f"      {last.title}", indent=6)
    if last.sentence != last.title:
        yield wrapped(f'      "{" ".join(last.sentence.split())}"', indent=6)
    if difference.because:
        yield wrapped(f"      why: {difference.because}", indent=11)
    if event.dismissed:
        yield wrapped(f"      it was dismissed: {event.dismissed}", indent=6)


def _row(difference: Difference) -> dict[str, Any]:
    event = difference.event
    last = event.tellings[-1]
    return {
        "kind": difference.kind,
        "at": iso(last.at),
        "change": event.change,
        "stage": last.stage,
        "stages": [telling.stage for telling in event.tellings],
        "before": difference.before,
        "rule": last.rule,
        "title": last.title,
        "sentence": last.sentence,
        "because": difference.because or None,
        "dismissed_because": event.dismissed,
        "articles": sorted(event.articles),
    }


def _summary(report: BacktestReport) -> dict[str, Any]:
    kinds: tuple[Kind, ...] = ("same", "new", "lost", "other stage")
    counts = {kind.replace(" ", "_"): report.count(kind) for kind in kinds}
    return {"kind": "summary", "articles": report.articles, **counts, "untold": report.untold}
