"""Edge: pages are read in worker processes that can be killed, since no extractor has a time limit."""

import asyncio
import logging
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from pebble import ProcessExpired, ProcessPool

from monitor.errors import ExtractError
from monitor.extract import extract
from monitor.models import Page

Work = Callable[[bytes, str, str, datetime | None], Page]

_GRACE = timedelta(seconds=30)
"""What a worker gets beyond the time limit, to start or to be stopped, before the pool is taken for dead."""


class ExtractorPool:
    """Worker processes that read pages; a context manager that leaves no worker behind.

    They start with the first page and serve one event loop after the other. `timeout` is for one page, from when a
    worker takes it. `work` does the reading: a function of a module, called in the worker as
    `work(body, url, content_type, now)`.
    """

    def __init__(self, workers: int = 2, timeout: timedelta = timedelta(seconds=20), *, work: Work = extract) -> None:
        self._workers = workers
        self._seconds = timeout.total_seconds()
        self._work = work
        self._turns: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None
        self._pool: ProcessPool | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def extract(self, body: bytes, url: str, content_type: str = "", now: datetime | None = None) -> Page:
        """What `extract.extract` makes of a page; waits while every worker is busy.

        Raises ExtractError where there is no article, where reading took too long and where the worker died:
        only this page is lost then. Cancelling stops the worker.
        """
        async with self._turn():
            pool = self._running()
            limit = self._seconds + _GRACE.total_seconds()
            work = (limit, self._work, body, url, content_type, now)
            future = pool.schedule(_limited, args=work, timeout=self._seconds)
            try:
                return await asyncio.wait_for(asyncio.wrap_future(future), limit)
            except TimeoutError:
                if future.cancelled():  # not the worker's own limit: the pool does not answer any more
                    self._drop(pool)
                raise ExtractError(f"extraction took longer than {self._seconds:g} s and was stopped") from None
            except (ProcessExpired, BrokenProcessPool) as error:
                raise ExtractError("the process that read the page died while reading it") from error

    def close(self) -> None:
        """Stops the workers at once, whatever they are doing. The pool cannot be used again."""
        self._closed = True
        if self._pool is not None:
            self._drop(self._pool)

    def _turn(self) -> asyncio.Semaphore:
        """A place at a worker; a semaphore belongs to one event loop, so a new loop gets a new one."""
        loop = asyncio.get_running_loop()
        if self._turns is None or self._turns[0] is not loop:
            self._turns = (loop, asyncio.Semaphore(self._workers))
        return self._turns[1]

    def _running(self) -> ProcessPool:
        if self._closed:
            raise RuntimeError("the extractor pool is closed")
        if self._pool is not None and not self._pool.active:
            self._drop(self._pool)  # pebble gives up for good when an idle worker is killed from outside
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=self._workers,
                initializer=_set_up_logging,
                initargs=(logging.getLogger("monitor").getEffectiveLevel(),),
                # A forked child of a process with threads may inherit a lock that nobody will ever release.
                context=multiprocessing.get_context("spawn"),
            )
            with _deaf_to_interrupts():
                _ = self._pool.active  # starts the workers
        return self._pool

    def _drop(self, pool: ProcessPool) -> None:
        if pool is self._pool:
            self._pool = None
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started meanwhile never hear Ctrl-C, which a terminal sends to all: it is we who stop them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _limited(seconds: float, work: Work, body: bytes, url: str, content_type: str, now: datetime | None) -> Page:
    """Does the work in a worker that the kernel ends, should the service be gone that would have stopped it."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return work(body, url, content_type, now)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _set_up_logging(level: int) -> None:
    """What we log goes to stderr at the service's level, what libraries say of odd pages does not."""
    logging.basicConfig(level=logging.CRITICAL, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("monitor").setLevel(level)
