"""Reading: articles whose page is wanted -> text.

A page that cannot be had leaves the feed's own text, and the article says so.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor.config import Config
from monitor.errors import ExtractError, WorkError
from monitor.extract import extract
from monitor.models import FetchFailure, PageOutcome, PageRequest
from monitor.parse import plausible
from monitor.pipeline.asking import fetch_settings
from monitor.pipeline.feeds import news_time
from monitor.pipeline.manners import Hosts, Visit
from monitor.store import Store, articles, robots
from monitor.timing import next_page

if TYPE_CHECKING:
    from monitor.fetch import Fetcher
    from monitor.worker_pool import WorkerPool

_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
_NO_USE = frozenset({"address", "url", "too_large", "encoding", "redirect", "disallowed"})
_GONE = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 451})
_WORKERS = 2
_TIME_LIMIT = timedelta(seconds=20)
OnPage = Callable[[PageOutcome], None]


def wanted_pages(store: Store, now: datetime) -> list[PageRequest]:
    """The articles whose page is to be read now."""
    return articles.wanting_page(store, now)


def read_pages(
    config: Config,
    store: Store,
    clock: Callable[[], datetime],
    on_page: OnPage | None = None,
    pool: "WorkerPool | None" = None,
) -> tuple[int, int]:
    """Reads all pages that are to be read now, a batch at a time; says how many were read, and how many failed."""
    from monitor.worker_pool import WorkerPool  # only who reads pages pays for it

    read = failed = 0
    hosts = known_hosts(store, clock())
    with ExitStack() as closing:
        while wanted := wanted_pages(store, clock()):
            pool = pool or closing.enter_context(WorkerPool(_WORKERS, _TIME_LIMIT))
            outcomes = fetch_pages(config, wanted, clock(), on_page, pool, hosts)
            store_pages(config, store, outcomes, clock(), hosts)
            read += sum(outcome.page is not None for outcome in outcomes)
            failed += sum(outcome.page is None for outcome in outcomes)
    return read, failed


def known_hosts(store: Store, now: datetime) -> Hosts:
    """What is known at the beginning of a pass of the hosts whose pages are read."""
    return Hosts.of(robots.known(store, now))


def fetch_pages(
    config: Config,
    wanted: Sequence[PageRequest],
    now: datetime,
    on_page: OnPage | None = None,
    pool: "WorkerPool | None" = None,
    hosts: Hosts | None = None,
) -> list[PageOutcome]:
    """Downloads pages and takes their text out, in worker processes. A failed page is a value; no database.

    Starting workers takes a second: who reads several times passes a `pool` that lasts. Who reads in batches passes
    the same `hosts` to each, so that no site is asked for its rules twice, or for a page too soon after the last.
    """
    from monitor.worker_pool import WorkerPool  # only who reads pages pays for it

    if not wanted:
        return []
    with ExitStack() as closing:
        pool = pool or closing.enter_context(WorkerPool(_WORKERS, _TIME_LIMIT))
        return asyncio.run(_fetch_all(config, wanted, now, on_page or (lambda _: None), pool, hosts or Hosts()))


async def _fetch_all(
    config: Config, wanted: Sequence[PageRequest], now: datetime, on_page: OnPage, pool: "WorkerPool", hosts: Hosts
) -> list[PageOutcome]:
    from monitor.fetch import Fetcher

    async def one(request: PageRequest, fetcher: Fetcher, visit: Visit) -> PageOutcome:
        outcome = await _read(request, fetcher, visit, pool, now)
        on_page(outcome)
        return outcome

    async with Fetcher(fetch_settings(config)) as fetcher:
        visit = Visit(hosts, fetcher, config.settings.fetch.page_pause, now)
        return list(await asyncio.gather(*(one(request, fetcher, visit) for request in wanted)))


async def _read(
    request: PageRequest, fetcher: "Fetcher", visit: Visit, pool: "WorkerPool", now: datetime
) -> PageOutcome:
    answer = await fetcher.get(request.url, accept=_ACCEPT, manners=visit)
    if isinstance(answer, FetchFailure):
        final = answer.kind in _NO_USE or answer.status in _GONE
        return PageOutcome(request, error=answer.message, final=final, postponed=answer.kind == "postponed")
    try:
        page = await pool.run(extract, answer.body, answer.url, answer.headers.get("content-type", ""), now)
    except (ExtractError, WorkError) as error:
        return PageOutcome(request, error=str(error), final=True)
    return PageOutcome(request, page=page)


def store_pages(
    config: Config, store: Store, pages: Sequence[PageOutcome], now: datetime, hosts: Hosts | None = None
) -> None:
    """Writes the texts, and what was learnt of the hosts; a page that failed for a passing reason is tried again later.

    One whose turn did not come is no failed try, however often that happens.
    """
    del config
    with store.transaction():
        if hosts and hosts.learnt:
            robots.keep(store, hosts.learnt, now)
        for outcome in pages:
            article = outcome.request.article
            if outcome.page is not None:
                published = outcome.page.published if plausible(outcome.page.published, now) else None
                news_at = news_time(published, now, first_poll=False) if published else None
                articles.set_page(store, article, outcome.page, published=published, news_at=news_at)
            else:
                tries = 1 if outcome.postponed else outcome.request.attempts + 1
                again = None if outcome.final else next_page(now, tries)
                reason = outcome.error or "no reason was given"
                articles.no_page(store, article, reason, again, tried=not outcome.postponed)
    if hosts:
        hosts.learnt.clear()
