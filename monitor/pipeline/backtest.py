"""What today's rules would have told of the stored articles, against what was told. Nothing is written.

    stored articles -> signals -> developments in memory -> compared with the developments that were told

Each article is taken at the moment it was first seen, in that order, and its signals are placed by the same decision as
in the running service. So the rules that told give what was told, and each difference is a difference of the rules.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Literal

from monitor.config import Config, channel_wants
from monitor.developments import Decision, decide
from monitor.models import Development, StoredSignal
from monitor.pipeline.run import Progress
from monitor.pipeline.signals import reports_of
from monitor.rules.explain import explain_rule
from monitor.rules.ruleset import RuleSet
from monitor.store import Store, articles, developments

Kind = Literal["new", "lost", "other stage", "same"]
_SEVERITIES = ("low", "normal", "high")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Telling:
    """A stage that was told, or would have been, with the report that showed it."""

    stage: str
    at: datetime
    article: int
    title: str
    sentence: str
    rule: str


@dataclass(frozen=True, slots=True)
class Event:
    """A development of which something was told, or would have been; `tellings` in their order."""

    change: str
    articles: frozenset[int]
    tellings: tuple[Telling, ...]
    dismissed: str | None = None
    """Why somebody dismissed it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An event, of today's rules or (`lost`) of the past; two that share an article are the same event.

    `before` is where the past left it, where that is another stage; `because` says why it is lost.
    """

    kind: Kind
    event: Event
    before: str | None = None
    because: str = ""


@dataclass(slots=True)
class BacktestReport:
    """What was looked at, and each event that is told: now, then, or both. `untold` events are found and not told."""

    articles: int = 0
    untold: int = 0
    differences: list[Difference] = field(default_factory=list)

    def count(self, kind: Kind) -> int:
        """How many events are of this kind."""
        return sum(difference.kind == kind for difference in self.differences)


def backtest(
    config: Config, store: Store, *, since: datetime | None = None, progress: Progress | None = None
) -> BacktestReport:
    """Compares today's rules with the past, over the articles whose news is from `since` on (all without it).

    What came shortly before `since` is read too, and not reported: an event may have begun there.
    """
    store.connection.execute("pragma query_only = on")
    try:
        return _backtest(config, store, since, progress)
    finally:
        store.connection.execute("pragma query_only = off")


def _backtest(config: Config, store: Store, since: datetime | None, progress: Progress | None) -> BacktestReport:
    begin = since - config.settings.alerting.window if since else None
    arrived = articles.arrivals(store, begin)
    memory = _Memory(config)
    if progress:
        progress.begin("match", len(arrived))
    report = BacktestReport()
    for start in range(0, len(arrived), _AT_ONCE):
        for article, news_at in articles.by_id(store, arrived[start : start + _AT_ONCE]):
            time = news_at or article.first_seen
            report.articles += since is None or (time is not None and time >= since)
            for reports in reports_of([StoredSignal(0, s, article, news_at) for s in config.rules.signals(article)]):
                memory.place(reports)
            if progress:
                progress.advance()
    now, then = list(memory.told()), list(_past(store))
    report.untold = sum(not one.tellings and (since is None or one.known.last_seen >= since) for one in memory.events)
    found = [*_compared(now, then, since), *_lost(now, then, since, config.rules, store)]
    report.differences = sorted(found, key=lambda difference: difference.event.tellings[-1].at)
    return report


# --------------------------------------------------------------------------- developments in memory


@dataclass(slots=True)
class _Event:
    """A development as it grows."""

    known: Development
    severity: str
    articles: set[int] = field(default_factory=set)
    tellings: list[Telling] = field(default_factory=list)


class _Memory:
    """The developments of today's rules."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._nearby: defaultdict[str, list[_Event]] = defaultdict(list)
        self.events: list[_Event] = []

    def place(self, reports: Sequence[StoredSignal]) -> None:
        """Puts one article's report into its development, as the pipeline does."""
        report = reports[0]
        now = report.article.first_seen
        assert now is not None  # noqa: S101  the store has it of every article
        at = report.at or report.article.published or now
        alerting = self._config.settings.alerting
        nearby = self._nearby[report.signal.change]
        nearby[:] = [event for event in nearby if event.known.last_seen >= at - 2 * alerting.window]
        known = [event.known for event in nearby]
        decision = decide(report, known, now=now, horizon=alerting.horizon, window=alerting.window)
        event = next((event for event in nearby if event.known.id == decision.development), None)
        if event is None:
            event = self._begin(report, decision, at)
        self._extend(event, reports, decision, at)

    def _begin(self, report: StoredSignal, decision: Decision, at: datetime) -> _Event:
        number = len(self.events) + 1
        event = _Event(
            Development(number, report.signal.change, decision.stage, frozenset(), at, at), report.signal.severity
        )
        self.events.append(event)
        self._nearby[report.signal.change].append(event)
        return event

    def _extend(self, event: _Event, reports: Sequence[StoredSignal], decision: Decision, at: datetime) -> None:
        signal, article = reports[0].signal, reports[0].article
        event.articles.add(article.id)
        severities = (event.severity, *(one.signal.severity for one in reports))
        event.severity = max(severities, key=_SEVERITIES.index)
        tell = decision.tell and self._is_wanted(event, decision.stage, article.language)
        event.known = replace(
            event.known,
            stage=decision.stage,
            actors=event.known.actors | frozenset(signal.actors),
            first_seen=min(event.known.first_seen, at),
            last_seen=max(event.known.last_seen, at),
            told=event.known.told | {decision.stage} if tell else event.known.told,
        )
        if tell:
            telling = Telling(decision.stage, at, article.id, article.title, signal.sentence, signal.rule)
            event.tellings.append(telling)

    def _is_wanted(self, event: _Event, stage: str, language: str | None) -> bool:
        """Whether a channel would take it; without any channel everything is printed."""
        channels = self._config.settings.channels
        return not channels or any(
            channel_wants(channel, change=event.known.change, stage=stage, severity=event.severity, language=language)
            for channel in channels
        )

    def told(self) -> Iterator[Event]:
        """The events of which something would have been told."""
        for event in self.events:
            if event.tellings:
                yield Event(event.known.change, frozenset(event.articles), tuple(event.tellings))


