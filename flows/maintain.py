"""The flow `maintain`: what keeps the database whole, small and fast."""

from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.served import failing_in_words, opened
from monitor import pipeline


@flow(name="maintain")
@failing_in_words
def maintain(config: str) -> State[Any]:
    """Checks the database, forgets what grew old, tidies up and makes a copy; fails where the file is damaged.

    Args:
        config: the path of the configuration
    """
    with opened(config) as (loaded, store):
        report = pipeline.maintain(loaded, store, datetime.now(UTC))
    return Failed(message=report.summary) if report.troubles else Completed(message=report.summary)
