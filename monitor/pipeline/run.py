"""One whole pass: what `haiti-monitor poll`, `demo` and the service's flows do, in this order."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from monitor.config import Config, Secrets
from monitor.models import FeedReport
from monitor.pipeline import alerts, pages, signals, watching
from monitor.pipeline import feeds as polling
from monitor.pipeline.sending import Sender
from monitor.store import Store

if TYPE_CHECKING:
    from monitor.worker_pool import WorkerPool


class Progress(Protocol):
    """Hears how far a pass is; the command line draws a bar of it."""

    def begin(self, stage: str, total: int | None) -> None:
        """A stage begins with so many things to do; None: nobody knows."""

    def advance(self, done: int = 1) -> None:
        """So many of them are done."""


class _Quiet:
    def begin(self, stage: str, total: int | None) -> None:
        pass

    def advance(self, done: int = 1) -> None:
        pass


@dataclass(slots=True)
class PassReport:
    """What each stage of a pass did."""

    feeds: list[FeedReport] = field(default_factory=list)
    pages_read: int = 0
    pages_failed: int = 0
    matched: signals.MatchReport = field(default_factory=signals.MatchReport)
    grouped: signals.GroupReport = field(default_factory=signals.GroupReport)
    sent: alerts.SendReport = field(default_factory=alerts.SendReport)
    heartbeat_error: str | None = None


def run_pass(
    config: Config,
    store: Store,
    clock: Callable[[], datetime],
    *,
    everything: bool = False,
    progress: Progress | None = None,
    sender: Sender | None = None,
    secrets: Secrets = os.environ.get,
    show: Callable[[str], None] = print,
    pool: "WorkerPool | None" = None,
) -> PassReport:
    """Feeds in, alerts out. With `everything` also feeds whose turn has not come; `pool` reads the pages if given."""
    progress = progress or _Quiet()
    report = PassReport()
    polling.sync(config, store, clock())
    due = polling.due_feeds(store, clock(), everything=everything)
    progress.begin("feeds", len(due))
    report.feeds = polling.poll_feeds(config, store, due, clock, lambda _: progress.advance())
    if not polling.is_cut_off(report.feeds):  # without a network the tries of every page would be used up
        progress.begin("pages", len(pages.wanted_pages(store, clock())))
        read = pages.read_pages(config, store, clock, lambda _: progress.advance(), pool)
        report.pages_read, report.pages_failed = read
    progress.begin("match", None)
    report.matched = signals.match_articles(config, store, clock(), progress.advance)
    report.grouped = signals.group_signals(config, store, clock())
    watching.watch_itself(config, store, clock())
    progress.begin("send", None)
    report.sent = alerts.send_alerts(config, store, clock, sender=sender, secrets=secrets, show=show)
    polling.index_articles(store)
    if is_good(report.feeds):
        report.heartbeat_error = watching.beat(config)
    return report


def is_good(feeds: Sequence[FeedReport]) -> bool:
    """Whether a poll did its work: not all of the feeds that were asked failed."""
    return not feeds or any(feed.error is None for feed in feeds)
