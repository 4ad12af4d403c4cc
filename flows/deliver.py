"""The flow `deliver`: retries, digests, and what quiet hours held back.

A poll sends what it found itself. So this need not run every minute: each run is a process of 100 MB for some seconds.
"""

from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import tasks
from flows.served import failing_in_words, opened
from flows.tasks import whole
from monitor.eventlog import record


@flow(name="deliver")
@failing_in_words
def deliver(config: str) -> State[Any]:
    """Sends what is queued and due; fails where a channel does not take it, which is then tried again later.

    Args:
        config: the path of the configuration
    """
    with opened(config) as (loaded, store):
        tasks.watch_itself(whole(loaded), whole(store), datetime.now(UTC))
        report = tasks.send_alerts(whole(loaded), whole(store), lambda: datetime.now(UTC))
    summary = f"{report.sent} alerts sent, {report.held} held for later"
    record("deliver.done", f"deliver: {summary}", sent=report.sent, held=report.held, failed=len(report.failures))
    if report.failures:
        return Failed(message=f"{summary}; not taken by {', '.join(report.failures)}")
    return Completed(message=summary)
