"""Reading: articles whose page is wanted -> text.

A page that cannot be had leaves the feed's own text, and the article says so.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from monitor.config import Config
from monitor.errors import ExtractError, WorkError
from monitor.extract import extract
from monitor.models import FetchFailure, PageOutcome, PageRequest
from monitor.parse import plausible
from monitor.pipeline.asking import fetch_settings, in_turns
from monitor.pipeline.feeds import news_time
from monitor.pipeline.manners import Hosts, Visit
from monitor.pipeline.streaming import Stream
from monitor.schema import FetchSection
from monitor.store import Store, articles, robots
from monitor.timing import next_page

if TYPE_CHECKING:
    from monitor.fetch import Fetcher
    from monitor.worker_pool import WorkerPool

_log = logging.getLogger(__name__)
_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
_NO_USE = frozenset({"address", "url", "too_large", "encoding", "redirect", "disallowed"})
_UNREACHED = frozenset({"dns", "connection", "timeout", "proxy", "robots"})
_GONE = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 451})
_WORKERS = 2
_AHEAD = 100
"""How many pages may be on their way, each of them in memory until it is read."""
TIME_LIMIT = timedelta(seconds=20)
"""For taking the text out of one page."""
OnPage = Callable[[PageOutcome], None]
AskPages = Callable[[FetchSection, Sequence[PageRequest], datetime, Hosts], Iterator[list[PageOutcome]]]


def wanted_pages(store: Store, now: datetime) -> list[PageRequest]:
    """The articles whose page is to be read now."""
    return articles.wanting_page(store, now)


def read_pages(
    config: Config,
    store: Store,
    clock: Callable[[], datetime],
    on_page: OnPage | None = None,
    pool: "WorkerPool | None" = None,
    ask: AskPages | None = None,
) -> tuple[int, int]:
    """Reads all pages that are to be read now, and stores some while others are read.

    Says how many were read, and how many failed. Starting workers takes a second: who reads several times passes a
    `pool` that lasts. `ask` may read them on other machines.
    """
    from monitor.worker_pool import WorkerPool  # only who reads pages pays for it

    read = failed = 0
    hosts = known_hosts(store, clock())
    with ExitStack() as closing:
        while wanted := wanted_pages(store, clock()):
            if ask is None:
                ask = partial(ask_pages, pool=pool or closing.enter_context(WorkerPool(_WORKERS, TIME_LIMIT)))
            for outcomes in ask(config.settings.fetch, wanted, clock(), hosts):
                store_pages(config, store, outcomes, clock(), hosts)
                for outcome in outcomes:
                    if on_page:
                        on_page(outcome)
                read += sum(outcome.page is not None for outcome in outcomes)
                failed += sum(outcome.page is None for outcome in outcomes)
    return read, failed


def known_hosts(store: Store, now: datetime) -> Hosts:
    """What is known at the beginning of a pass of the hosts whose pages are read."""
    return Hosts.of(robots.known(store, now))


def ask_pages(
    fetch: FetchSection, wanted: Sequence[PageRequest], now: datetime, hosts: Hosts, pool: "WorkerPool"
) -> Iterator[list[PageOutcome]]:
    """Downloads pages and takes their text out, in worker processes; portions as they come in. No database.

    A failed page is a value. Who asks in several rounds passes the same `hosts` to each, so that no site is asked for
    its rules twice, or for a page too soon after the last.
    """
    stream: Stream[PageOutcome] = Stream(partial(_ask_all, fetch, wanted, now, hosts, pool), _AHEAD)
    return stream.portions()


async def _ask_all(
    fetch: FetchSection,
    wanted: Sequence[PageRequest],
    now: datetime,
    hosts: Hosts,
    pool: "WorkerPool",
    stream: Stream[PageOutcome],
) -> None:
    from monitor.fetch import Fetcher

    async def ask(request: PageRequest) -> None:
        stream.put(await _read(request, fetcher, visit, pool, now))

    async with Fetcher(fetch_settings(fetch)) as fetcher, asyncio.TaskGroup() as group:
        visit = Visit(hosts, fetcher, fetch.page_pause, now)
        for request in in_turns(wanted, lambda request: request.url):
            await stream.place()
            group.create_task(ask(request))


async def _read(
    request: PageRequest, fetcher: "Fetcher", visit: Visit, pool: "WorkerPool", now: datetime
) -> PageOutcome:
    answer = await fetcher.get(request.url, accept=_ACCEPT, manners=visit)
    if isinstance(answer, FetchFailure):
        final = answer.kind in _NO_USE or answer.status in _GONE
        postponed, unreached = answer.kind == "postponed", answer.kind in _UNREACHED
        return PageOutcome(request, error=answer.message, final=final, postponed=postponed, unreached=unreached)
    try:
        page = await pool.run(extract, answer.body, answer.url, answer.headers.get("content-type", ""), now)
    except (ExtractError, WorkError) as error:
        return PageOutcome(request, error=str(error), final=True)
    except Exception as error:  # noqa: BLE001  whatever is odd about one page must not cost the others theirs
        _log.exception("the page %s could not be read", answer.url)
        return PageOutcome(request, error=f"{type(error).__name__}: {error}; the log says more", final=True)
    return PageOutcome(request, page=page)


def store_pages(
    config: Config, store: Store, pages: Sequence[PageOutcome], now: datetime, hosts: Hosts | None = None
) -> None:
    """Writes the texts, and what was learnt of the hosts; a page that failed for a passing reason is tried again later.

    One whose turn did not come is no failed try, however often that happens.
    """
    del config
    with store.transaction():
        if hosts and (learnt := hosts.take_learnt()):
            robots.keep(store, learnt, now)
        for outcome in pages:
            article = outcome.request.article
            if outcome.page is not None:
                published = outcome.page.published if plausible(outcome.page.published, now) else None
                news_at = news_time(published, now, first_poll=False) if published else None
                articles.set_page(store, article, outcome.page, published=published, news_at=news_at)
            else:
                tries = 1 if outcome.postponed else outcome.request.attempts + 1
                again = None if outcome.final else next_page(now, tries, reached=not outcome.unreached)
                reason = outcome.error or "no reason was given"
                articles.no_page(store, article, reason, again, tried=not outcome.postponed)
