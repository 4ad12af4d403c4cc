"""A large archive of invented news in the real tables, the same for the same seed, number and day.

Words follow Zipf's law, outlets have a long tail, a third of the articles are copies of what another had within days.
What only numbers the rows (sightings, polls, the index of stories) is written by SQLite itself, which is quick.
"""

import random
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import accumulate, count
from pathlib import Path
from typing import Any

from monitor.store import Store, articles, open_store
from monitor.store.base import iso

DAYS = 730
OUTLETS = 400
FEEDS = 300
WORDS = 30_000
SUBJECT = ("haiti", "mission", "mandate", "command", "troops")
LANGUAGES = (("en", 45), ("fr", 25), ("es", 15), ("pt", 6), ("ht", 5), ("de", 4))
CHANGES = ("leadership", "mandate", "personnel", "funding", "rules")
STAGES = ("proposed", "decided", "effective")
STATES = {0: "failed", 1: "queued", 2: "dismissed"}
DEVELOPMENTS = 3000
POLL_DAYS = 90
POLL_MINUTES = 30
_STREAM = 3_000_000
_BLOCK = 20_000
_COPIED = 1 / 3


def vocabulary(seed: int) -> list[str]:
    """Invented words, the most frequent first; the subject's words are among the frequent ones."""
    chance = random.Random(seed)
    syllables = [a + b for a in "bcdfglmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "is", "on", "ou")]
    found = dict.fromkeys("".join(chance.choices(syllables, k=1 + number // 600)) for number in range(1200))
    while len(found) < WORDS:
        found["".join(chance.choices(syllables, k=chance.randint(2, 5)))] = None
    words = list(found)
    for place, word in enumerate(SUBJECT):
        words.insert(20 + 10 * place, word)
    return words


def text_of(seed: int, length: int = _STREAM) -> list[str]:
    """A long run of such words; each text is a piece of it."""
    words = vocabulary(seed)
    weights = list(accumulate(1 / (rank + 2) for rank in range(len(words))))
    return random.Random(seed).choices(words, cum_weights=weights, k=length)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Says on stderr how long something took."""
    began = time.perf_counter()
    yield
    print(f"  {what}: {time.perf_counter() - began:.0f} s", file=sys.stderr)


def fill(path: Path, number: int, until: datetime, seed: int = 1) -> None:
    """Makes a database with so many articles of the two years until a moment."""
    with open_store(path) as store:
        for pragma in ("synchronous = off", "foreign_keys = off", "cache_size = -600000", "temp_store = file"):
            store.connection.execute(f"pragma {pragma}")
        news = _News(number, until, seed)
        with told("articles"):
            _feeds(store, until)
            for block in news.blocks():
                with store.transaction():
                    store.connection.executemany(_ARTICLE, block)
        with told("stories, sightings and polls"), store.transaction():
            store.write(_STORIES)
            store.write(_SIGHTINGS, FEEDS)
            turns = min(POLL_DAYS, 1 + number // 1000) * 24 * 60 // POLL_MINUTES
            store.write(_POLLS, *(iso(until), turns, POLL_MINUTES, FEEDS))
        with told("the index of stories"), store.transaction():
            _story_index(store, number, until)
        with told("developments"), store.transaction():
            _developments(store, number, seed)
        with told("full-text search"):
            _index(store)
        store.connection.execute("pragma optimize")
        store.connection.execute("pragma wal_checkpoint(truncate)")


class _News:
    """The articles, in the order in which they came."""

    def __init__(self, number: int, until: datetime, seed: int) -> None:
        self._number, self._until, self._chance = number, until, random.Random(seed)
        self._stream = text_of(seed, min(_STREAM, 1000 + 100 * number))
        shares = list(accumulate(1 / (rank + 3) for rank in range(OUTLETS)))
        self._outlets = self._chance.choices([f"Outlet {n}" for n in range(OUTLETS)], cum_weights=shares, k=9973)
        names, weights = zip(*LANGUAGES, strict=True)
        self._languages = self._chance.choices(names, weights, k=997)
        self._recent: deque[tuple[int, str, str]] = deque(maxlen=max(50, 2 * number // DAYS))
        self._stories = count(1)

    def blocks(self) -> Iterator[list[tuple[Any, ...]]]:
        step = timedelta(days=DAYS) / self._number
        start = self._until - timedelta(days=DAYS)
        for first in range(0, self._number, _BLOCK):
            yield [self._article(n + 1, start + step * n) for n in range(first, min(first + _BLOCK, self._number))]

    def _article(self, number: int, at: datetime) -> tuple[Any, ...]:
        chance = self._chance
        title, seen = " ".join(self._words(chance.randint(7, 12))).capitalize(), iso(at)
        if self._recent and chance.random() < _COPIED:
            story, summary, text = chance.choice(self._recent)
            copied = "text"
        else:
            story, copied = next(self._stories), None
            lines = self._lines(chance.randint(60, 300))
            summary, text = lines[0], "\n".join(lines)
            self._recent.append((story, summary, text))
        outlet = self._outlets[number % len(self._outlets)]
        url = f"https://{outlet.lower().replace(' ', '-')}.example/{at:%Y/%m/%d}/{title.lower().replace(' ', '-')}"
        news_at = None if number % 50 == 0 else iso(at - timedelta(minutes=chance.randint(1, 600)))
        read = number % 4 == 0
        return (
            *(number, f"{url}-{number}", f"{url}-{number}", outlet, title, f"{title.lower()} {number}", summary, text),
            *("page" if read else "summary", "read by trafilatura" if read else None),
            *(self._languages[number % len(self._languages)], "Some Body", news_at, news_at and "feed", news_at, seen),
            *(story, f"2:{number * 0x9E3779B97F4A7C15 % 2**63:x}", copied, "read" if read else "unwanted"),
            *("0123456789abcdef", "handover" if number % 97 == 0 else None),
        )

    def _words(self, length: int) -> Sequence[str]:
        at = self._chance.randrange(len(self._stream) - length)
        return self._stream[at : at + length]

    def _lines(self, length: int) -> list[str]:
        words = self._words(length)
        return [" ".join(words[at : at + 25]).capitalize() + "." for at in range(0, length, 25)]


def _feeds(store: Store, until: datetime) -> None:
    at = iso(until)
    rows = [
        (
            n,
            f"Feed {n:03}",
            f"https://feed-{n}.example/rss",
            f"Outlet {n}",
            at,
            at,
            n % 20 == 0,
            at,
            at,
            at,
            "new",
            1800,
        )
        for n in range(1, FEEDS + 1)
    ]
    columns = (
        *("id", "name", "url", "outlet", "added_at", "next_due", "failures", "last_polled", "last_success"),
        *("last_new_entry", "last_status", "interval_seconds"),
    )
    with store.transaction():
        store.insert_all("feeds", columns, rows)


def _developments(store: Store, number: int, seed: int) -> None:
    """Events along the whole time: few are told by very many articles, most by a handful."""
    chance = random.Random(seed)
    amount = min(DEVELOPMENTS, number // 20)
    for event in range(1, amount + 1):
        first = event * (number - 400) // (amount + 1) + 1
        reports = min(300, int(4 / (1 - chance.random()) ** 0.8))
        found = sorted({first, *(first + chance.randrange(400) for _ in range(reports))})
        _development(store, event, found, chance)
    store.write(_LAST_SEEN)


def _development(store: Store, event: int, reports: Sequence[int], chance: random.Random) -> None:
    change, stages = chance.choice(CHANGES), STAGES[: chance.choices((1, 2, 3), (6, 3, 1))[0]]
    follows = event - 40 if event > 40 and event % 3 == 0 else None
    store.write(_DEVELOPMENT, event, change, stages[-1], follows, "look back" if event % 25 == 0 else None, reports[0])
    told_at = dict(zip(stages, (reports[len(reports) * n // len(stages)] for n in range(len(stages))), strict=True))
    store.connection.executemany(_STAGE, [(event, stage, article) for stage, article in told_at.items()])
    rows = [(event, one, chance.choice(stages), int(chance.random() < 0.7)) for one in reports]
    store.connection.executemany(_REPORT, rows)
    marks = [(one, event, change, stage) for one, stage in ((a, s) for s, a in told_at.items())]
    marks += [(one, event, change, stage) for _, one, stage, _ in rows]
    store.connection.executemany(_SIGNAL, [(*mark, n) for n, mark in enumerate(marks)])
    alerts = [
        (event, article, channel, stage, STATES.get(event % 100, "sent"), f"{event}-{stage}-{channel}")
        for stage, article in told_at.items()
        for channel in ("desk-mail", "desk-chat")
    ]
    store.connection.executemany(_ALERT, alerts)


def _story_index(store: Store, number: int, until: datetime) -> None:
    known = {"articles": number, "day": until.toordinal() - DAYS, "days": DAYS}
    for statement, rows in _STORY_INDEX.items():
        store.connection.execute(_EACH.format(statement), known | {"rows": rows * number - 1})
    words = [(word, max(1, number // (rank + 3))) for rank, word in enumerate(vocabulary(1))]
    store.insert_all("headline_words", ("word", "articles"), words)


def _index(store: Store) -> None:
    while True:
        with store.transaction():
            if not articles.index(store, _BLOCK):
                return


def _columns(names: str) -> str:
    marks = ", ".join("?" * len(names.split(",")))
    return f"({names}) values ({marks})"


_ARTICLE = "insert into articles " + _columns(
    "id, url, canonical_url, outlet, title, title_key, summary, text, text_source, text_note, language, authors, "
    "published, published_source, news_at, first_seen, story, story_key, copy_by, read_state, rules_version, nearly"
)
_STORIES = (
    "insert into stories (id, title, first_seen) select story, title, first_seen from articles where copy_by is null"
)
_SIGHTINGS = """
insert into sightings (feed, article, guid, url, first_seen)
select (id * 7919 + other * 131) % ? + 1, id, url, url, first_seen
from articles, (select 0 as other union select 1) where other = 0 or id % 5 = 0 order by id
"""
_POLLS = """
with recursive turn(i) as (select ?2 union all select i - 1 from turn where i > 0),
    feed(f) as (select 1 union all select f + 1 from feed where f < ?4)
insert into polls (feed, at, status, http_status, entries, new_entries, seconds)
select f, strftime('%Y-%m-%dT%H:%M:%SZ', ?1, '-' || (i * ?3) || ' minutes'),
    iif((i * 31 + f * 17) % 10, 'unchanged', 'new'),
    iif((i * 31 + f * 17) % 10, 304, 200), iif((i * 31 + f * 17) % 10, 0, 20), (i * 31 + f * 17) % 10 = 0, 0.2
from turn cross join feed order by i desc
"""
# What the index of stories holds of a text of this length. It is written in the order of its keys, which spares a long
# sort: no two articles have a run in common then, which takes as much room.
_STORY_INDEX = {
    "insert into story_runs (run, day, article) select i * 50, :day + article * :days / :articles, article + 1": 72,
    "insert into story_words (word, day, article) select printf('%06x', i), :day + article * :days / :articles, "
    "article + 1": 7,
    "insert into article_lines (line, article) select i * 1000003, article + 1": 7,
}
_EACH = """
with recursive n(i) as (select 0 union all select i + 1 from n where i < :rows)
{} from (select i, i * 7919 % :articles as article from n)
"""
_DEVELOPMENT = """
insert into developments (id, change, stage, follows, dismissed_because, title, sentence, actors, severity, first_seen,
    last_seen, created_at, dismissed_at)
select ?1, ?2, ?3, ?4, ?5, title, summary, 'Norland', 'high', first_seen, first_seen, first_seen,
    iif(?5 is null, null, first_seen)
from articles where id = ?6
"""
_STAGE = """
insert into development_stages (development, stage, since, article, told_at)
select ?1, ?2, coalesce(news_at, first_seen), id, first_seen from articles where id = ?3
"""
_REPORT = """
insert into development_articles (development, article, stage, plain, added_at)
select ?1, ?2, ?3, ?4, first_seen from articles where id = ?2
"""
_SIGNAL = """
insert or ignore into signals (article, development, change, stage, rule, actors, severity, sentence, field,
    start_offset, end_offset, rules_version, found_at, words)
select ?1, ?2, ?3, ?4, 'rule-' || (?5 % 12), 'Norland', 'high', summary, 'summary', ?2, ?2 + length(summary),
    '0123456789abcdef', first_seen, substr(summary, 1, 12)
from articles where id = ?1
"""
_ALERT = """
insert into alerts (development, article, channel, kind, stage, state, attempts, created_at, sent_at, message_key,
    subject, text, html)
select ?1, ?2, ?3, 'new', ?4, ?5, 1, first_seen, first_seen, ?6, title, text, '<p>' || text || '</p>'
from articles where id = ?2
"""
_LAST_SEEN = """
update developments set last_seen = (
    select max(coalesce(a.news_at, a.first_seen)) from development_articles da join articles a on a.id = da.article
    where da.development = developments.id
)
"""
