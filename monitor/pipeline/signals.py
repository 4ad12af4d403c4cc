"""Matching and grouping: articles -> signals -> developments, and the alerts that these give cause to."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.config import Config
from monitor.developments import FOLLOWS, Decision, decide, followed, is_fresh, is_plain, reports_of
from monitor.models import Article, Match, Report
from monitor.pipeline.stories import assign_story
from monitor.pipeline.telling import queue_alerts
from monitor.store import Store, articles, developments, signals

_BATCH = 200
_AHEAD = 2_000
"""How many articles are in memory to be matched, 6 KB each."""
MatchArticles = Callable[[Config, Sequence[Article]], Iterator[tuple[Sequence[Article], list[Match]]]]


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


def match_here(config: Config, waiting: Sequence[Article]) -> Iterator[tuple[Sequence[Article], list[Match]]]:
    """What the rules find in articles, in portions in their order. No database."""
    for first in range(0, len(waiting), _BATCH):
        portion = waiting[first : first + _BATCH]
        yield portion, [config.rules.match(article) for article in portion]


def match_articles(
    config: Config,
    store: Store,
    now: datetime,
    done: Callable[[int], None] = lambda _: None,
    match: MatchArticles = match_here,
) -> MatchReport:
    """Finds the signals in every article that the present rules have not seen, and the story of each.

    `done` hears of so many more that were looked at. `match` may do so on other machines.
    """
    report = MatchReport()
    while waiting := articles.unmatched(store, config.rules_version, _AHEAD):
        for portion, found in match(config, waiting):
            store_matches(config, store, portion, found, now, report)
            done(len(portion))
    return report


def store_matches(
    config: Config, store: Store, portion: Sequence[Article], found: Sequence[Match], now: datetime, report: MatchReport
) -> None:
    """Writes what was found in articles that still are as they were read; the others have their turn again.

    Another program may have changed a headline meanwhile, which would count as seen.
    """
    version = config.rules_version
    with store.transaction():
        still = articles.still_unmatched(store, version, portion)
        for article, match in zip(portion, found, strict=True):
            if article.id in still:
                assign_story(store, article)
                report.articles += 1
                report.signals += signals.replace(store, article.id, match.signals, version, now)
                articles.matched(store, article.id, version, match.nearly)


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
