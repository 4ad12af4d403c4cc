"""What every flow does around its work: it opens the store, follows the service, and fails in words."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Failed

from flows import lastgood
from flows.following import follow_service
from monitor.config import Config
from monitor.errors import MonitorError
from monitor.pipeline import need_right_rules
from monitor.store import Store, open_store


def failing_in_words(flow: Callable[[str], State[Any]]) -> Callable[[str], State[Any]]:
    """Makes what a person can mend, as a mistake in the configuration, a failed run with that message."""

    @functools.wraps(flow)
    def run(config: str) -> State[Any]:
        try:
            return flow(config)
        except MonitorError as error:
            return Failed(message=str(error))

    return run


@contextmanager
def opened(path: str) -> Iterator[tuple[Config, Store]]:
    """The configuration at `path`, or the last good one of the service that runs, and its store.

    Raises ConfigError or StoreError where they cannot be used.
    """
    follow_service()
    config = lastgood.current(Path(path))
    with open_store(config.database_path) as store:
        need_right_rules(config, store)
        yield config, store
