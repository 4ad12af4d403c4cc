"""Matching and grouping: articles -> signals -> developments, and the alerts that these give cause to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from itertools import groupby
from typing import Literal

from monitor.config import Config, channel_wants
from monitor.delivery import first_attempt
from monitor.developments import Decision, decide
from monitor.messages import compose
from monitor.models import AlertFacts, StoredSignal
from monitor.pipeline.stories import assign_story
from monitor.store import Row, Store, alerts, articles, developments, signals
from monitor.store.base import actors_of, required

CONSOLE = "console"
"""The channel of who has configured none: alerts are printed."""
_BATCH = 200
_EVIDENCE_ORDER = {"title": 0, "summary": 1, "text": 2}


@dataclass(slots=True)
class MatchReport:
    """How many articles were looked at, and how many signals they gave that were not known."""

    articles: int = 0
    signals: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """A development that came up or moved."""

    id: int
    change: str
    stage: str
    title: str
    kind: str


@dataclass(slots=True)
class GroupReport:
    """What grouping did: developments that are `new`, that `moved`, alerts queued, and developments placed silently."""

    new: list[Told] = field(default_factory=list)
    moved: list[Told] = field(default_factory=list)
    alerts: int = 0
    silent: int = 0


def match_articles(config: Config, store: Store, now: datetime) -> MatchReport:
    """Finds the signals in every article that the present rules have not seen, and the story of each."""
    report = MatchReport()
    while _match_batch(config, store, now, report):
        pass
    return report


def _match_batch(config: Config, store: Store, now: datetime, report: MatchReport) -> bool:
    """Looks at some articles and says whether there were any.

    They are read in the transaction that writes: a headline that another program changes meanwhile would count as seen.
    """
    rules = config.rules
    with store.transaction():
        batch = articles.unmatched(store, rules.version, _BATCH)
        for article in batch:
            assign_story(store, article)
            report.signals += signals.replace(store, article.id, rules.signals(article), rules.version, now)
            articles.matched(store, article.id, rules.version)
    report.articles += len(batch)
    return bool(batch)


def group_signals(config: Config, store: Store, now: datetime) -> GroupReport:
    """Makes developments of the signals that have none, and queues their alerts in the same transaction.

    An article that gives several signals of one change is one report: the signal nearest to its headline decides.
    Alerts are written when all reports at hand are placed, so that each says how widely its news was reported, and a
    development that came up and moved on at once is told once.
    """
    report = GroupReport()
    silent: set[int] = set()
    while _group_batch(config, store, now, report, silent):
        pass
    report.silent = len(silent)
    return report


def _group_batch(config: Config, store: Store, now: datetime, report: GroupReport, silent: set[int]) -> bool:
    """Places some signals and says whether there were any; `silent` gains the developments that nobody is told of.

    They are read in the transaction that writes: two programs that placed the same signals would tell them twice.
    """
    to_tell: dict[int, list[tuple[Decision, StoredSignal]]] = {}
    with store.transaction():
        waiting = signals.ungrouped(store, _BATCH)
        for reports in reports_of(waiting):
            event, decision = _place(config, store, reports, now, report)
            if decision.kind != "joins" and not decision.tell:
                silent.add(event)
            if decision.tell and (decision.kind != "joins" or event not in to_tell):
                to_tell.setdefault(event, []).append((decision, reports[0]))
        for event, news in to_tell.items():
            report.alerts += _queue_alerts(config, store, event, news, now)
    silent.difference_update(to_tell)
    return bool(waiting)


def together(first: Decision, then: Decision) -> Decision:
    """Two decisions to tell of one development as one: how it began, and where it stands now."""
    return replace(first, kind=then.kind if first.kind == "stage" else first.kind, stage=then.stage)


def reports_of(waiting: Sequence[StoredSignal]) -> Iterator[list[StoredSignal]]:
    """The signals of one article about one change, the deciding one first; articles in the given order."""
    order = {article: place for place, article in enumerate(dict.fromkeys(signal.article.id for signal in waiting))}
    ordered = sorted(
        waiting,
        key=lambda s: (order[s.article.id], s.signal.change, _EVIDENCE_ORDER[s.signal.field], s.signal.start, s.id),
    )
    for _, group in groupby(ordered, key=lambda s: (s.article.id, s.signal.change)):
        yield list(group)


def _place(
    config: Config, store: Store, reports: Sequence[StoredSignal], now: datetime, report: GroupReport
) -> tuple[int, Decision]:
    """Puts one article's report into its development, known or new."""
    signal = reports[0]
    at = signal.at or signal.article.published or signal.article.first_seen or now
    alerting = config.settings.alerting
    known = developments.around(store, signal.signal.change, at, alerting.window)
    decision = decide(signal, known, now=now, horizon=alerting.horizon, window=alerting.window)
    event = decision.development
    if event is None:
        event = developments.insert(store, signal, at, now)
    developments.extend(store, event, at, reports)
    if decision.kind != "joins":
        developments.reach(store, event, signal, decision.stage, at)
    for one in reports:
        developments.add_article(store, event, one, now)
        signals.grouped(store, one.id, event)
    _count(report, decision, event, signal)
    return event, decision


def _count(report: GroupReport, decision: Decision, event: int, signal: StoredSignal) -> None:
    if decision.kind == "joins":
        return
    told = Told(event, signal.signal.change, decision.stage, signal.article.title, decision.kind)
    (report.new if decision.kind == "new" else report.moved).append(told)


def _queue_alerts(
    config: Config, store: Store, event: int, news: Sequence[tuple[Decision, StoredSignal]], now: datetime
) -> int:
    """One alert for each channel that wants to hear the news of a development; with no channel at all it is printed."""
    decision = reduce(together, (decision for decision, _ in news))
    signal = news[-1][1]
    settings = config.settings
    row = developments.facts(store, event)
    kind: Literal["new", "stage", "contradiction"] = "new" if decision.kind == "joins" else decision.kind
    message = compose(_facts(store, decision, row, kind), timezone=settings.timezone)
    wanted = [
        channel
        for channel in settings.channels
        if channel_wants(
            channel,
            change=row["change"],
            stage=decision.stage,
            severity=row["severity"],
            language=signal.article.language,
        )
    ]
    targets = [(channel.name, first_attempt(channel, now, settings.timezone)) for channel in wanted]
    if not settings.channels:
        targets = [(CONSOLE, now)]
    for name, due in targets:
        alerts.queue(
            store,
            message,
            development=event,
            article=signal.article.id,
            channel=name,
            kind=kind,
            stage=decision.stage,
            now=now,
            not_before=due,
        )
    if targets:  # what nobody wanted stays untold: the next report may be of the severity or language that one wants
        for part, _ in news:
            developments.told(store, event, part.stage, now)
    return len(targets)


def _facts(store: Store, decision: Decision, row: Row, kind: Literal["new", "stage", "contradiction"]) -> AlertFacts:
    """What a message may say."""
    counts = developments.counts(store, row["development"])
    return AlertFacts(
        kind=kind,
        development=row["development"],
        change=row["change"],
        stage=decision.stage,
        severity=row["severity"],
        title=row["title"],
        actors=actors_of(row["actors"]),
        first_seen=required(row["first_seen"]),
        evidence=tuple(developments.evidence(store, row["development"])),
        outlets=counts.outlets,
        stories=counts.stories,
        previous_stage=decision.previous_stage,
    )
