"""What today's rules would tell of the stored articles, against what was told. Nothing is written.

Each article is taken at the moment it was first seen, in that order, and its signals are placed by the same decision as
in the running service; what that would tell is laid beside the stages that were told.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from monitor.config import Config
from monitor.developments import decide
from monitor.models import Article, Development, Signal, StoredSignal
from monitor.pipeline.run import Progress
from monitor.pipeline.signals import reports_of
from monitor.store import Store, articles, developments

Kind = Literal["same", "new", "lost", "other stage"]


@dataclass(frozen=True, slots=True)
class Told:
    """A stage of a development that is told: by today's rules, or in fact."""

    change: str
    stage: str
    at: datetime
    title: str
    sentence: str
    rule: str
    articles: frozenset[int]
    """The development's articles: two developments with one in common are the same event."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something told, now or then; `before` is the stage that was told instead where only that differs."""

    kind: Kind
    told: Told
    before: str | None = None


@dataclass(slots=True)
class BacktestReport:
    """What was looked at, and every telling of today's rules or of the past."""

    articles: int = 0
    differences: list[Difference] = field(default_factory=list)

    def count(self, kind: Kind) -> int:
        """How many tellings are of this kind."""
        return sum(difference.kind == kind for difference in self.differences)


@dataclass(slots=True)
class _Event:
    """A development as it grows in memory."""

    known: Development
    articles: set[int]
    told: list[tuple[StoredSignal, str]]


def backtest(
    config: Config, store: Store, *, since: datetime | None = None, progress: Progress | None = None
) -> BacktestReport:
    """Compares today's rules with the past, over the articles whose news is from `since` on (all without it)."""
    report = BacktestReport()
    if progress:
        progress.begin("match", articles.count(store, since))
    events: list[_Event] = []
    open_events: defaultdict[str, list[_Event]] = defaultdict(list)
    for article, news_at in articles.in_order(store, since):
        report.articles += 1
        if progress:
            progress.advance()
        found = config.rules.signals(article)
        for reports in reports_of([StoredSignal(0, signal, article, news_at) for signal in found]):
            _place(config, reports[0], events, open_events[reports[0].signal.change])
    report.differences = _compared([_as_told(*one) for one in _tellings(events)], _past(store, since))
    return report


def _place(config: Config, signal: StoredSignal, events: list[_Event], nearby: list[_Event]) -> None:
    """Puts a report into its event, as the pipeline does."""
    now = signal.article.first_seen or signal.at
    if now is None:
        return
    at = signal.at or now
    alerting = config.settings.alerting
    nearby[:] = [event for event in nearby if event.known.last_seen >= at - 2 * alerting.window]
    decision = decide(
        signal, [event.known for event in nearby], now=now, horizon=alerting.horizon, window=alerting.window
    )
    event = next((event for event in nearby if event.known.id == decision.development), None)
    if event is None:
        known = Development(len(events) + 1, signal.signal.change, decision.stage, frozenset(), at, at)
        event = _Event(known, set(), [])
        events.append(event)
        nearby.append(event)
    event.known = replace(
        event.known,
        stage=decision.stage,
        actors=event.known.actors | frozenset(signal.signal.actors),
        first_seen=min(event.known.first_seen, at),
        last_seen=max(event.known.last_seen, at),
        told=event.known.told | ({decision.stage} if decision.tell else set()),
    )
    event.articles.add(signal.article.id)
    if decision.tell:
        event.told.append((signal, decision.stage))


def _tellings(events: Sequence[_Event]) -> Iterator[tuple[_Event, StoredSignal, str]]:
    return ((event, signal, stage) for event in events for signal, stage in event.told)


def _as_told(event: _Event, signal: StoredSignal, stage: str) -> Told:
    found: Signal = signal.signal
    article: Article = signal.article
    at = signal.at or article.first_seen
    assert at is not None  # noqa: S101  _place leaves out what has no time
    return Told(found.change, stage, at, article.title, found.sentence, found.rule, frozenset(event.articles))


def _past(store: Store, since: datetime | None) -> list[Told]:
    """The stages that were told."""
    return [
        Told(r.change, r.stage, r.since, r.title, r.sentence, r.rule, frozenset(r.articles))
        for r in developments.told_stages(store, since)
    ]


def _compared(now: Sequence[Told], then: Sequence[Told]) -> list[Difference]:
    """Every telling of both sides once, in the order of time."""
    found: list[Difference] = []
    taken: set[int] = set()
    for one in now:
        same_event = [
            (i, other) for i, other in enumerate(then) if other.change == one.change and other.articles & one.articles
        ]
        same_stage = next((i for i, other in same_event if other.stage == one.stage and i not in taken), None)
        if same_stage is not None:
            taken.add(same_stage)
            found.append(Difference("same", one))
        elif any(other.stage == one.stage for _, other in same_event):
            continue  # the past told it as one with another
        elif same_event:
            found.append(Difference("other stage", one, before=", ".join(other.stage for _, other in same_event)))
        else:
            found.append(Difference("new", one))
    for i, other in enumerate(then):
        here = [one for one in now if one.change == other.change and one.articles & other.articles]
        if i not in taken and not here:
            found.append(Difference("lost", other))
    return sorted(found, key=lambda difference: difference.told.at)
