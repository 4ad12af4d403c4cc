"""What pages and the report show, read in few queries each."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from monitor.store import developments
from monitor.store.base import Row, Store, iso, required


def stages(store: Store, *, since: datetime | None = None, limit: int = 1000) -> list[Row]:
    """Every stage of the developments that reached one since a moment, in the order of time.

    At most `limit` developments, the latest of them. Dismissed ones come along, with `dismissed_at`.
    """
    return store.rows(
        """
        select * from timeline where development in (
            select development from (
                select development, max(since) as latest from development_stages where since >= ?
                group by development order by latest desc, development desc limit ?
            )
        ) order by since, development
        """,
        *(iso(since) or "", limit),
    )


def count_since(store: Store, since: datetime) -> int:
    """How many developments reached a stage since a moment and were not dismissed."""
    row = store.rows(
        """
        select count(distinct s.development) as n
        from development_stages s indexed by development_stages_since join developments d on d.id = s.development
        where s.since >= ? and d.dismissed_at is null
        """,
        iso(since),
    )
    return int(row[0]["n"])


def development(store: Store, number: int) -> Row | None:
    """One development with all that its page shows, or None where there is none.

    Besides the columns of its table: `stages`, `stories` (see `_stories`), `alerts`, `before` and `after` (the
    developments that it followed and that followed it).
    """
    row = store.row("select id as development, * from developments where id = ?", number)
    if row is None:
        return None
    row |= developments.told_of(store, number)
    row["stories"] = _stories(store, number)
    row["before"] = store.rows(
        "select id, title, change, stage, first_seen from developments where id = ?", row["follows"]
    )
    row["after"] = store.rows(
        "select id, title, change, stage, first_seen from developments where follows = ? order by first_seen", number
    )
    return row


def _stories(store: Store, number: int) -> list[Row]:
    """The reports of a development by story: `first` is the earliest article, `copies` are the others.

    Each article has its `sentences`: stage, sentence, the words in it that decided, and the rules.
    """
    said: defaultdict[int, list[Row]] = defaultdict(list)
    for row in store.rows(
        """
        select article, stage, sentence, words, group_concat(rule, ', ') as rules, retired_at from signals
        where development = ? group by article, stage, sentence order by article, min(id)
        """,
        number,
    ):
        said[row["article"]].append(row)
    articles = store.rows(
        """
        select a.id, a.story, a.outlet, a.language, a.title, a.url, a.news_at, a.first_seen, a.copy_by, da.plain
        from development_articles da join articles a on a.id = da.article
        where da.development = ? order by coalesce(a.news_at, a.first_seen), a.id
        """,
        number,
    )
    grouped: dict[Any, list[Row]] = {}
    for article in articles:
        article["sentences"] = said[article["id"]]
        grouped.setdefault(article["story"] or f"article {article['id']}", []).append(article)
    return [{"story": key, "first": found[0], "copies": found[1:]} for key, found in grouped.items()]


@dataclass(frozen=True, slots=True)
class Volume:
    """News by spans of time: `articles` by the beginning of the span and language, `developments` by the minute of
    their first news.

    `reported` are the developments that were reported in each language. `undated` articles are of unknown age and stand
    nowhere else.
    """

    articles: list[tuple[datetime, str, int]]
    developments: list[tuple[datetime, int]]
    reported: dict[str, int]
    undated: int


def volume(store: Store, edges: Sequence[datetime]) -> Volume:
    """How much news there was from each of some moments, in order, to before the next."""
    first, last = iso(edges[0]), iso(edges[-1])
    begun = store.rows(
        """
        select substr(first_seen, 1, 16) as minute, count(*) as n from developments
        where first_seen >= ? and first_seen < ? and dismissed_at is null group by 1
        """,
        *(first, last),
    )
    reported = store.rows(
        """
        select coalesce(a.language, '') as language, count(distinct d.id) as n
        from developments d join development_articles da on da.development = d.id join articles a on a.id = da.article
        where d.first_seen >= ? and d.first_seen < ? and d.dismissed_at is null group by 1
        """,
        *(first, last),
    )
    undated = store.rows(
        "select count(*) as n from articles indexed by articles_undated where news_at is null and first_seen >= ?",
        first,
    )
    return Volume(
        [(since, *found) for since, until in pairwise(edges) for found in _languages(store, since, until)],
        [(required(f"{row['minute']}:00Z"), row["n"]) for row in begun],
        {row["language"]: row["n"] for row in reported},
        undated[0]["n"],
    )


def _languages(store: Store, since: datetime, until: datetime) -> list[tuple[str, int]]:
    """How many articles there were in each language. Asking for each day is less work than for years at once: there is
    never much to sort.
    """
    rows = store.rows(
        """
        select coalesce(language, '') as language, count(*) as n from articles
        where news_at >= ? and news_at < ? group by articles.language
        """,
        *(iso(since), iso(until)),
    )
    return [(row["language"], row["n"]) for row in rows]


def span(store: Store) -> tuple[datetime, datetime] | None:
    """From when to when there is news of known age; None where there is none."""
    row = store.rows("select (select min(news_at) from articles) as a, (select max(news_at) from articles) as b")[0]
    return (required(row["a"]), required(row["b"])) if row["a"] else None


def coverage(store: Store, numbers: Iterable[int]) -> list[Row]:
    """For each outlet and language how many articles it had about these developments, of how many developments, in how
    many it was the first, and how many of its articles are copies.
    """
    return store.rows(
        """
        with reports as (
            select da.development, a.id, a.outlet, coalesce(a.language, '') as language,
                row_number() over (partition by da.development order by coalesce(a.news_at, a.first_seen), a.id)
                    as place,
                row_number() over (partition by da.development, coalesce(a.story, -a.id)
                    order by coalesce(a.news_at, a.first_seen), a.id) as turn
            from json_each(?) wanted join development_articles da on da.development = wanted.value
            join articles a on a.id = da.article
        )
        select outlet, language, count(distinct id) as articles, count(distinct development) as developments,
            sum(place = 1) as first, count(distinct iif(turn > 1, id, null)) as copies
        from reports group by outlet, language order by articles desc, outlet, language
        """,
        json.dumps(list(numbers)),
    )


def told(store: Store, since: datetime | None = None) -> list[Row]:
    """What was told to whom since a moment, the latest first."""
    return store.rows(
        """
        select l.id as alert, l.created_at, l.sent_at, l.channel, l.kind, l.stage, l.state, l.subject, l.development,
            l.last_error
        from alerts l where l.created_at >= ? order by l.created_at desc, l.id desc
        """,
        iso(since) or "",
    )
