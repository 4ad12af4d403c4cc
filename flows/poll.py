"""The flow `poll`: due feeds -> articles -> signals -> developments -> alerts, in batches."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.futures import as_completed
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from flows import tasks
from flows.served import failing_in_words, opened
from flows.tasks import whole
from monitor.config import Config
from monitor.models import FeedReport
from monitor.pipeline import GroupReport, beat, known_hosts, wanted_pages
from monitor.pipeline.run import is_good
from monitor.store import Store

BATCHES_AT_ONCE = 2
"""One slow server holds up its batch, not the other. More would only share the same processor."""
ROWS = 200
"""The most rows of the table: Prefect's database keeps one table for every poll."""


@flow(name="poll", task_runner=ThreadPoolTaskRunner(max_workers=BATCHES_AT_ONCE))  # type: ignore[arg-type]
@failing_in_words
def poll(config: str) -> State[Any]:
    """One whole pass. It sends at its end, so that an alert does not wait for the next `deliver`.

    Args:
        config: the path of the configuration
    """
    with opened(config) as (loaded, store):
        reports = _poll_feeds(loaded, store)
        _read_pages(loaded, store)
        tasks.match_articles(whole(loaded), whole(store), _now())
        grouped = tasks.group_signals(whole(loaded), whole(store), _now())
        tasks.watch_itself(whole(loaded), whole(store), _now())
        sent = tasks.send_alerts(whole(loaded), whole(store), _now)
        heartbeat = beat(loaded) if is_good(reports) else None
    summary = f"{summarise(reports, grouped)}, {sent.sent} alerts sent" + (f"; {heartbeat}" if heartbeat else "")
    create_table_artifact(key="poll", table=rows(reports), description=summary)
    print(f"{_now():%H:%M} UTC poll: {summary}", file=sys.stderr, flush=True)
    return Completed(message=summary)


def _poll_feeds(config: Config, store: Store) -> list[FeedReport]:
    due = tasks.due_feeds(whole(config), whole(store), _now())
    fetching = [tasks.fetch_feeds.submit(whole(config), whole(batch), _now()) for batch in tasks.feed_batches(due)]
    reports: list[FeedReport] = []
    for future in as_completed(fetching):
        outcomes = future.result()
        reports += tasks.store_feeds(whole(config), whole(store), whole(outcomes), _now())
    return reports


def _read_pages(config: Config, store: Store) -> None:
    """One batch after the other, as each has worker processes of its own."""
    hosts = known_hosts(store, _now())
    while wanted := wanted_pages(store, _now()):
        for batch in tasks.batches(wanted, tasks.PAGES_PER_TASK):
            pages = tasks.fetch_pages(whole(config), whole(batch), _now(), whole(hosts))
            tasks.store_pages(whole(config), whole(store), whole(pages), _now(), whole(hosts))


def summarise(reports: Sequence[FeedReport], grouped: GroupReport) -> str:
    """A poll in a line."""
    failed = sum(report.error is not None for report in reports)
    new = sum(report.new for report in reports)
    developments = f"{len(grouped.new)} new developments, {len(grouped.moved)} moved"
    return f"{len(reports)} feeds asked, {failed} failed, {new} new articles, {developments}"


def rows(reports: Sequence[FeedReport]) -> list[dict[str, Any]]:
    """The table of a poll: failures first, then what brought most; at most ROWS."""
    ordered = sorted(reports, key=lambda report: (report.error is None, -report.new, report.feed))
    return [
        {
            "feed": report.feed,
            "result": report.status,
            "new entries": report.new,
            "seconds": round(report.seconds, 2),
            "error": report.error or "",
        }
        for report in ordered[:ROWS]
    ]


def _now() -> datetime:
    return datetime.now(UTC)
