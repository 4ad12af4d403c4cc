"""Those that read feeds: at once, beside the requests, or where reading can be stopped."""

import asyncio
import gc
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from types import TracebackType
from typing import Self

from monitor.errors import ParseError
from monitor.identity import candidates
from monitor.models import FeedState, ParsedFeed, Response
from monitor.parse import parse_feed, parse_quickly
from monitor.worker_pool import WorkerPool

MANY = 200
"""From so many feeds on processes beside this one are worth their start of 0.3 s."""
_BESIDE = 2
_TOGETHER = 16
"""How many feeds go to a process at once, since sending costs as much as reading one."""
_PATIENCE = 0.02
"""Seconds that the first of them waits for others."""
_TIME_LIMIT = timedelta(seconds=20)

FEW_COLLECTIONS = 50_000
"""New objects between two searches for garbage: reading makes very many, none of them in a circle."""

Job = tuple[FeedState, Response, datetime]
Brought = ParsedFeed | ParseError | None


def read_quickly(jobs: Sequence[Job]) -> list[Brought]:
    """What feeds say, with the candidates that they bring; None for one that only feedparser can read."""
    return [_read_one(*job) for job in jobs]


def _read_one(feed: FeedState, answer: Response, now: datetime) -> Brought:
    try:
        parsed = parse_quickly(answer.body, url=answer.url, now=now, headers=answer.headers, seen=feed.seen)
    except ParseError as error:
        return error
    # The candidates hold the entries: sent twice between processes, these would cost as much as reading them.
    return parsed and replace(parsed, entries=(), candidates=tuple(candidates(feed, parsed)))


def _processes() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(_BESIDE, get_context("spawn"), gc.set_threshold, (FEW_COLLECTIONS,))


class Parsers:
    """A context manager that leaves no process behind.

    Most feeds are read at once, which takes a millisecond. Where many are asked, processes beside this one read them
    while it asks and stores. What only feedparser can read goes to a process that can be stopped, since feedparser has
    no time limit.
    """

    def __init__(self, feeds: int) -> None:
        self._beside = _processes() if feeds >= MANY else None
        self._starting: list[Future[list[Brought]]] = []
        self._odd = WorkerPool(1, _TIME_LIMIT)
        self._jobs: list[tuple[Job, asyncio.Future[Brought]]] = []
        self._running: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._odd.close()
        if self._beside:
            self._beside.shutdown(cancel_futures=True)

    async def parse(self, feed: FeedState, answer: Response, now: datetime) -> ParsedFeed:
        """What a feed says. Raises ParseError where it is none, WorkError where reading it had to be stopped."""
        job = feed, answer, now
        found = await self._queued(job) if self._may_read_beside() else _read_one(*job)
        if isinstance(found, ParseError):
            raise found
        if found is not None:
            return found
        headers = dict(answer.headers)
        return await self._odd.run(parse_feed, answer.body, url=answer.url, now=now, headers=headers, seen=feed.seen)

    def _may_read_beside(self) -> bool:
        """Whether the processes are there. They start with the first feed that brought something."""
        if self._beside is None:
            return False
        if not self._starting:
            self._starting = [self._beside.submit(read_quickly, ()) for _ in range(_BESIDE)]
        return all(one.done() for one in self._starting)

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
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._beside, read_quickly, work)
        except BrokenProcessPool:
            self._beside = None  # somebody killed it: then all are read here
            found = read_quickly(work)
        for (_, future), one in zip(jobs, found, strict=True):
            if not future.done():
                future.set_result(one)
