"""Asking, reading and matching on other machines: batches go to Dask workers as Prefect tasks, one writer stores.

    flow (database)  ──  batches  ──>  Dask scheduler  ──>  workers (network and processor, no database)
         stores      <──  what they brought  ──

What no worker does is done here: a scheduler that cannot be reached, a batch that fails, workers that are all gone. It
is said and costs time. A batch whose worker dies is given to another by Dask itself.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from monitor.config import Config
from monitor.errors import ConfigError
from monitor.eventlog import say
from monitor.models import Article, FeedOutcome, FeedState, Match, PageOutcome, PageRequest
from monitor.pipeline import batches
from monitor.pipeline.asking import ask_feeds
from monitor.pipeline.feeds import AskFeeds
from monitor.pipeline.manners import Hosts
from monitor.pipeline.pages import AskPages
from monitor.pipeline.signals import MatchArticles, match_here
from monitor.schema import FetchSection

if TYPE_CHECKING:
    from distributed import Client, Future
    from prefect_dask import DaskTaskRunner

FEEDS, PAGES, ARTICLES = 250, 40, 200
"""How many make a batch (of feeds, at least): some seconds of work, since each costs the server and the scheduler a
tenth of one."""
CONNECT_SECONDS = 10
LOOK_SECONDS = 15
"""How often it is looked whether there still are workers."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the work that needs no database is done: each as the stage of `monitor.pipeline` takes it."""

    ask_feeds: AskFeeds = ask_feeds
    ask_pages: AskPages | None = None
    match: MatchArticles = match_here


HERE = Places()


@contextmanager
def places(config: Config) -> Iterator[Places]:
    """Where a run does its work: here, or where `runner:` says. Within a flow run only."""
    if config.settings.runner.kind == "local":
        yield HERE
        return
    with _runner(config) as runner:
        if client := _connected(runner):
            workers = Workers(runner, client)
            yield Places(workers.ask_feeds, workers.ask_pages, workers.match)
        else:
            yield HERE


class Workers:
    """Dask workers, as the stages take them."""

    def __init__(self, runner: "DaskTaskRunner", client: "Client") -> None:
        self._runner, self._client = runner, client
        self._flow_run = copy_context()  # a task within a stage would take that along, and with it the database

    def ask_feeds(self, fetch: FetchSection, due: Sequence[FeedState], now: datetime) -> Iterator[list[FeedOutcome]]:
        """As `pipeline.ask_feeds`, a batch at a time: a worker waits for all of its feeds at once."""
        size = max(FEEDS, -(-len(due) // max(1, len(self._client.ncores()))))
        parts = batches.by_host(due, lambda feed: feed.address, size)
        yield from self._done(_ask_feeds, [(fetch, part, now) for part in parts])

    def ask_pages(
        self, fetch: FetchSection, wanted: Sequence[PageRequest], now: datetime, hosts: Hosts
    ) -> Iterator[list[PageOutcome]]:
        """As `pipeline.ask_pages`, a batch at a time."""
        parts = batches.by_host(wanted, lambda request: request.url, PAGES)
        known = [hosts.part(request.url for request in part) for part in parts]
        given = [(fetch, part, now, of) for part, of in zip(parts, known, strict=True)]
        for outcomes, learnt in self._done(_read_pages, given):
            hosts.join(learnt)
            yield outcomes

    def match(self, config: Config, waiting: Sequence[Article]) -> Iterator[tuple[Sequence[Article], list[Match]]]:
        """As `pipeline.match_here`, in the same order: it decides which article begins a story."""
        parts = [waiting[first : first + ARTICLES] for first in range(0, len(waiting), ARTICLES)]
        found = self._done(_match, [(config.rules_spec, part) for part in parts], in_order=True)
        yield from zip(parts, found, strict=True)

    def _done(self, work: Any, given: Sequence[tuple[Any, ...]], *, in_order: bool = False) -> Iterator[Any]:
        """What a task brings of each batch, as they come in or in their order."""
        waiting: dict[Future, tuple[Any, ...]] = {}
        for one in given:
            parameters = {"batch": Batch(one)}
            waiting[self._flow_run.run(self._runner.submit, work, parameters).wrapped_future] = one
        while waiting:
            for future in self._ended(next(iter(waiting)) if in_order else None, waiting):
                batch = waiting.pop(future)
                yield self._result(work, future, batch)

    def _ended(self, wanted: "Future | None", waiting: "dict[Future, tuple[Any, ...]]") -> "list[Future]":
        """Batches that are done: the wanted one, or any. Where all workers are gone, all that wait, as they are."""
        from distributed import wait

        while True:
            try:
                among = [wanted] if wanted else list(waiting)
                with self._client.as_current():
                    return list(wait(among, timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED").done)
            except TimeoutError:
                if not self._client.ncores():
                    return list(waiting)

    def _result(self, work: Any, future: "Future", batch: tuple[Any, ...]) -> Any:
        """What a batch brought; what no worker did is done here."""
        try:
            if not future.done():
                future.cancel()
                raise ConnectionError("there are no Dask workers any more")
            state = future.result()
            return state.result(_sync=True)
        except Exception as error:  # noqa: BLE001  whatever is wrong there must not cost what can be done here
            text = f"A batch ({work.name}) is done here, as no worker did it: {type(error).__name__}: {error}"
            say("elsewhere.failed", text, level="warning", error=str(error))
            return work.fn(Batch(batch))


class Batch:
    """What a task works on. No tuple: Prefect would walk through every entry of every feed."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts


@task(name="ask a batch of feeds", cache_policy=NO_CACHE)
def _ask_feeds(batch: Batch) -> list[FeedOutcome]:
    return batches.ask_feeds(*batch.parts)


@task(name="read a batch of pages", cache_policy=NO_CACHE)
def _read_pages(batch: Batch) -> tuple[list[PageOutcome], Hosts]:
    return batches.read_pages(*batch.parts)


@task(name="match a batch of articles", cache_policy=NO_CACHE)
def _match(batch: Batch) -> list[Match]:
    return batches.match(*batch.parts)


def _runner(config: Config) -> "DaskTaskRunner":
    """Prefect's task runner for Dask. Raises ConfigError where it is not installed."""
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        message = "`runner: {kind: dask}` needs more to be installed: pip install 'haiti-monitor[dask]'"
        raise ConfigError([config.document.problem(message, ("runner", "kind"))]) from error
    return DaskTaskRunner(address=config.settings.runner.address, client_kwargs={"timeout": CONNECT_SECONDS})


def _connected(runner: "DaskTaskRunner") -> "Client | None":
    """The connection to the scheduler; where there is none, or no worker, that is said."""
    try:
        client: Client = runner.client
        if client.ncores():
            return client
        reason = "no worker is connected to it; start some with `dask worker`"
    except OSError as error:
        reason = f"it cannot be reached: {error}"
    text = f"The work is done here, not by the Dask scheduler at {runner.address}: {reason}"
    say("elsewhere.unreachable", text, level="warning", address=runner.address)
    return None
