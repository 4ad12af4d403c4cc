"""Is this entry an article that is known already? A pure decision.

In this order: the feed's own guid; the canonical address; outlet and title within some days. What many
entries of one feed share (one guid, one link for all) identifies none of them, and neither does an aggregator's link
that does not tell which article it leads to. One that tells is as good as the article's own.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.aggregators import is_opaque, target
from monitor.models import Candidate, Entry, FeedState, ParsedFeed
from monitor.text import title_key
from monitor.urls import canonical

TITLE_WINDOW = timedelta(days=3)
_TITLE_WORDS = 4
_OUTLETS = 3
_MOST = 0.9
_NAME_WORDS = 6


@dataclass(slots=True)
class KnownArticle:
    """A stored article as far as identity needs it."""

    id: int
    canonical_url: str | None
    outlet: str
    title_key: str
    published: datetime | None


@dataclass(slots=True)
class Known:
    """The stored articles that share a guid, an address, or outlet and title with a candidate."""

    by_guid: dict[tuple[int, str], KnownArticle] = field(default_factory=dict)
    """By feed and guid: a guid is its feed's own."""
    by_url: dict[str, KnownArticle] = field(default_factory=dict)
    by_title: dict[tuple[str, str], list[KnownArticle]] = field(default_factory=dict)

    def add(self, article: KnownArticle, candidate: Candidate) -> None:
        """Makes an article known to the entries after it."""
        if candidate.guid:
            self.by_guid[candidate.feed, candidate.guid] = article
        if article.canonical_url:
            self.by_url[article.canonical_url] = article
        self.by_title.setdefault((article.outlet, article.title_key), []).append(article)


def candidates(feed: FeedState, parsed: ParsedFeed) -> list[Candidate]:
    """The entries with what identifies them; a guid or link that stands for several of them is left out."""
    aggregated = parsed.aggregated
    if aggregated is None:
        aggregated = is_aggregated((entry.title, entry.outlet) for entry in parsed.entries)
    found = [_candidate(entry, feed, parsed, aggregated=aggregated) for entry in parsed.entries]
    guids, pages = Counter[str | None](), Counter[str | None]()
    if len(found) > 1:
        guids.update(guid for guid, _, _ in {(one.guid, one.canonical_url, one.title_key) for one in found})
        pages.update(page for page, _ in {(one.canonical_url, one.title_key) for one in found})
    for one in found:
        if guids[one.guid] > 1:
            one.guid = None
        if pages[one.canonical_url] > 1:
            one.canonical_url = None
    return found


def _candidate(entry: Entry, feed: FeedState, parsed: ParsedFeed, *, aggregated: bool) -> Candidate:
    named = bool(feed.outlet or entry.outlet or aggregated)
    entry = attribute(entry, feed, parsed.title, aggregated=aggregated)
    usable = entry.link and entry.link not in parsed.shared and not is_opaque(entry.link)
    page = canonical(entry.link) if entry.link and usable else None
    guid = entry.guid if entry.guid not in parsed.shared else None
    return Candidate(feed.id, entry, entry.outlet or "", title_key(entry.title), guid, page, named)


def is_aggregated(entries: Iterable[tuple[str, str | None]]) -> bool:
    """Whether a feed gathers from other outlets and names each only at the end of its title: "Headline - Outlet".

    `entries` are the titles with the outlets that are named beside them.
    """
    unnamed = [title for title, outlet in entries if not outlet]
    tails = [tail for tail in map(_tail, unnamed) if tail]
    return len(set(tails)) >= _OUTLETS and len(tails) >= _MOST * len(unnamed)


def attribute(entry: Entry, feed: FeedState, feed_title: str = "", *, aggregated: bool = False) -> Entry:
    """The entry with its outlet, which neither title nor summary need name too, and the article's own link if known.

    That is an aggregator's `<source>`, else the feed's own outlet, else the end of the title in an `aggregated` feed.
    """
    tail = _tail(entry.title) if aggregated and not feed.outlet else None
    outlet = entry.outlet or tail or feed.outlet or feed_title or feed.name
    title = entry.title
    if title.endswith(outlet):
        title = next((title.removesuffix(end) for end in _ends(outlet) if title.endswith(end)), title).strip() or title
    # Google's summaries repeat the headline and the outlet, whose name may be an actor's: "The Kenya Times".
    summary = "" if entry.summary == f"{title} {outlet}" else entry.summary
    link = (target(entry.link) if entry.link else None) or entry.link
    if (outlet, title, summary, link) == (entry.outlet, entry.title, entry.summary, entry.link):
        return entry
    return entry.told(outlet=outlet, title=title, summary=summary, link=link)


def _tail(title: str) -> str | None:
    """What may be an outlet's name at the end of a title: few words after the last dash."""
    head, _, tail = title.rpartition(" - ")
    return tail.strip() if head.strip() and 0 < len(tail.split()) <= _NAME_WORDS else None


def _ends(outlet: str) -> tuple[str, ...]:
    return tuple(f" {mark} {outlet}" for mark in "-|–—»")


def find(candidate: Candidate, known: Known) -> KnownArticle | None:
    """The article that an entry is, or None for a new one."""
    by_guid = known.by_guid.get((candidate.feed, candidate.guid or ""))
    if by_guid is not None and not _reused(candidate, by_guid):
        return by_guid
    by_url = known.by_url.get(candidate.canonical_url or "")
    if by_url is not None:
        return by_url
    if candidate.title_key.count(" ") + 1 < _TITLE_WORDS:
        return None
    same_title = known.by_title.get((candidate.outlet, candidate.title_key), [])
    return next((article for article in same_title if _same_news(candidate, article)), None)


def _reused(candidate: Candidate, article: KnownArticle) -> bool:
    """Some feeds use a guid again for another article: then both address and title differ."""
    moved = bool(candidate.canonical_url) and candidate.canonical_url != article.canonical_url
    return moved and candidate.title_key != article.title_key


def _same_news(candidate: Candidate, article: KnownArticle) -> bool:
    """Whether a headline of one outlet is that of a known article: of the same days, and not at another address where
    nobody names the outlet. Two feeds may call themselves the same, and a wire story has one headline in both.
    """
    if not candidate.named and candidate.canonical_url and article.canonical_url:
        return False
    return _same_days(candidate.entry.published, article.published)


def _same_days(one: datetime | None, other: datetime | None) -> bool:
    return one is None or other is None or abs(one - other) <= TITLE_WINDOW