# --------------------------------------------------------------------------- comparison


def _past(store: Store) -> Iterator[Event]:
    """The developments of which something was told."""
    for _, group in groupby(developments.told_reports(store), key=lambda stage: stage.development):
        stages = list(group)
        tellings = tuple(Telling(s.stage, s.since, s.article, s.title, s.sentence, s.rule) for s in stages)
        yield Event(stages[0].change, frozenset(stages[0].articles), tellings, stages[0].dismissed_because)


def _compared(now: Iterable[Event], then: Iterable[Event], since: datetime | None) -> Iterator[Difference]:
    """Each event of today's rules, with what the past told of it."""
    past = _Index(then)
    for event in now:
        if not _is_since(event, since):
            continue
        same = past.sharing(event)
        stage, before = event.tellings[-1].stage, [other.tellings[-1].stage for other in same]
        if not same:
            yield Difference("new", event)
        elif stage in before:
            yield Difference("same", event)
        else:
            yield Difference("other stage", event, before=", ".join(dict.fromkeys(before)))


def _lost(
    now: Iterable[Event], then: Iterable[Event], since: datetime | None, rules: RuleSet, store: Store
) -> Iterator[Difference]:
    """Each event of the past of which today's rules would have told nothing."""
    present = _Index(now)
    for event in then:
        if _is_since(event, since) and not present.sharing(event):
            yield Difference("lost", event, because=_why_lost(event.tellings[-1], rules, store))


def _is_since(event: Event, since: datetime | None) -> bool:
    return since is None or any(telling.at >= since for telling in event.tellings)


class _Index:
    """Events by change and article."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._of: defaultdict[tuple[str, int], list[Event]] = defaultdict(list)
        for event in events:
            for article in event.articles:
                self._of[event.change, article].append(event)

    def sharing(self, event: Event) -> list[Event]:
        """The events of the same change with an article in common."""
        found = (other for article in sorted(event.articles) for other in self._of.get((event.change, article), ()))
        return list(dict.fromkeys(found))


def _why_lost(telling: Telling, rules: RuleSet, store: Store) -> str:
    index = next((i for i, rule in enumerate(rules.spec.rules) if rule.id == telling.rule), None)
    if index is None:
        return f"there is no rule `{telling.rule}` any more" if telling.rule else "its rule is not known"
    (article, _), *_ = articles.by_id(store, [telling.article])
    explanation = explain_rule(rules, index, article)
    if explanation.held:
        return f"`{telling.rule}` still holds: it tells another change, or no channel wants it"
    return explanation.deciding
