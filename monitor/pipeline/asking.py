"""Asking: due feeds -> outcomes, with what each brought. The network, and no database."""

import asyncio
import gc
import hashlib
import queue
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from http import HTTPStatus
from operator import itemgetter
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.config import Config
from monitor.errors import ParseError, WorkError
from monitor.guard import FetchSettings, user_agent
from monitor.models import FeedOutcome, FeedState, FetchFailure, ParsedFeed, Response
from monitor.pipeline.parsers import Parsers
from monitor.reading import FEW_COLLECTIONS
from monitor.timing import max_age, wants_all

if TYPE_CHECKING:
    from monitor.fetch import Fetcher

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
)
_AHEAD = 400
"""How many outcomes may wait to be stored, before no further feed is asked."""
_PORTION = 60
_GATHERING = 0.2
"""Seconds in which outcomes are gathered to be stored together."""
_GONE = "it is gone for good and not asked again; `haiti-monitor feeds discover` may find where it went"
OnFeed = Callable[[FeedOutcome], None]


def fetch_feeds(
    config: Config, due: Sequence[FeedState], now: datetime, on_feed: OnFeed | None = None
) -> list[FeedOutcome]:
    """Asks all feeds at once, within the configured limits, and parses what is new. A failed feed is a value."""
    return [outcome for portion in ask_feeds(config, due, now, on_feed) for outcome in portion]


def ask_feeds(
    config: Config, due: Sequence[FeedState], now: datetime, on_feed: OnFeed | None = None
) -> Iterator[list[FeedOutcome]]:
    """The same in portions, as they come in: the others are asked while one portion is stored.

    A portion is in the order of `due`. A thread asks; it waits where too many outcomes are not taken yet, and ends
    with the iterator.
    """
    collecting = gc.get_threshold()
    gc.set_threshold(FEW_COLLECTIONS)
    order = {feed.id: number for number, feed in enumerate(due)}
    asking = _Asking(config, due, now)
    thread = Thread(target=asking.run, name="asking")
    thread.start()
    try:
        for portion in asking.portions():
            for outcome in portion:
                if on_feed:
                    on_feed(outcome)
            yield sorted(portion, key=lambda outcome: order[outcome.feed.id])
    finally:
        asking.stop()
        thread.join()
        asking.close()
        gc.set_threshold(*collecting)


class _Asking:
    """One round of requests in an event loop of its own, and the outcomes on their way out of it."""

    def __init__(self, config: Config, due: Sequence[FeedState], now: datetime) -> None:
        self._config, self._due, self._now = config, due, now
        self._portions: queue.SimpleQueue[list[FeedOutcome] | BaseException | None] = queue.SimpleQueue()
        self._gathered: list[FeedOutcome] = []
        self._loop = _event_loop()
        self._places = asyncio.Semaphore(_AHEAD)
        self._task: asyncio.Task[None] | None = None

    def run(self) -> None:
        """In the thread that asks: what ends it goes to the one that stores."""
        try:
            self._task = self._loop.create_task(self._ask_all())
            self._loop.run_until_complete(self._task)
            self._hand_over()
            self._portions.put(None)
        except BaseException as error:  # noqa: BLE001  it is raised where the outcomes are taken
            self._portions.put(error)

    def stop(self) -> None:
        """Ends what is still asked; from another thread."""
        self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())

    def close(self) -> None:
        """After the thread has ended."""
        self._loop.close()

    def portions(self) -> Iterator[list[FeedOutcome]]:
        """In the thread that stores."""
        while portion := self._portions.get():
            if isinstance(portion, BaseException):
                raise portion
            yield portion
            self._loop.call_soon_threadsafe(self._release, len(portion))

    def _release(self, places: int) -> None:
        for _ in range(places):
            self._places.release()

    async def _ask_all(self) -> None:
        never_read = sum(feed.last_full is None for feed in self._due)
        with Parsers(never_read) as parsers:
            from monitor.fetch import Fetcher  # aiohttp takes 0.15 s: only who polls pays for it

            async with Fetcher(fetch_settings(self._config)) as fetcher, asyncio.TaskGroup() as group:
                for feed in in_turns(self._due):
                    await self._places.acquire()
                    group.create_task(self._ask(feed, fetcher, parsers))

    async def _ask(self, feed: FeedState, fetcher: "Fetcher", parsers: Parsers) -> None:
        started = time.monotonic()
        known = feed if not wants_all(feed, self._now) else None
        answer = await fetcher.get(
            feed.address,
            etag=known.etag if known else None,
            last_modified=known.last_modified if known else None,
            accept=_ACCEPT,
        )
        outcome = await outcome_of(feed, answer, self._now, time.monotonic() - started, parsers)
        self._gathered.append(outcome)
        if len(self._gathered) >= _PORTION:
            self._hand_over()
        elif len(self._gathered) == 1:
            self._loop.call_later(_GATHERING, self._hand_over)

    def _hand_over(self) -> None:
        if self._gathered:
            self._portions.put(self._gathered)
            self._gathered = []


def in_turns(due: Sequence[FeedState]) -> list[FeedState]:
    """The first feed of each host, then the second of each: many feeds of one slow host hold up no others."""
    places: Counter[str] = Counter()
    turns = []
    for feed in due:
        host = urlsplit(feed.address).netloc
        turns.append((places[host], feed))
        places[host] += 1
    return [feed for _, feed in sorted(turns, key=itemgetter(0))]


def _event_loop() -> asyncio.AbstractEventLoop:
    """The faster loop where there is one (not on Windows)."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def outcome_of(
    feed: FeedState, answer: Response | FetchFailure, now: datetime, seconds: float, parsers: Parsers
) -> FeedOutcome:
    """What an answer means for its feed: unchanged (304 or the same bytes), new entries, or a failure."""
    if isinstance(answer, FetchFailure):
        message = f"{answer.message}: {_GONE}" if answer.status == HTTPStatus.GONE else answer.message
        return FeedOutcome(feed, now, seconds, "failed", answer.status, message, answer.retry_after)
    good_for = max_age(answer.headers.get("cache-control", ""))
    if answer.status == 304:
        return FeedOutcome(feed, now, seconds, "unchanged", http_status=304, moved_to=answer.moved_to, max_age=good_for)
    body_hash = hashlib.sha256(answer.body).hexdigest()
    parsed: ParsedFeed | None = None
    if body_hash != feed.body_hash:
        try:
            parsed = await parsers.parse(feed, answer, now)
        except (ParseError, WorkError) as error:
            return FeedOutcome(feed, now, seconds, "failed", answer.status, str(error))
    return FeedOutcome(
        feed=feed,
        at=now,
        seconds=seconds,
        status="new" if parsed else "unchanged",
        http_status=answer.status,
        parsed=parsed,
        etag=answer.headers.get("etag"),
        last_modified=answer.headers.get("last-modified"),
        body_hash=body_hash,
        moved_to=answer.moved_to,
        max_age=good_for,
    )


def fetch_settings(config: Config) -> FetchSettings:
    """The limits of the configuration as the fetcher takes them."""
    fetch = config.settings.fetch
    return FetchSettings(
        timeout=fetch.timeout,
        max_bytes=fetch.max_bytes,
        per_host=fetch.per_host,
        concurrency=fetch.concurrency,
        allow_addresses=fetch.allow_addresses,
        user_agent=user_agent(fetch.contact),
    )
