"""The flow `poll`: due feeds -> articles -> signals -> developments -> alerts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows import tasks
from flows.elsewhere import places
from flows.served import failing_in_words, opened
from flows.tasks import whole
from monitor.alive import polling
from monitor.eventlog import record, say
from monitor.models import FeedReport
from monitor.pipeline import GroupReport, beat
from monitor.pipeline.feeds import is_cut_off
from monitor.pipeline.run import is_good

ROWS = 200
"""The most rows of the table: Prefect's database keeps one table for every poll."""


@flow(name="poll")
@failing_in_words
def poll(config: str) -> State[Any]:
    """One whole pass. It sends at its end, so that an alert does not wait for the next `deliver`.

    Args:
        config: the path of the configuration
    """
    with opened(config) as (loaded, store), polling(loaded.database_path), places(loaded) as elsewhere:
        due = tasks.due_feeds(whole(loaded), whole(store), _now())
        reports = tasks.poll_feeds(whole(loaded), whole(store), whole(due), _now, whole(elsewhere))
        if not is_cut_off(reports):  # without a network the tries of every page would be used up
            tasks.read_pages(whole(loaded), whole(store), _now, whole(elsewhere))
        tasks.match_articles(whole(loaded), whole(store), _now(), whole(elsewhere))
        grouped = tasks.group_signals(whole(loaded), whole(store), _now())
        tasks.watch_itself(whole(loaded), whole(store), _now())
        sent = tasks.send_alerts(whole(loaded), whole(store), _now)
        tasks.index_articles(whole(store))
        heartbeat = beat(loaded) if is_good(reports) else None
    summary = f"{summarise(reports, grouped)}, {sent.sent} alerts sent" + (f"; {heartbeat}" if heartbeat else "")
    if reports:
        create_table_artifact(key="poll", table=rows(reports), description=summary)
    if heartbeat:
        record("heartbeat.failed", heartbeat, level="warning")
    say("poll.done", f"{_now():%H:%M} UTC poll: {summary}", **figures(reports, grouped), alerts_sent=sent.sent)
    return Completed(message=summary)


def figures(reports: Sequence[FeedReport], grouped: GroupReport) -> dict[str, Any]:
    """A poll in numbers."""
    return {
        "feeds": len(reports),
        "failed": sum(report.error is not None for report in reports),
        "new_articles": sum(report.new for report in reports),
        "developments": len(grouped.new),
        "moved": len(grouped.moved),
    }


def summarise(reports: Sequence[FeedReport], grouped: GroupReport) -> str:
    """A poll in a line."""
    counted = figures(reports, grouped)
    developments = f"{counted['developments']} new developments, {counted['moved']} moved"
    asked = f"{counted['feeds']} feeds asked, {counted['failed']} failed"
    return f"{asked}, {counted['new_articles']} new articles, {developments}"


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
