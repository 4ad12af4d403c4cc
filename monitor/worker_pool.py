"""Edge: pages and odd feeds are read in worker processes that can be killed, since no reader has a time limit."""

import asyncio
import logging
import multiprocessing
import resource
import signal
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from pebble import ProcessExpired, ProcessPool

from monitor.errors import WorkError

T = TypeVar("T")

_MEMORY = 2 << 30
"""Bytes of address space of a worker; reading an ordinary page takes a tenth of that."""
_GRACE = timedelta(seconds=30)
"""What a worker gets beyond the time limit, to start or to be stopped, before the pool is taken for dead."""


class WorkerPool:
    """Worker processes; a context manager that leaves none behind.

    They start with the first work and serve one event loop after the other. `timeout` is for one piece of work, from
    when a worker takes it.
    """

    def __init__(self, workers: int = 2, timeout: timedelta = timedelta(seconds=20)) -> None:
        self._workers = workers
        self._seconds = timeout.total_seconds()
        self._turns: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None
        self._pool: ProcessPool | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def run(self, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """What `work`, a function of a module, answers; waits while every worker is busy.

        Raises what it raises, and WorkError where it took too long or the worker died: only this piece of work is lost
        then. Cancelling stops the worker.
        """
        async with self._turn():
            pool = self._running()
            limit = self._seconds + _GRACE.total_seconds()
            future = pool.schedule(_limited, args=(limit, work, arguments, named), timeout=self._seconds)
            try:
                return cast("T", await asyncio.wait_for(asyncio.wrap_future(future), limit))
            except TimeoutError:
                if future.cancelled():  # not the worker's own limit: the pool does not answer any more
                    self._drop(pool)
                raise WorkError(f"reading it took longer than {self._seconds:g} s and was stopped") from None
            except MemoryError:
                raise WorkError(f"reading it took more than {_MEMORY >> 30} GiB of memory and was stopped") from None
            except (ProcessExpired, BrokenProcessPool) as error:
                raise WorkError("the process that read it died while reading") from error

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
            raise RuntimeError("the pool of workers is closed")
        if self._pool is not None and not self._pool.active:
            self._drop(self._pool)  # pebble gives up for good when an idle worker is killed from outside
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=self._workers,
                initializer=_set_up,
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


def _limited(seconds: float, work: Callable[..., T], arguments: tuple[Any, ...], named: dict[str, Any]) -> T:
    """Does the work in a worker that the kernel ends, should the service be gone that would have stopped it."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return work(*arguments, **named)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _set_up(level: int) -> None:
    """What we log goes to stderr at the service's level, what libraries say of odd pages does not. And no page may
    take all the memory there is.
    """
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    logging.basicConfig(level=logging.CRITICAL, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("monitor").setLevel(level)
