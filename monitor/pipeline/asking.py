"""Asking: due feeds -> outcomes, with what each brought. The network, and no database."""

import asyncio
import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from monitor.config import Config
from monitor.errors import ParseError, WorkError
from monitor.guard import FetchSettings, user_agent
from monitor.models import FeedOutcome, FeedState, FetchFailure, ParsedFeed, Response
from monitor.pipeline.parsers import Parsers
from monitor.pipeline.streaming import Stream
from monitor.schema import FetchSection
from monitor.timing import max_age, wants_all

if TYPE_CHECKING:
    from monitor.fetch import Fetcher

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
)
_log = logging.getLogger(__name__)
_AHEAD = 400
"""How many outcomes may wait to be stored, before no further feed is asked."""
_GONE = "it is gone for good and not asked again; `haiti-monitor feeds discover` may find where it went"
T = TypeVar("T")
OnFeed = Callable[[FeedOutcome], None]


def fetch_feeds(
    config: Config, due: Sequence[FeedState], now: datetime, on_feed: OnFeed | None = None
) -> list[FeedOutcome]:
    """Asks all feeds at once, within the configured limits, and parses what is new. A failed feed is a value."""
    found = []
    for portion in ask_feeds(config.settings.fetch, due, now):
        for outcome in portion:
            if on_feed:
                on_feed(outcome)
        found += portion
    return found


def ask_feeds(fetch: FetchSection, due: Sequence[FeedState], now: datetime) -> Iterator[list[FeedOutcome]]:
    """The same in portions, as they come in, each in the order of `due`: the others are asked while one is stored."""
    order = {feed.id: number for number, feed in enumerate(due)}
    stream: Stream[FeedOutcome] = Stream(partial(_ask_all, fetch, due, now), _AHEAD)
    for portion in stream.portions():
        yield sorted(portion, key=lambda outcome: order[outcome.feed.id])


async def _ask_all(fetch: FetchSection, due: Sequence[FeedState], now: datetime, stream: Stream[FeedOutcome]) -> None:
    never_read = sum(feed.last_full is None for feed in due)
    with Parsers(never_read) as parsers:
        from monitor.fetch import Fetcher  # aiohttp takes 0.15 s: only who polls pays for it

        async with Fetcher(fetch_settings(fetch)) as fetcher, asyncio.TaskGroup() as group:
            for feed in in_turns(due, lambda feed: feed.address):
                await stream.place()
                group.create_task(_ask(feed, now, fetcher, parsers, stream))


async def _ask(
    feed: FeedState, now: datetime, fetcher: "Fetcher", parsers: Parsers, stream: Stream[FeedOutcome]
) -> None:
    started = time.monotonic()
    known = feed if not wants_all(feed, now) else None
    answer = await fetcher.get(
        feed.address,
        etag=known.etag if known else None,
        last_modified=known.last_modified if known else None,
        accept=_ACCEPT,
    )
    seconds = time.monotonic() - started
    try:
        outcome = await outcome_of(feed, answer, now, seconds, parsers)
    except Exception as error:  # noqa: BLE001  whatever is odd about one feed must not cost the others theirs
        _log.exception("the feed %s could not be read", feed.name)
        message = f"it could not be read ({type(error).__name__}: {error}); the log says more"
        outcome = FeedOutcome(feed, now, seconds, "failed", answer.status, message)
    stream.put(outcome)


def in_turns(things: Sequence[T], address: Callable[[T], str]) -> list[T]:
    """The first of each host, then the second of each: many of one slow host hold up no others."""
    places: Counter[str] = Counter()
    turns = []
    for one in things:
        host = urlsplit(address(one)).netloc
        turns.append((places[host], one))
        places[host] += 1
    return [one for _, one in sorted(turns, key=itemgetter(0))]


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


def fetch_settings(fetch: FetchSection) -> FetchSettings:
    """The limits of the configuration as the fetcher takes them."""
    return FetchSettings(
        timeout=fetch.timeout,
        max_bytes=fetch.max_bytes,
        per_host=fetch.per_host,
        concurrency=fetch.concurrency,
        allow_addresses=fetch.allow_addresses,
        user_agent=user_agent(fetch.contact),
    )
