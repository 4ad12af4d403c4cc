"""The feeds of a page: the address itself, what it names, what it links to, and last where feeds usually are.

Everything is asked through the fetcher, two requests at a time to one host, and read as a poll would read it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from monitor import sources
from monitor.config import Config
from monitor.discover import Candidate, How, candidates, is_about_comments, well_known
from monitor.errors import ParseError
from monitor.fetch import Fetcher
from monitor.models import FetchFailure, ParsedFeed, Response
from monitor.parse import parse_feed
from monitor.pipeline.asking import fetch_settings
from monitor.schema import FeedSection

ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/html;q=0.8, */*;q=0.5"
MOST = 40
"""So many addresses of one page are asked."""
_PER_HOST = 2
_SHUT = ("dns", "connection", "timeout", "address", "tls")
"""Failures of a host, after which its other addresses are not worth asking."""


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed that answers, and what is in it."""

    url: str
    title: str
    format: str
    entries: int
    newest: datetime | None
    language: str | None
    how: How
    comments: bool
    configured: str | None
    """The name under which it is in the configuration."""
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found at an address: its feeds, the likeliest first."""

    url: str
    feeds: tuple[FoundFeed, ...] = ()
    silent: tuple[tuple[str, str], ...] = ()
    """Addresses that the page gives for feeds and that answer with none, with why."""
    unasked: int = 0
    problem: str | None = None
    """Why the address itself gave nothing."""

    @property
    def only(self) -> FoundFeed | None:
        """The feed that is meant: the address itself, or the one of its page that has news; comments do not count."""
        news = [feed for feed in self.feeds if not feed.comments or feed.how == "itself"]
        return news[0] if len(news) == 1 else None


@dataclass(frozen=True, slots=True)
class _Answered:
    candidate: Candidate
    answer: Response
    parsed: ParsedFeed


@dataclass(frozen=True, slots=True)
class _Failed:
    candidate: Candidate
    why: str
    shut: bool = False


def discover(config: Config, url: str, now: datetime, *, persistent: bool = True) -> Discovery:
    """Looks for the feeds of a page. A page that cannot be had is a `problem`, no exception.

    Where the server refuses the page itself, its usual addresses are asked all the same if `persistent`.
    """
    return asyncio.run(_discover(config, url, now, persistent=persistent))


async def _discover(config: Config, url: str, now: datetime, *, persistent: bool) -> Discovery:
    settings = fetch_settings(config.settings.fetch)
    async with Fetcher(replace(settings, per_host=min(settings.per_host, _PER_HOST))) as fetcher:
        page = await fetcher.get(url, accept=ACCEPT)
        if isinstance(page, FetchFailure):
            refused = page.kind == "status" and page.status != 429 and page.retry_after is None
            guesses = await _guess(fetcher, url, now) if refused and persistent else []
            return Discovery(url, _told(config, guesses), problem=page.message)
        itself = await _read(Candidate(url, how="itself"), page, now)
        if isinstance(itself, _Answered):
            return Discovery(url, _told(config, [itself]))
        named = candidates(page.body, page.url, page.headers)
        asked = await asyncio.gather(*(_ask(fetcher, one, now) for one in named[:MOST]))
        found = [one for one in asked if isinstance(one, _Answered)]
        if not any(not _about_comments(one) for one in found):
            found = [*await _guess(fetcher, page.url, now), *found]
    silent = tuple((one.candidate.url, one.why) for one in asked if isinstance(one, _Failed))
    return Discovery(url, _told(config, found), silent, max(len(named) - MOST, 0))


async def _guess(fetcher: Fetcher, url: str, now: datetime) -> list[_Answered]:
    """Asks the usual addresses one after another until one has news."""
    found: list[_Answered] = []
    for candidate in well_known(url):
        one = await _ask(fetcher, candidate, now)
        if isinstance(one, _Answered):
            found.append(one)
            if not _about_comments(one):
                break
        elif one.shut:
            break
    return found


async def _ask(fetcher: Fetcher, candidate: Candidate, now: datetime) -> _Answered | _Failed:
    answer = await fetcher.get(candidate.url, accept=ACCEPT)
    if isinstance(answer, FetchFailure):
        return _Failed(candidate, answer.message, answer.kind in _SHUT or answer.status == 429)
    return await _read(candidate, answer, now)


async def _read(candidate: Candidate, answer: Response, now: datetime) -> _Answered | _Failed:
    try:
        parsed = await asyncio.to_thread(parse_feed, answer.body, url=answer.url, now=now, headers=answer.headers)
    except ParseError as error:
        return _Failed(candidate, str(error))
    return _Answered(candidate, answer, parsed)


def _about_comments(one: _Answered) -> bool:
    return one.candidate.comments or is_about_comments(one.answer.url, one.parsed.title)


def _told(config: Config, found: Iterable[_Answered]) -> tuple[FoundFeed, ...]:
    """Each feed once, whatever its addresses and formats; comments last."""
    feeds: dict[object, _Answered] = {}
    places: set[str] = set()
    for one in found:
        place = sources.key(one.answer.url)
        links = tuple(sorted(entry.link or entry.title for entry in one.parsed.entries))
        if place not in places:
            feeds.setdefault((one.parsed.title, links) if links else place, one)
        places.add(place)
    return tuple(sorted((_feed(config.feeds, one) for one in feeds.values()), key=lambda feed: feed.comments))


def _feed(configured: tuple[FeedSection, ...], one: _Answered) -> FoundFeed:
    url = (one.answer.moved_to or one.candidate.url).partition("#")[0]
    addresses = (one.candidate.url, url, one.answer.url)
    known = next(filter(None, (sources.find_url(configured, address) for address in addresses)), None)
    dates = [entry.published for entry in one.parsed.entries if entry.published]
    return FoundFeed(
        url=url,
        title=one.parsed.title.partition("\n")[0] or one.candidate.title,
        format=one.parsed.format,
        entries=len(one.parsed.entries),
        newest=max(dates, default=None),
        language=one.parsed.language,
        how=one.candidate.how,
        comments=_about_comments(one),
        configured=known.name if known else None,
        warning=one.parsed.warning,
    )
