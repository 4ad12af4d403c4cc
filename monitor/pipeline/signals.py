"""Matching and grouping: articles -> signals -> developments, and the alerts that these give cause to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from monitor.config import Config
from monitor.developments import FOLLOWS, Decision, decide, followed, is_fresh, is_plain, reports_of
from monitor.models import Report
from monitor.pipeline.stories import assign_story
from monitor.pipeline.telling import queue_alerts
from monitor.store import Store, articles, developments, signals

_BATCH = 200


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


def need_right_rules(config: Config, store: Store) -> None:
    """Raises ConfigError with what is wrong with the rules. Rules with which an article was matched are right.

    Compiling them takes a second, which a pass with nothing to match can do without.
    """
    if not articles.is_any_matched(store, config.rules_version):
        _ = config.rules


def match_articles(
    config: Config, store: Store, now: datetime, done: Callable[[int], None] = lambda _: None
) -> MatchReport:
    """Finds the signals in every article that the present rules have not seen, and the story of each.

    `done` hears of so many more that were looked at.
    """
    report = MatchReport()
    if not articles.unmatched(store, config.rules_version, 1):
        return report  # without compiling the rules
    while looked_at := _match_batch(config, store, now, report):
        done(looked_at)
    return report


def _match_batch(config: Config, store: Store, now: datetime, report: MatchReport) -> int:
    """Looks at some articles and says at how many.

    They are read in the transaction that writes: a headline that another program changes meanwhile would count as seen.
    """
    rules = config.rules
    with store.transaction():
        batch = articles.unmatched(store, rules.version, _BATCH)
        for article in batch:
            assign_story(store, article)
            found = rules.match(article)
            report.signals += signals.replace(store, article.id, found.signals, rules.version, now)
            articles.matched(store, article.id, rules.version, found.nearly)
    report.articles += len(batch)
    return len(batch)


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
    fresh: dict[int, Report] = {}
    with store.transaction():
        waiting = signals.ungrouped(store, _BATCH)
        for one in reports_of(waiting, config.weak_rules):
            event, decision = _place(config, store, one, now)
            if decision.kind != "joins":
                silent.add(event)
                told = Told(event, one.signal.change, decision.stage, one.article.title, decision.kind)
                (report.new if decision.kind == "new" else report.moved).append(told)
            if is_fresh(one, now, config.settings.alerting.horizon) and (
                decision.kind != "joins" or event not in fresh
            ):
                fresh[event] = one
        for event, one in fresh.items():
            queued = queue_alerts(config, store, event, one, now)
            report.alerts += queued
            if queued:
                silent.discard(event)
    return bool(waiting)


def _place(config: Config, store: Store, report: Report, now: datetime) -> tuple[int, Decision]:
    """Puts one article's report into its development, known or new."""
    at = report.at or report.article.published or report.article.first_seen or now
    window = config.settings.alerting.window
    known = developments.around(store, report, at, window)
    decision = decide(report, known, now=at, window=window, forums=config.settings.forums)
    event = decision.development
    if event is None:
        earlier = followed(report, developments.before(store, report, at, FOLLOWS), at, config.settings.forums)
        event = developments.insert(store, report, at, now, earlier.id if earlier else None)
    developments.extend(store, event, at, report)
    if decision.kind != "joins":
        developments.reach(store, event, report, decision.stage, at)
    developments.add_article(store, event, report, now, plain=is_plain(report))
    for one in report.signals:
        signals.grouped(store, one.id, event)
    return event, decision
