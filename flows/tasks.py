"""The stages as Prefect tasks, thin: what is done stands in `monitor.pipeline`.

A task gets a batch, because every task run costs some 25 ms and 20 KB of Prefect's database: 1,000 feeds are ten runs.
Only the fetching tasks run side by side, in threads. All others run in the flow's own thread, one after the other,
so that the database has one writer.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar, cast
from urllib.parse import urlsplit

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.runtime import task_run
from prefect.utilities.annotations import quote

from flows.secrets import resolve
from monitor import pipeline
from monitor.config import Config
from monitor.models import FeedOutcome, FeedReport, FeedState, PageOutcome, PageRequest
from monitor.pipeline import GroupReport, MatchReport, SendReport
from monitor.pipeline.manners import Hosts
from monitor.store import Store

FEEDS_PER_TASK = 100
PAGES_PER_TASK = 50
RETRY_DELAYS = [10.0, 30.0]
"""Seconds before each further try of a batch that reached no server at all."""
_HOSTS_THAT_TELL = 3

T = TypeVar("T")


class CutOffError(Exception):
    """No feed of a batch could be reached: the network is more likely away than all of their servers."""


def whole(value: T) -> T:
    """Hands a value to a task as it is: Prefect would else walk through every entry of every feed."""
    return cast("T", quote(value))


def batches(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """The items in parts of at most `size`."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def feed_batches(feeds: Sequence[FeedState]) -> list[Sequence[FeedState]]:
    """The feeds in parts, those of one host together, because the limit per host holds within a part."""
    return batches(sorted(feeds, key=lambda feed: (_host(feed), feed.id)), FEEDS_PER_TASK)


def is_cut_off(outcomes: Sequence[FeedOutcome]) -> bool:
    """Whether several hosts were asked and none answered."""
    hosts = {_host(outcome.feed) for outcome in outcomes}
    unanswered = all(outcome.status == "failed" and outcome.http_status is None for outcome in outcomes)
    return len(hosts) >= _HOSTS_THAT_TELL and unanswered


def _host(feed: FeedState) -> str:
    return urlsplit(feed.url).netloc


@task(name="list due feeds", cache_policy=NO_CACHE)
def due_feeds(config: Config, store: Store, now: datetime) -> list[FeedState]:
    """Brings the configured feeds into the store, and answers those that are due."""
    pipeline.sync(config, store, now)
    return pipeline.due_feeds(store, now)


@task(name="fetch feeds", cache_policy=NO_CACHE, retries=len(RETRY_DELAYS), retry_delay_seconds=RETRY_DELAYS)
def fetch_feeds(config: Config, batch: Sequence[FeedState], now: datetime) -> list[FeedOutcome]:
    """Fetches and parses a batch. Raises CutOffError for another try; the last try's failures are values."""
    outcomes = pipeline.fetch_feeds(config, batch, now)
    if is_cut_off(outcomes) and task_run.run_count <= len(RETRY_DELAYS):
        raise CutOffError(f"None of {len(batch)} feeds could be reached, the first because: {outcomes[0].error}")
    return outcomes


@task(name="store feeds", cache_policy=NO_CACHE)
def store_feeds(config: Config, store: Store, outcomes: Sequence[FeedOutcome], now: datetime) -> list[FeedReport]:
    """Writes what a batch brought."""
    return pipeline.store_feeds(config, store, outcomes, now)


@task(name="read pages", cache_policy=NO_CACHE)
def fetch_pages(config: Config, batch: Sequence[PageRequest], now: datetime, hosts: Hosts) -> list[PageOutcome]:
    """Fetches a batch of articles' pages and takes out their text."""
    return pipeline.fetch_pages(config, batch, now, hosts=hosts)


@task(name="store pages", cache_policy=NO_CACHE)
def store_pages(config: Config, store: Store, pages: Sequence[PageOutcome], now: datetime, hosts: Hosts) -> None:
    """Writes the texts of a batch."""
    pipeline.store_pages(config, store, pages, now, hosts)


@task(name="match rules", cache_policy=NO_CACHE)
def match_articles(config: Config, store: Store, now: datetime) -> MatchReport:
    """Finds the signals in every article that the present rules have not seen."""
    return pipeline.match_articles(config, store, now)


@task(name="group signals", cache_policy=NO_CACHE)
def group_signals(config: Config, store: Store, now: datetime) -> GroupReport:
    """Makes developments of signals, queues their alerts, and emits an event for each new development."""
    grouped = pipeline.group_signals(config, store, now)
    for development in grouped.new:
        emit_event(
            event="haiti-monitor.development.new",
            resource={
                "prefect.resource.id": f"haiti-monitor.development.{development.id}",
                "prefect.resource.name": development.title,
            },
            payload={"change": development.change, "stage": development.stage, "title": development.title},
        )
    return grouped


@task(name="watch itself", cache_policy=NO_CACHE)
def watch_itself(config: Config, store: Store, now: datetime) -> int:
    """Queues an alarm for each new trouble of the monitor, and an all-clear for each that is over."""
    return pipeline.watch_itself(config, store, now)


@task(name="send alerts", cache_policy=NO_CACHE)
def send_alerts(config: Config, store: Store, clock: Callable[[], datetime]) -> SendReport:
    """Sends what is queued and due, and warns of every channel that did not take it."""
    report = pipeline.send_alerts(config, store, clock, secrets=resolve)
    for channel, reason in report.failures.items():
        get_run_logger().warning("Channel %s: %s", channel, reason)
    return report
