"""Polling: what feeds brought -> articles. The database, and no network."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from monitor.aggregators import is_opaque
from monitor.config import Config
from monitor.errors import StoreError
from monitor.identity import KnownArticle, candidates, find
from monitor.models import Candidate, Entry, FeedOutcome, FeedReport, FeedState, ParsedFeed, Read
from monitor.pipeline.asking import OnFeed, ask_feeds
from monitor.schema import FetchSection
from monitor.store import Store, articles, damage, feeds
from monitor.store.clock import follow_back
from monitor.store.retention import UNREAD
from monitor.text import detect_language, words
from monitor.timing import next_poll, not_before, rhythm

_FULL_TEXT_WORDS = 250
"""From this many words on an entry carries its article, and the page is not asked for."""
_HOSTS_THAT_TELL = 3
_log = logging.getLogger(__name__)
AskFeeds = Callable[[FetchSection, Sequence[FeedState], datetime], Iterator[list[FeedOutcome]]]


def sync(config: Config, store: Store, now: datetime) -> None:
    """Brings the feeds of the configuration into the store, and what waits there into line with the clock.

    A pass begins with it. Raises StoreError where the file is damaged, before more is written to it.
    """
    damage.check(store)
    wanted = [
        feeds.WantedFeed(feed.name, feed.url, feed.outlet, feed.language, feed.read or config.settings.reading.default)
        for feed in config.feeds
    ]
    with store.transaction():
        feeds.sync(store, wanted, now)
        back = follow_back(store, now)
    if back is not None:
        _log.warning("the clock was set back by about %s: what waited for later moments was moved with it", back)


def due_feeds(store: Store, now: datetime, *, everything: bool = False) -> list[FeedState]:
    """The feeds whose turn it is; with `everything` all that may be asked now."""
    return feeds.due(store, now, everything=everything)


def poll_feeds(
    config: Config,
    store: Store,
    due: Sequence[FeedState],
    clock: Callable[[], datetime],
    on_feed: OnFeed | None = None,
    ask: AskFeeds = ask_feeds,
) -> list[FeedReport]:
    """Asks the feeds, and stores what they bring while others are still asked. `ask` may do so on other machines."""
    reports: list[FeedReport] = []
    for portion in ask(config.settings.fetch, due, clock()):
        for outcome in portion:
            if on_feed:
                on_feed(outcome)
        reports += store_feeds(config, store, portion, clock())
    if is_cut_off(reports):
        with store.transaction():
            feeds.ask_again(store, [feed.id for feed in due], clock())
    order = {feed.address: number for number, feed in enumerate(due)}
    return sorted(reports, key=lambda report: order[report.address])


def is_cut_off(reports: Sequence[FeedReport]) -> bool:
    """Whether several hosts were asked and none was reached: rather the network is away than all of their servers."""
    hosts = {urlsplit(report.address).netloc for report in reports}
    return len(hosts) >= _HOSTS_THAT_TELL and not any(report.answered for report in reports)


def store_feeds(config: Config, store: Store, outcomes: Sequence[FeedOutcome], now: datetime) -> list[FeedReport]:
    """Writes the outcomes, all or nothing, and says what each brought.

    Where that fails each feed is written by itself: entries that cannot be stored make a failure of their feed, and
    touch no other. Raises StoreError where the database itself cannot be written.
    """
    try:
        return _store(config, store, outcomes, now)
    except StoreError:
        raise
    except Exception as error:
        if len(outcomes) > 1:
            return [report for outcome in outcomes for report in store_feeds(config, store, [outcome], now)]
        if outcomes[0].status == "failed":
            raise
        return _store_what_can_be(config, store, outcomes[0], error, now)


def _store_what_can_be(
    config: Config, store: Store, outcome: FeedOutcome, error: Exception, now: datetime
) -> list[FeedReport]:
    """Writes those entries of a feed that can be stored, and a failure, so that the feed is read again."""
    _log.error("the entries of the feed %s could not be stored", outcome.feed.name, exc_info=error)
    lost, parsed = 0, outcome.parsed or ParsedFeed(())
    for one in _candidates(outcome.feed, parsed):
        alone = replace(outcome, parsed=replace(parsed, candidates=(one,)))
        try:
            with store.transaction():
                _store_entries(config, store, [alone], now)
        except StoreError:
            raise
        except Exception as odd:  # noqa: BLE001  whatever is odd about one entry must not cost the others theirs
            lost, error = lost + 1, odd
    message = f"{lost} of its entries could not be stored ({type(error).__name__}: {error})"
    failed = FeedOutcome(outcome.feed, outcome.at, outcome.seconds, "failed", outcome.http_status, message)
    return _store(config, store, [failed], now)


def _store(config: Config, store: Store, outcomes: Sequence[FeedOutcome], now: datetime) -> list[FeedReport]:
    with store.transaction():
        new = _store_entries(config, store, outcomes, now)
        records = [_record(config, outcome, new.get(outcome.feed.id, 0)) for outcome in outcomes]
        feeds.record(store, records)
    return [record.report for record in records]


def _record(config: Config, outcome: FeedOutcome, new: int) -> feeds.PollRecord:
    schedule, rarest = config.settings.schedule.poll, config.settings.fetch.rarest
    often = schedule if isinstance(schedule, timedelta) else timedelta(0)
    interval = rhythm(outcome, new, often, max(often, rarest))
    pace = outcome.parsed.pace if outcome.parsed else outcome.feed.pace
    return feeds.PollRecord(
        outcome=outcome,
        new=new,
        next_due=next_poll(outcome, interval, max(often, rarest), pace),
        not_before=not_before(outcome),
        interval=interval,
    )


def _store_entries(config: Config, store: Store, outcomes: Sequence[FeedOutcome], now: datetime) -> dict[int, int]:
    """Stores the entries and answers how many new articles each feed brought, by its id."""
    brought = [(outcome, _candidates(outcome.feed, outcome.parsed)) for outcome in outcomes if outcome.parsed]
    every = [candidate for _, found in brought for candidate in found]
    if not every:
        return {}
    known, first = articles.known(store, every), articles.next_id(store)
    new: Counter[int] = Counter()
    fresh: list[articles.NewArticle] = []
    seen: dict[tuple[int, int], tuple[int, Candidate]] = {}
    for outcome, found in brought:
        for candidate in found:
            article = find(candidate, known)
            if article is None:
                fresh.append(_new_article(config, outcome, candidate, first + len(fresh), now))
                article = _known(fresh[-1])
                new[outcome.feed.id] += 1
            elif article.id < first:
                article = _again(config, store, outcome, article, candidate, now)
            elif candidate.canonical_url and not article.canonical_url:
                # Its outlet and an aggregator bring it at the same time: the outlet's own version counts.
                fresh[article.id - first] = _new_article(config, outcome, candidate, article.id, now)
                article = _known(fresh[article.id - first])
            known.add(article, candidate)
            seen[candidate.feed, article.id] = article.id, candidate
    articles.insert(store, fresh, now)
    articles.see(store, list(seen.values()), now)
    return new


def _known(new: articles.NewArticle) -> KnownArticle:
    found = new.candidate
    return KnownArticle(new.id, found.canonical_url, found.outlet, found.title_key, found.entry.published)


def _again(
    config: Config, store: Store, outcome: FeedOutcome, article: KnownArticle, candidate: Candidate, now: datetime
) -> KnownArticle:
    """What a known article takes over from an entry: its feed's changes, and in place of an opaque link its own.

    From then on the aggregator has no more say in it.
    """
    opaque = is_opaque(candidate.entry.link or "")
    if not (opaque and article.canonical_url):
        articles.update(store, article.id, candidate, now)
    if article.canonical_url or not candidate.canonical_url:
        return article
    shown = articles.link(store, article.id)
    if shown and not is_opaque(shown):
        return article
    wanted = _new_article(config, outcome, candidate, article.id, now).wanted
    placed = articles.place(store, article.id, candidate, now, wanted=wanted)
    return replace(article, canonical_url=candidate.canonical_url) if placed else article


def _candidates(feed: FeedState, parsed: ParsedFeed) -> Sequence[Candidate]:
    return candidates(feed, parsed) if parsed.candidates is None else parsed.candidates


def _new_article(
    config: Config, outcome: FeedOutcome, candidate: Candidate, number: int, now: datetime
) -> articles.NewArticle:
    feed, declared = outcome.feed, outcome.parsed.language if outcome.parsed else None
    language = _language(config, candidate, feed, declared)
    return articles.NewArticle(
        id=number,
        candidate=candidate,
        language=language,
        news_at=news_time(candidate.entry.published, now, first_poll=is_strange(feed, now)),
        wanted=_wants_page(config, candidate.entry, language, feed),
    )


def index_articles(store: Store) -> int:
    """Brings new articles into the index of full-text search, and says how many."""
    done = 0
    while True:
        with store.transaction():
            indexed = articles.index(store)
        if not indexed:
            return done
        done += indexed


def is_strange(feed: FeedState, now: datetime) -> bool:
    """Whether nobody knows since when a feed has had what it has: it was never read, or not for long, so that what it
    had then may be forgotten."""
    return feed.last_success is None or now - feed.last_success > UNREAD


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


def _wants_page(config: Config, entry: Entry, language: str | None, feed: FeedState) -> bool:
    """Cheap before dear: is this new entry's page worth a download?

    Behind an aggregator's opaque link there is none: it answers with a script or a question for consent, which must
    not be taken for the article.
    """
    if entry.link is None or feed.read is Read.NEVER or is_opaque(entry.link):
        return False
    if sum(1 for _ in words(entry.content)) >= _FULL_TEXT_WORDS:
        return False
    return feed.read is Read.ALWAYS or config.rules.relevant(replace(entry, language=language))
