"""The flow `maintain`: what keeps the database whole, small and fast."""

from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.served import failing_in_words, opened
from monitor import pipeline
from monitor.eventlog import Level, record
from monitor.pipeline import MaintainReport


@flow(name="maintain")
@failing_in_words
def maintain(config: str) -> State[Any]:
    """Checks the database, forgets what grew old, tidies up and makes a copy; fails where the file is damaged.

    Args:
        config: the path of the configuration
    """
    with opened(config) as (loaded, store):
        report = pipeline.maintain(loaded, store, datetime.now(UTC))
    level: Level = "warning" if report.troubles else "info"
    record("maintain.done", f"maintain: {report.summary}", level=level, **figures(report))
    return Failed(message=report.summary) if report.troubles else Completed(message=report.summary)


def figures(report: MaintainReport) -> dict[str, Any]:
    """A night in numbers: how much of each was forgotten, and what became of the file."""
    return {
        "polls": report.polls,
        "articles": report.articles,
        "stories": report.stories,
        "alerts": report.alerts,
        "feeds_to_read": report.feeds_to_read,
        "freed": report.freed,
        "copy": report.copy,
        "troubles": len(report.troubles),
    }
