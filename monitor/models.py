"""What travels between the rooms: frozen records, named by their direction.

Facts loaded for a decision, what the world answered, and what is to be written are different types. All moments are
aware and in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from operator import attrgetter
from typing import Any, Literal


class Read(StrEnum):
    """Whether the pages behind a feed's entries are downloaded."""

    ALWAYS = "always"
    RELEVANT = "relevant"
    NEVER = "never"


# --------------------------------------------------------------------------- polling


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a feed wants to be asked, in its own words."""

    ttl: timedelta | None = None
    """How long what it says is good for (`<ttl>`)."""
    skip_hours: frozenset[int] = frozenset()
    """Hours of the day in UTC, 0 to 23, in which it brings nothing (`<skipHours>`)."""
    skip_days: frozenset[int] = frozenset()
    """Days of the week, Monday is 0 (`<skipDays>`)."""


@dataclass(frozen=True, slots=True)
class FeedState:
    """What the store knows of a feed when it is due: the facts for one request and its outcome."""

    id: int
    name: str
    url: str
    outlet: str
    language: str | None = None
    read: Read = Read.RELEVANT
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    seen: str = ""
    """Fingerprints of the entries that it carried when it was last read, parted by blanks."""
    moved_to: str | None = None
    """Where it is asked instead of `url`, since that said it moved for good."""
    last_full: datetime | None = None
    """When it was last sent whole."""
    pace: Pace = Pace()
    interval: timedelta | None = None
    """How long it was last left alone, by its own rhythm."""
    failures: int = 0
    last_success: datetime | None = None

    @property
    def address(self) -> str:
        """Where it is asked."""
        return self.moved_to or self.url


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered. Header names are in lower case; `body` is decompressed."""

    url: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    moved_to: str | None = None
    """The address to use from now on, where every redirect on the way was permanent (301, 308)."""


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """Why there is no answer. `kind` is one word for programs, `message` a sentence for people."""

    url: str
    kind: Literal[
        "address",
        "dns",
        "connection",
        "timeout",
        "tls",
        "proxy",
        "status",
        "too_large",
        "redirect",
        "encoding",
        "protocol",
        "url",
        "disallowed",
        "robots",
        "postponed",
    ]
    message: str
    status: int | None = None
    retry_after: timedelta | None = None


@dataclass(slots=True)  # not frozen, which would make it four times as dear, and there are very many
class Entry:
    """One item of a feed, as its publisher meant it: plain text, absolute http(s) links, plausible dates only."""

    title: str
    link: str | None = None
    guid: str | None = None
    summary: str = ""
    content: str = ""
    published: datetime | None = None
    give: timedelta = timedelta(0)
    """By how much that may be off to either side: half a month where only the month is known."""
    outlet: str | None = None
    """The outlet that an aggregator names in `<source>`."""
    authors: tuple[str, ...] = ()
    language: str | None = None

    def told(self, *, outlet: str, title: str, summary: str, link: str | None) -> "Entry":
        """The same with other words; a third of what `replace` costs."""
        return Entry(
            title=title,
            link=link,
            guid=self.guid,
            summary=summary,
            content=self.content,
            published=self.published,
            give=self.give,
            outlet=outlet,
            authors=self.authors,
            language=self.language,
        )

    def __reduce__(self) -> tuple[type["Entry"], tuple[Any, ...]]:
        # On its way between processes: a third of what a dataclass costs by itself.
        return Entry, _ENTRY(self)


_ENTRY = attrgetter(*(one.name for one in fields(Entry)))


@dataclass(slots=True)
class Candidate:
    """An entry with everything that may identify it."""

    feed: int
    entry: Entry
    outlet: str
    title_key: str
    guid: str | None
    canonical_url: str | None
    """None also where the link is an aggregator's and opaque; for people it stays the entry's `link`."""
    named: bool = True
    """Whether the configuration or the feed names the outlet; else it is guessed from what the feed calls itself."""

    def __reduce__(self) -> tuple[type["Candidate"], tuple[Any, ...]]:
        return Candidate, _CANDIDATE(self)


