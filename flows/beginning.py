"""What the service does before its server is there: it checks the rules' examples, then asks the feeds.

In a process of its own, which gives its memory back. A server takes a quarter of a minute to start, news need not wait
for it; what is done with them is the first flow's.
"""

import hashlib
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path

import monitor.config
from flows.following import follow_service
from monitor import alive, dismissals, pipeline, yamltext
from monitor.config import Config
from monitor.errors import ConfigError, Problem
from monitor.eventlog import say
from monitor.models import FeedReport
from monitor.rules.examples import run_examples
from monitor.rules.ruleset import ENGINE
from monitor.store import open_store


class Beginning:
    """The beginning of a service with the configuration at a path, under way."""

    def __init__(self, path: Path) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=follow_service)
        self._problems: Future[list[Problem]] = self._pool.submit(check, path)
        self._reports: Future[list[FeedReport]] = self._pool.submit(ask, path)

    def wait(self) -> None:
        """Raises ConfigError for rules that are wrong or whose examples do not hold.

        That the feeds could not be asked is said, and the first flow tries again.
        """
        if problems := self._problems.result():
            raise ConfigError(problems)
        try:
            reports = self._reports.result()
        except Exception as error:  # noqa: BLE001  the flows say it too, if it lasts, and do the rest
            say("feeds.unasked", f"The feeds could not be asked yet: {error}", level="warning")
        else:
            _tell(reports)
        self._pool.shutdown()


def _tell(reports: list[FeedReport]) -> None:
    if not reports:
        return  # it was the turn of none
    failed, new = sum(one.error is not None for one in reports), sum(one.new for one in reports)
    text = f"{len(reports)} feeds asked, {failed} failed, {new} new articles."
    say("feeds.asked", text, feeds=len(reports), failed=failed, new_articles=new)


def check(path: Path) -> list[Problem]:
    """What is wrong with the configuration, its rules' examples included.

    These take seconds, and are left out where the same held before.
    """
    try:
        config = monitor.config.load(path, rules=False)
        problems = [] if _held(config) else config.broken_examples(run_examples(config.rules))
    except ConfigError as error:
        return error.problems
    if not problems:
        with suppress(OSError):  # a full disk: the first flow asks the feeds then, and says so
            _seal_of(config).write_text(_fingerprint(config))
    return problems


def ask(path: Path) -> list[FeedReport]:
    """Asks the feeds whose turn it is and stores what they bring, if the configuration is right.

    Raises ConfigError or StoreError.
    """
    config = monitor.config.load(path, rules=False)
    if not _held(config):
        return []
    with open_store(config.database_path) as store:
        pipeline.sync(config, store, _now())
        return pipeline.poll_feeds(config, store, pipeline.due_feeds(store, _now()), _now)


def _held(config: Config) -> bool:
    seal = _seal_of(config)
    return seal.is_file() and seal.read_text() == _fingerprint(config)


def _seal_of(config: Config) -> Path:
    """The file that says which examples held."""
    return alive.home_of(config.database_path) / "examples.held"


def _fingerprint(config: Config) -> str:
    """Changes with the program, its rule engine and all that stands in the configuration."""
    dismissed = dismissals.path_of(config.path)
    parts = [metadata.version("haiti-monitor"), str(ENGINE), yamltext.read(config.path)]
    if dismissed.exists():
        parts.append(yamltext.read(dismissed))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC)
