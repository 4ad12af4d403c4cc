"""What today's rules would have told of the stored articles, against what was told. Nothing is written.

    stored articles -> signals -> developments in memory -> compared with the developments that were told

Each article is taken at the moment it was first seen, in that order, and its signals are placed by the same decision as
in the running service. So the rules that told give what was told, and each difference is a difference of the rules.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Literal

from monitor.config import Config
from monitor.developments import begun, decide, grown, is_fresh, reports_of
from monitor.models import Development, Report, Standing, StoredSignal
from monitor.models import Telling as Heard
from monitor.pipeline.run import Progress
from monitor.pipeline.telling import CONSOLE, announces
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
            signals = [StoredSignal(0, s, article, news_at) for s in config.rules.signals(article)]
            for one in reports_of(signals, config.weak_rules):
                memory.place(one)
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
    """A development as it grows, and by channel what was told of it."""

    known: Development
    severity: str
    languages: set[str | None] = field(default_factory=set)
    heard: dict[str, list[Heard]] = field(default_factory=dict)
    tellings: list[Telling] = field(default_factory=list)


class _Memory:
    """The developments of today's rules."""

    def __init__(self, config: Config) -> None:
        self._settings = config.settings
        self._nearby: defaultdict[str, list[_Event]] = defaultdict(list)
        self.events: list[_Event] = []

    def place(self, report: Report) -> None:
        """Puts one article's report into its development, and tells it, as the pipeline does."""
        now = report.article.first_seen
        assert now is not None  # noqa: S101  the store has it of every article
        at = report.at or report.article.published or now
        alerting = self._settings.alerting
        nearby = self._nearby[report.signal.change]
        nearby[:] = [event for event in nearby if event.known.last_seen >= at - 2 * alerting.window]
        known = [event.known for event in nearby]
        decision = decide(report, known, now=at, window=alerting.window, forums=self._settings.forums)
        event = next((event for event in nearby if event.known.id == decision.development), None)
        if event is None:
            event = _Event(begun(len(self.events) + 1, report, at), report.signal.severity)
            self.events.append(event)
            nearby.append(event)
        event.known = grown(event.known, report, decision, at)
        event.languages.add(report.article.language)
        severities = (event.severity, *(one.signal.severity for one in report.signals))
        event.severity = max(severities, key=_SEVERITIES.index)
        if is_fresh(report, now, alerting.horizon):
            self._tell(event, report, at)

    def _tell(self, event: _Event, report: Report, at: datetime) -> None:
        known, article = event.known, report.article
        standing = Standing(
            *(known.change, known.stage, event.severity, frozenset(event.languages), len(known.stories), known.plain)
        )
        told = False
        for channel in self._settings.channels or (None,):
            heard = event.heard.setdefault(channel.name if channel else CONSOLE, [])
            kind = announces(standing, heard, channel, self._settings.alerting)
            if kind is not None:
                heard.append(Heard(kind, standing.stage, standing.stories))
                told = told or standing.stage not in [one.stage for one in event.tellings]
        if told:
            signal = report.signal
            event.tellings.append(Telling(known.stage, at, article.id, article.title, signal.sentence, signal.rule))

    def told(self) -> Iterator[Event]:
        """The events of which something would have been told."""
        for event in self.events:
            if event.tellings:
                yield Event(event.known.change, event.known.articles, tuple(event.tellings))


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