_CANDIDATE = attrgetter(*(one.name for one in fields(Candidate)))


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed's entries, in the feed's order, with what is wrong with it in `warning`.

    Entries that it carried unchanged when it was last read are not among them, but counted in `unchanged`.
    """

    entries: tuple[Entry, ...]
    title: str = ""
    language: str | None = None
    pace: Pace = Pace()
    warning: str | None = None
    unchanged: int = 0
    seen: str = ""
    """Fingerprints of all its entries, parted by blanks."""
    shared: frozenset[str] = frozenset()
    """The guids and links that stand for several of its entries, and so tell none of them apart."""
    candidates: tuple[Candidate, ...] | None = None
    """Its entries with what identifies each, in place of `entries`; None where nobody has looked."""
    aggregated: bool | None = None
    """Whether it gathers from other outlets, which its titles name at their ends; None where nobody has looked."""
    format: str = ""
    """For people: `RSS 2.0`, `Atom 1.0`."""

    @property
    def count(self) -> int:
        """How many entries it carries."""
        return len(self.entries if self.candidates is None else self.candidates) + self.unchanged


@dataclass(frozen=True, slots=True)
class FeedOutcome:
    """One feed after one request: new data, unchanged, or a failure; `at` is when the request began."""

    feed: FeedState
    at: datetime
    seconds: float
    status: Literal["new", "unchanged", "failed"]
    http_status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None
    parsed: ParsedFeed | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    moved_to: str | None = None
    max_age: timedelta | None = None
    """How long the answer is good for (Cache-Control)."""

    @property
    def gone(self) -> bool:
        """Whether the server says that the feed will never come back."""
        return self.http_status == HTTPStatus.GONE


@dataclass(frozen=True, slots=True)
class FeedReport:
    """What a poll did to one feed: the row that people see."""

    feed: str
    status: str
    entries: int
    new: int
    seconds: float
    error: str | None = None
    address: str = ""
    answered: bool = True
    """Whether a server was reached at all."""


# --------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class PageRequest:
    """An article whose page is to be read; `attempts` counts the tries before this one."""

    article: int
    url: str
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What the extractors made of a page. `text` has one paragraph a line."""

    title: str
    text: str
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    extractor: str = ""
    """Which extractor's text was taken, for instance `trafilatura`."""


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """A page, or why there is none.

    `final` says that another try would not help, `postponed` that there was none yet, `unreached` that no server
    answered.
    """

    request: PageRequest
    page: Page | None = None
    error: str | None = None
    final: bool = False
    postponed: bool = False
    unreached: bool = False


@dataclass(frozen=True, slots=True)
class Article:
    """An article as the rules see it."""

    id: int
    title: str
    summary: str = ""
    text: str = ""
    outlet: str = ""
    language: str | None = None
    url: str = ""
    published: datetime | None = None
    give: timedelta = timedelta(0)
    """By how much that may be off to either side."""
    first_seen: datetime | None = None
    story: int | None = None
    copy_by: str | None = None
    """What showed that it is a copy of its story: `text` or `headline`; None where it began the story."""


# --------------------------------------------------------------------------- matching and grouping


@dataclass(frozen=True, slots=True)
class Signal:
    """A rule held in an article: `sentence` stands at `start:end` of the article's `field`."""

    rule: str
    change: str
    stage: str
    actors: tuple[str, ...]
    sentence: str
    field: str
    start: int
    end: int
    severity: str = "normal"
    roles: tuple[tuple[str, str], ...] = ()
    """What the evidence says of its actors, as (role, actor): ("takes over", "OAS")."""
    guessed: bool = False
    """Whether no word tells the stage, which then counts as proposed."""
    words: tuple[str, ...] = ()
    """The words of the sentence that made the rule hold and that tell the stage, in its order."""


