"""The flow `maintain`: what keeps the database small and fast."""

from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.served import failing_in_words, opened
from monitor import pipeline


@flow(name="maintain")
@failing_in_words
def maintain(config: str) -> State[Any]:
    """Forgets old history and refreshes the query planner's figures.

    Args:
        config: the path of the configuration
    """
    with opened(config) as (loaded, store):
        forgotten = pipeline.maintain(loaded, store, datetime.now(UTC))
    return Completed(message=f"{forgotten} old polls forgotten")
