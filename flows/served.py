"""What every flow does around its work: it opens the store, follows the service, and fails in words."""

import functools
import logging
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

_ENDED = "Execution was aborted by a termination signal"
"""Prefect's words for SIGTERM, and only for it."""


def failing_in_words(flow: Callable[[str], State[Any]]) -> Callable[[str], State[Any]]:
    """Makes what a person can mend, as a mistake in the configuration, a failed run with that message."""

    @functools.wraps(flow)
    def run(config: str) -> State[Any]:
        try:
            return flow(config)
        except MonitorError as error:
            return Failed(message=str(error))

    return run


def keep_quiet_of_the_end() -> None:
    """Has Prefect not tell as a crash, in ERROR lines of the flow and of its task, that we end a run by SIGTERM.

    The state of the run still says so, and whatever else ends a run is told as ever.
    """
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(is_told)  # which adds it once


def is_told(record: logging.LogRecord) -> bool:
    """Whether a record says something else than that the run was asked to end."""
    return _ENDED not in record.getMessage()


@contextmanager
def opened(path: str) -> Iterator[tuple[Config, Store]]:
    """The configuration at `path`, or the last good one of the service that runs, and its store.

    Raises ConfigError or StoreError where they cannot be used.
    """
    follow_service()
    keep_quiet_of_the_end()
    config = lastgood.current(Path(path))
    with open_store(config.database_path) as store:
        need_right_rules(config, store)
        yield config, store
