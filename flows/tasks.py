"""The stages as Prefect tasks, thin: what is done stands in `monitor.pipeline`.

A stage is one task, whatever the number of feeds, because every task run costs some 25 ms and 20 KB of Prefect's
database. They run in the flow's own thread, one after the other, so that the database has one writer; what can go on at
the same time, the requests and the reading, does so inside a stage.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar, cast

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.runtime import task_run
from prefect.utilities.annotations import quote

from flows import lastgood
from flows.elsewhere import HERE, Places
from flows.secrets import resolve
from monitor import pipeline
from monitor.config import Config
from monitor.eventlog import logged, record
from monitor.models import FeedReport, FeedState
from monitor.pipeline import GroupReport, MatchReport, SendReport
from monitor.pipeline.feeds import is_cut_off
from monitor.pipeline.signals import Told
from monitor.store import Store

RETRY_DELAYS = [10.0, 30.0]
"""Seconds before each further try of a poll that reached no server at all."""

T = TypeVar("T")


class CutOffError(Exception):
    """No feed could be reached: the network is more likely away than all of their servers."""


def whole(value: T) -> T:
    """Hands a value to a task as it is: Prefect would else walk through every entry of every feed."""
    return cast("T", quote(value))


@task(name="list due feeds", cache_policy=NO_CACHE)
def due_feeds(config: Config, store: Store, now: datetime) -> list[FeedState]:
    """Brings the configured feeds into the store, and answers those that are due."""
    pipeline.sync(config, store, now)
    return pipeline.due_feeds(store, now)


@task(name="poll feeds", cache_policy=NO_CACHE, retries=len(RETRY_DELAYS), retry_delay_seconds=RETRY_DELAYS)
def poll_feeds(
    config: Config, store: Store, due: Sequence[FeedState], clock: Callable[[], datetime], places: Places = HERE
) -> list[FeedReport]:
    """Asks the feeds and stores what they bring. Raises CutOffError for another try; the last try's failures stand."""
    reports = pipeline.poll_feeds(config, store, due, clock, ask=places.ask_feeds)
    if is_cut_off(reports) and task_run.run_count <= len(RETRY_DELAYS):
        raise CutOffError(f"None of {len(due)} feeds could be reached, the first because: {reports[0].error}")
    for report in reports:
        if report.error is not None:
            text = f"Feed {report.feed}: {report.error}"
            record("feed.failed", text, level="warning", feed=report.feed, error=report.error)
    return reports


@task(name="read pages", cache_policy=NO_CACHE)
def read_pages(config: Config, store: Store, clock: Callable[[], datetime], places: Places = HERE) -> tuple[int, int]:
    """Reads the pages that are wanted; says how many were read, and how many failed."""
    return pipeline.read_pages(config, store, clock, ask=places.ask_pages)


@task(name="index articles", cache_policy=NO_CACHE)
def index_articles(store: Store) -> int:
    """Lets full-text search find what is new."""
    return pipeline.index_articles(store)


@task(name="match rules", cache_policy=NO_CACHE)
def match_articles(config: Config, store: Store, now: datetime, places: Places = HERE) -> MatchReport:
    """Finds the signals in every article that the present rules have not seen."""
    return pipeline.match_articles(config, store, now, match=places.match)


@task(name="group signals", cache_policy=NO_CACHE)
def group_signals(config: Config, store: Store, now: datetime) -> GroupReport:
    """Makes developments of signals, queues their alerts, and emits an event for each new development."""
    grouped = pipeline.group_signals(config, store, now)
    for development in grouped.new:
        _record_development("development.new", development)
        emit_event(
            event="haiti-monitor.development.new",
            resource={
                "prefect.resource.id": f"haiti-monitor.development.{development.id}",
                "prefect.resource.name": development.title,
                "haiti-monitor.change": development.change,  # triggers match labels, not the payload
                "haiti-monitor.stage": development.stage,
            },
            payload={"change": development.change, "stage": development.stage, "title": development.title},
        )
    for development in grouped.moved:
        _record_development("development.moved", development)
    return grouped


def _record_development(event: str, found: Told) -> None:
    text = f"{found.change} {found.stage}: {found.title}"
    record(event, text, development=found.id, change=found.change, stage=found.stage, title=found.title)


@task(name="watch itself", cache_policy=NO_CACHE)
def watch_itself(config: Config, store: Store, now: datetime) -> int:
    """Queues an alarm for each new trouble of the monitor, and an all-clear for each that is over."""
    return pipeline.watch_itself(config, store, now, lastgood.troubles())


@task(name="send alerts", cache_policy=NO_CACHE)
def send_alerts(config: Config, store: Store, clock: Callable[[], datetime]) -> SendReport:
    """Sends what is queued and due, and warns of every channel that did not take it."""
    report = pipeline.send_alerts(config, store, clock, secrets=resolve)
    for number, channel in report.delivered:
        record("alert.sent", f"Channel {channel} took alert {number}", alert=number, channel=channel)
    for channel, reason in report.failures.items():
        extra = logged("alert.failed", channel=channel, error=reason)
        get_run_logger().warning("Channel %s: %s", channel, reason, extra=extra)
    return report