@dataclass(frozen=True, slots=True)
class Match:
    """What the rules found in an article, and the rules that `nearly` held: every word they need is there, but not
    where they want it. Only where nothing was found.
    """

    signals: list[Signal]
    nearly: list[str]


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A signal waiting for its development, with what the decision needs to know of its article."""

    id: int
    signal: Signal
    article: Article
    at: datetime | None
    """When the news is from: the article's own date, else when it was first seen; None where its age is unknown."""
    placed: bool = False
    """Whether it belongs to a development already."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one article says of one change: its signals, the one that decides first."""

    signals: tuple[StoredSignal, ...]
    aside: bool = False
    """Whether the article is about another change, and this one is said beside it."""

    @property
    def article(self) -> Article:
        """The article."""
        return self.signals[0].article

    @property
    def signal(self) -> Signal:
        """The signal that decides: the nearest to the headline."""
        return self.signals[0].signal

    @property
    def at(self) -> datetime | None:
        """When the news is from, or None where its age is unknown."""
        return self.signals[0].at


@dataclass(frozen=True, slots=True)
class Development:
    """An event as it is known: one change, its present stage, and who is named in it."""

    id: int
    change: str
    stage: str
    since: datetime
    """When its present stage was first reported."""
    actors: frozenset[str]
    first_seen: datetime
    last_seen: datetime
    roles: frozenset[tuple[str, str]] = frozenset()
    """Who does what in it, as (role, actor)."""
    plain: bool = True
    """Whether a report said it in headline, summary or lead, and not only further below."""
    articles: frozenset[int] = frozenset()
    """Its articles; of those in the store at least the one that is asked about, if it is one of them."""
    stories: frozenset[int] = frozenset()
    """Their stories; of those in the store at least the one that is asked about, if it is one of them."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a development stands when it is asked whether anybody is to be told."""

    change: str
    stage: str
    severity: str
    languages: frozenset[str | None]
    """In which it was reported."""
    stories: int
    """How many independent stories report it."""
    plain: bool
    dismissed: bool = False


@dataclass(frozen=True, slots=True)
class Telling:
    """What a channel was told of a development before; `stories` is None where it was not counted."""

    kind: str
    stage: str
    stories: int | None


# --------------------------------------------------------------------------- telling


AlertKind = Literal["new", "stage", "contradiction", "confirmed"]
"""Why a channel hears of a development; `confirmed`: so many independent stories report it now."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One article behind a development, with the sentence that shows it."""

    outlet: str
    title: str
    url: str
    sentence: str
    rule: str
    published: datetime | None = None
    language: str | None = None
    roles: str = ""
    """Who does what in the sentence: `OAS takes over, Kenya hands over`."""


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """All that a message may say about a development; `evidence` has the earliest article first."""

    kind: AlertKind
    development: int
    change: str
    stage: str
    severity: str
    title: str
    actors: tuple[str, ...]
    first_seen: datetime
    evidence: tuple[Evidence, ...]
    outlets: int
    stories: int
    previous_stage: str | None = None
    also: tuple[str, ...] = ()
    """What else the same report says, as change and stage: `funding proposed`."""
    follows: str | None = None
    """What it followed, in words, for instance `proposed on 20 May 2025, 14 outlets`."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message for one channel: `html` for mail, `text` for everything else."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class QueuedAlert:
    """An alert of the outbox that is due."""

    id: int
    channel: str
    kind: str
    message: Message
    attempts: int
    """Tries before this one."""
    failing_since: datetime | None
    """Since when its channel does not take it; None where it was not tried."""
    key: str
    """The same on every try, so that a receiver can drop a repeat."""
    article: int | None = None
    """The article that gave cause to it."""
    served: frozenset[str] = frozenset()
    """Names of the recipients that have it already, where others of its channel were refused."""
