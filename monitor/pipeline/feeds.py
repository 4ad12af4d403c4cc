"""Polling: due feeds -> outcomes -> entries -> articles. The network and the database are never used in one step."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.aggregators import is_opaque
from monitor.config import Config
from monitor.errors import ParseError, StoreError
from monitor.guard import FetchSettings, user_agent
from monitor.identity import Candidate, KnownArticle, candidates, find
from monitor.models import Entry, FeedOutcome, FeedReport, FeedState, FetchFailure, ParsedFeed, Read, Response
from monitor.parse import parse_feed
from monitor.store import Store, articles, feeds
from monitor.text import detect_language, words
from monitor.timing import next_poll, not_before

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json;q=0.9, application/xml;q=0.9, text/xml;q=0.9, "
    "*/*;q=0.5"
)
_FULL_TEXT_WORDS = 250
"""From this many words on an entry carries its article, and the page is not asked for."""
_log = logging.getLogger(__name__)
OnFeed = Callable[[FeedOutcome], None]


def sync(config: Config, store: Store, now: datetime) -> None:
    """Brings the feeds of the configuration into the store."""
    wanted = [
        feeds.WantedFeed(feed.name, feed.url, feed.outlet, feed.language, feed.read or config.settings.reading.default)
        for feed in config.feeds
    ]
    with store.transaction():
        feeds.sync(store, wanted, now)


def due_feeds(store: Store, now: datetime, *, everything: bool = False) -> list[FeedState]:
    """The feeds whose turn it is; with `everything` all that may be asked now."""
    return feeds.due(store, now, everything=everything)


# --------------------------------------------------------------------------- fetch and parse: no database


def fetch_feeds(
    config: Config, due: Sequence[FeedState], now: datetime, on_feed: OnFeed | None = None
) -> list[FeedOutcome]:
    """Asks all feeds at once, within the configured limits, and parses what is new. A failed feed is a value."""
    return asyncio.run(_fetch_all(config, due, now, on_feed or (lambda _: None)))


async def _fetch_all(config: Config, due: Sequence[FeedState], now: datetime, on_feed: OnFeed) -> list[FeedOutcome]:
    from monitor.fetch import Fetcher  # aiohttp takes 0.15 s: only who polls pays for it

    async def one(feed: FeedState, fetcher: Fetcher) -> FeedOutcome:
        started = time.monotonic()
        answer = await fetcher.get(feed.url, etag=feed.etag, last_modified=feed.last_modified, accept=_ACCEPT)
        seconds = time.monotonic() - started
        outcome = await asyncio.get_running_loop().run_in_executor(parser, outcome_of, feed, answer, now, seconds)
        on_feed(outcome)
        return outcome

    # Parsing takes as long as a request: on the event loop it would let the other requests run out of time.
    with ThreadPoolExecutor(1, "parser") as parser:
        async with Fetcher(fetch_settings(config)) as fetcher:
            return list(await asyncio.gather(*(one(feed, fetcher) for feed in due)))


def outcome_of(feed: FeedState, answer: Response | FetchFailure, now: datetime, seconds: float) -> FeedOutcome:
    """What an answer means for its feed: unchanged (304 or the same bytes), new entries, or a failure."""
    if isinstance(answer, FetchFailure):
        return FeedOutcome(
            feed,
            now,
            seconds,
            "failed",
            http_status=answer.status,
            error=answer.message,
            retry_after=answer.retry_after,
        )
    if answer.status == 304:
        return FeedOutcome(feed, now, seconds, "unchanged", http_status=304, moved_to=answer.moved_to)
    body_hash = hashlib.sha256(answer.body).hexdigest()
    parsed: ParsedFeed | None = None
    if body_hash != feed.body_hash:
        try:
            parsed = parse_feed(answer.body, url=answer.url, now=now, headers=answer.headers)
        except ParseError as error:
            return FeedOutcome(feed, now, seconds, "failed", http_status=answer.status, error=str(error))
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


# --------------------------------------------------------------------------- store


def store_feeds(config: Config, store: Store, outcomes: Sequence[FeedOutcome], now: datetime) -> list[FeedReport]:
    """Writes the outcomes, each feed in a transaction of its own, and says what each brought.

    Entries that cannot be stored make a failure of their feed, and touch no other. Raises StoreError where the
    database itself cannot be written.
    """
    return [_store_or_fail(config, store, outcome, now) for outcome in outcomes]


def _store_or_fail(config: Config, store: Store, outcome: FeedOutcome, now: datetime) -> FeedReport:
    try:
        return _store_feed(config, store, outcome, now)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  whatever is odd about one feed must not cost the others theirs
        _log.exception("the entries of the feed %s could not be stored", outcome.feed.name)
        message = f"its entries could not be stored ({type(error).__name__}: {error})"
        failed = FeedOutcome(outcome.feed, outcome.at, outcome.seconds, "failed", outcome.http_status, message)
        return _store_feed(config, store, failed, now)


def _store_feed(config: Config, store: Store, outcome: FeedOutcome, now: datetime) -> FeedReport:
    entries = len(outcome.parsed.entries) if outcome.parsed else 0
    with store.transaction():
        new = _store_entries(config, store, outcome.feed, outcome.parsed, now) if outcome.parsed else 0
        feeds.record(
            store,
            outcome,
            next_due=next_poll(outcome, _interval(config)),
            not_before=not_before(outcome),
            new=new,
            warning=outcome.parsed.warning if outcome.parsed else None,
        )
    return FeedReport(outcome.feed.name, outcome.status, entries, new, outcome.seconds, outcome.error)


def _interval(config: Config) -> timedelta:
    schedule = config.settings.schedule.poll
    return schedule if isinstance(schedule, timedelta) else timedelta(0)


def _store_entries(config: Config, store: Store, feed: FeedState, parsed: ParsedFeed, now: datetime) -> int:
    found = candidates(parsed.entries, feed, parsed.title)
    known = articles.known(store, feed.id, found)
    new = 0
    for candidate in found:
        article = find(candidate, known)
        if article is None:
            new += 1
            language = _language(config, candidate, feed, parsed.language)
            article = articles.insert(
                store,
                candidate,
                now=now,
                language=language,
                news_at=news_time(candidate.entry.published, now, first_poll=feed.last_success is None),
                wanted=_wants_page(config, replace(candidate.entry, language=language), feed),
            )
        else:
            article = _again(config, store, feed, parsed.language, article, candidate, now)
        known.add(article, candidate.guid)
        articles.see(store, feed.id, article.id, candidate, now)
    return new


def _again(
    config: Config,
    store: Store,
    feed: FeedState,
    declared: str | None,
    article: KnownArticle,
    candidate: Candidate,
    now: datetime,
) -> KnownArticle:
    """What a known article takes over from an entry: its feed's changes, and in place of an opaque link its own.

    From then on the aggregator has no more say in it.
    """
    opaque = is_opaque(candidate.entry.link or "")
    if not (opaque and article.canonical_url):
        articles.update(store, feed.id, article.id, candidate, now)
    if article.canonical_url or not candidate.canonical_url:
        return article
    shown = articles.link(store, article.id)
    if shown and not is_opaque(shown):
        return article
    language = _language(config, candidate, feed, declared)
    wanted = _wants_page(config, replace(candidate.entry, language=language), feed)
    placed = articles.place(store, article.id, candidate, now, wanted=wanted)
    return replace(article, canonical_url=candidate.canonical_url) if placed else article


def news_time(published: datetime | None, now: datetime, *, first_poll: bool) -> datetime | None:
    """When news counts from: its date, else now; what lies undated in a feed asked for the first time has no age."""
    if published is not None:
        return min(published, now)
    return None if first_poll else now


def _language(config: Config, candidate: Candidate, feed: FeedState, declared: str | None) -> str | None:
    if candidate.entry.language or feed.language:
        return candidate.entry.language or feed.language
    text = " ".join((candidate.entry.title, candidate.entry.summary or candidate.entry.content))
    return detect_language(text, config.rules.languages) or declared


def _wants_page(config: Config, entry: Entry, feed: FeedState) -> bool:
    """Cheap before dear: is this new entry's page worth a download?

    Behind an aggregator's opaque link there is none: it answers with a script or a question for consent, which must
    not be taken for the article.
    """
    if entry.link is None or is_opaque(entry.link) or feed.read is Read.NEVER:
        return False
    if sum(1 for _ in words(entry.content)) >= _FULL_TEXT_WORDS:
        return False
    return feed.read is Read.ALWAYS or config.rules.relevant(entry)
