"""Those that read feeds: at once, beside the requests, or where reading can be stopped."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from monitor.errors import ParseError
from monitor.models import FeedState, ParsedFeed, Response
from monitor.parse import parse_feed
from monitor.reading import Brought, Job, ReaderProcess, read_quickly
from monitor.worker_pool import WorkerPool

MANY = 100
"""From so many documents on processes beside this one are worth their start of 0.2 s."""
_BESIDE = 2
_TOGETHER = 16
"""How many feeds go to a process at once, since sending costs as much as reading one."""
_PATIENCE = 0.02
"""Seconds that the first of them waits for others."""
_TIME_LIMIT = timedelta(seconds=20)


class Parsers:
    """A context manager that leaves no process behind.

    Most feeds are read at once, which takes a millisecond. Where many have changed, processes beside this one read them
    while it asks and stores; where many are sure to, these start at once. What only feedparser can read goes to a
    process that can be stopped, since feedparser has no time limit.
    """

    def __init__(self, sure: int) -> None:
        self._sure = sure
        self._read = 0
        self.beside: list[ReaderProcess] = []
        """The processes beside this one."""
        self._idle: SimpleQueue[ReaderProcess] = SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None
        self._odd = WorkerPool(1, _TIME_LIMIT)
        self._jobs: list[tuple[Job, asyncio.Future[Brought]]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        self._closing.callback(self._odd.close)
        if self._sure >= MANY:
            self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def _start(self) -> None:
        self._threads = self._closing.enter_context(ThreadPoolExecutor(_BESIDE, "reading"))
        for _ in range(_BESIDE):
            self.beside.append(self._closing.enter_context(closing(ReaderProcess())))
            self._idle.put(self.beside[-1])

    async def parse(self, feed: FeedState, answer: Response, now: datetime) -> ParsedFeed:
        """What a feed says. Raises ParseError where it is none, WorkError where reading it had to be stopped."""
        self._read += 1
        if self._threads is None and self._read > MANY:
            self._start()
        job = feed, answer, now
        found = await self._queued(job) if self._threads else read_quickly([job])[0]
        if isinstance(found, ParseError):
            raise found
        if found is not None:
            return found
        headers = dict(answer.headers)
        return await self._odd.run(parse_feed, answer.body, url=answer.url, now=now, headers=headers, seen=feed.seen)

    def _queued(self, job: Job) -> "asyncio.Future[Brought]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Brought] = loop.create_future()
        self._jobs.append((job, future))
        if len(self._jobs) >= _TOGETHER:
            self._send()
        elif len(self._jobs) == 1:
            loop.call_later(_PATIENCE, self._send)
        return future

    def _send(self) -> None:
        jobs, self._jobs = self._jobs, []
        if jobs:
            task = asyncio.get_running_loop().create_task(self._read_beside(jobs))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _read_beside(self, jobs: Sequence[tuple[Job, "asyncio.Future[Brought]"]]) -> None:
        work = [job for job, _ in jobs]
        found = await asyncio.get_running_loop().run_in_executor(self._threads, self._read_by_one, work)
        for (_, future), one in zip(jobs, found, strict=True):
            if not future.done():
                future.set_result(one)

    def _read_by_one(self, work: Sequence[Job]) -> list[Brought]:
        """In a thread of its own: has the next process read, and reads itself where somebody killed that."""
        process = self._idle.get()
        try:
            return process.read(work)
        except (OSError, EOFError):
            return read_quickly(work)
        finally:
            self._idle.put(process)
