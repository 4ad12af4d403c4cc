"""Developments: events with their stages, articles and evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.models import Development, Evidence, StoredSignal
from monitor.store.base import Row, Store, actors_of, actors_text, iso, moment, required

_SEVERITIES = ("low", "normal", "high")
_TIMELINE = """
    select since, development, change, stage, title, actors, severity, sentence, articles, outlets, stories, told_at,
        dismissed_at
    from timeline
    """


def around(store: Store, change: str, at: datetime, window: timedelta) -> list[Development]:
    """The developments of one change that a report from `at` could speak of."""
    rows = store.rows(
        """
        select d.*, (
            select group_concat(s.stage) from development_stages s
            where s.development = d.id and s.told_at is not null
        ) as told
        from developments d where d.change = ? and d.last_seen >= ? and d.first_seen <= ?
        """,
        *(change, iso(at - window), iso(at + window)),
    )
    return [_development(row) for row in rows]


def insert(store: Store, signal: StoredSignal, at: datetime, now: datetime) -> int:
    """Starts a development with its first report; says its id."""
    found = signal.signal
    return store.insert(
        "developments",
        {
            "change": found.change,
            "stage": found.stage,
            "title": signal.article.title,
            "sentence": found.sentence,
            "actors": actors_text(found.actors),
            "severity": found.severity,
            "first_seen": iso(at),
            "last_seen": iso(at),
            "created_at": iso(now),
        },
    )


def extend(store: Store, development: int, at: datetime, report: Sequence[StoredSignal]) -> None:
    """Lets a development reach to another report: one article's signals, the deciding one first.

    It gains the actors that the deciding one names, and is as severe as the most severe of all.
    """
    row = store.rows("select actors, severity from developments where id = ?", development)[0]
    actors = dict.fromkeys((*actors_of(row["actors"]), *report[0].signal.actors))
    severities = (row["severity"], *(one.signal.severity for one in report))
    store.write(
        """
        update developments set actors = ?, severity = ?, first_seen = min(first_seen, ?), last_seen = max(last_seen, ?)
        where id = ?
        """,
        *(actors_text(tuple(actors)), max(severities, key=_SEVERITIES.index), iso(at), iso(at), development),
    )


def reach(store: Store, development: int, signal: StoredSignal, stage: str, at: datetime) -> None:
    """Brings a development to a stage, with the report that shows it."""
    store.write(
        """
        insert into development_stages (development, stage, since, article) values (?, ?, ?, ?)
        on conflict do nothing
        """,
        *(development, stage, iso(at), signal.article.id),
    )
    store.write(
        "update developments set stage = ?, title = ?, sentence = ? where id = ? and stage <> ?",
        *(stage, signal.article.title, signal.signal.sentence, development, stage),
    )


def add_article(store: Store, development: int, signal: StoredSignal, now: datetime) -> None:
    """Counts an article among the reports of a development."""
    store.write(
        """
        insert into development_articles (development, article, stage, added_at) values (?, ?, ?, ?)
        on conflict do nothing
        """,
        *(development, signal.article.id, signal.signal.stage, iso(now)),
    )


def told(store: Store, development: int, stage: str, now: datetime) -> None:
    """Records that a stage was told."""
    store.write(
        "update development_stages set told_at = ? where development = ? and stage = ? and told_at is null",
        *(iso(now), development, stage),
    )


def evidence(store: Store, development: int) -> list[Evidence]:
    """The reports behind a development, each with one sentence that counted.

    The sentence that brought it to its present stage comes first, the others from the earliest report on.
    """
    rows = store.rows(
        """
        with counted as (
            select a.id, a.outlet, a.title, a.url, a.published, a.language, a.news_at, s.sentence, s.rule, s.roles,
                s.sentence = d.sentence as shown,
                row_number() over (partition by a.id order by s.sentence = d.sentence desc, s.id) as place
            from signals s join articles a on a.id = s.article join developments d on d.id = s.development
            where d.id = ?
        )
        select * from counted where place = 1 order by shown desc, news_at, id
        """,
        development,
    )
    return [
        Evidence(
            *(r["outlet"], r["title"], r["url"] or "", r["sentence"], r["rule"], moment(r["published"])),
            *(r["language"], r["roles"]),
        )
        for r in rows
    ]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many outlets reported a development, in how many stories that are not copies of one another."""

    outlets: int
    stories: int


def counts(store: Store, development: int) -> Counts:
    """How widely a development was reported."""
    row = store.rows(
        """
        select count(distinct a.outlet) as outlets, count(distinct a.story) as stories
        from development_articles da join articles a on a.id = da.article where da.development = ?
        """,
        development,
    )[0]
    return Counts(row["outlets"], row["stories"])


def timeline(store: Store, *, since: datetime | None = None, limit: int | None = None) -> list[Row]:
    """Every stage of every development, the latest `limit` of them, in the order of time."""
    rows = store.rows(
        f"{_TIMELINE} where since >= ? order by since desc, development desc limit ?",
        *(iso(since) or "", -1 if limit is None else limit),
    )
    return rows[::-1]


@dataclass(frozen=True, slots=True)
class ToldReport:
    """A stage of a development that was told, with the report that showed it."""

    development: int
    change: str
    stage: str
    since: datetime
    article: int
    title: str
    sentence: str
    rule: str
    articles: tuple[int, ...]
    """All reports of the development."""
    dismissed_because: str | None


def told_reports(store: Store) -> list[ToldReport]:
    """Every stage that was told; those of one development in the order in which they were told."""
    rows = store.rows(
        """
        select d.id, d.change, t.stage, t.since, t.article, a.title, coalesce(s.sentence, d.sentence) as sentence,
            coalesce(s.rule, '') as rule, d.dismissed_because,
            (select group_concat(article) from development_articles where development = d.id) as articles
        from development_stages t
        join developments d on d.id = t.development
        join articles a on a.id = t.article
        left join signals s on s.id = (
            select min(id) from signals where development = d.id and article = t.article and stage = t.stage
        )
        where t.told_at is not null order by d.id, t.told_at, t.since, t.rowid
        """
    )
    return [
        ToldReport(
            *(row["id"], row["change"], row["stage"], required(row["since"]), row["article"], row["title"]),
            *(row["sentence"], row["rule"]),
            tuple(map(int, (row["articles"] or str(row["article"])).split(","))),
            row["dismissed_because"],
        )
        for row in rows
    ]


def list_recent(store: Store, *, limit: int, since: datetime | None = None) -> list[Row]:
    """Developments with what is known of them, the latest first."""
    return store.rows(
        """
        select d.id as development, d.first_seen, d.last_seen, d.change, d.stage, d.severity, d.title, d.actors,
            count(distinct a.outlet) as outlets, count(distinct a.story) as stories, count(distinct a.id) as articles,
            (select count(*) from alerts l where l.development = d.id) as alerts, d.dismissed_at
        from (select * from developments where last_seen >= ? order by first_seen desc, id desc limit ?) d
        left join development_articles da on da.development = d.id left join articles a on a.id = da.article
        group by d.id order by d.first_seen desc, d.id desc
        """,
        *(iso(since) or "", limit),
    )


def facts(store: Store, development: int) -> Row:
    """The row of a development that is there."""
    return store.rows("select id as development, * from developments where id = ?", development)[0]


def show(store: Store, development: int) -> Row | None:
    """One development with its stages, its evidence and its alerts."""
    row = store.row("select id as development, * from developments where id = ?", development)
    if row is None:
        return None
    del row["id"]
    row["stages"] = store.rows(
        "select stage, since, article, told_at from development_stages where development = ? order by since",
        development,
    )
    row["evidence"] = store.rows(
        """
        select a.id as article, a.news_at, a.outlet, a.language, a.story, group_concat(s.rule, ', ') as rule, s.stage,
            s.sentence, a.title, a.url
        from signals s join articles a on a.id = s.article
        where s.development = ? group by a.id, s.stage, s.sentence order by a.news_at, a.id, min(s.id)
        """,
        development,
    )
    row["alerts"] = store.rows(
        """
        select id as alert, channel, kind, stage, state, created_at, sent_at, last_error
        from alerts where development = ? order by id
        """,
        development,
    )
    return row


def situation(store: Store) -> list[Row]:
    """For each change and stage the latest development that reached it."""
    return store.rows("select * from situation")


def dismiss(store: Store, development: int, because: str, now: datetime) -> bool:
    """Silences a development; False where there is none."""
    cursor = store.write(
        "update developments set dismissed_at = ?, dismissed_because = ? where id = ?", iso(now), because, development
    )
    return cursor.rowcount > 0


def _development(row: Row) -> Development:
    return Development(
        id=row["id"],
        change=row["change"],
        stage=row["stage"],
        actors=frozenset(actors_of(row["actors"])),
        first_seen=required(row["first_seen"]),
        last_seen=required(row["last_seen"]),
        told=frozenset((row["told"] or "").split(",")) - {""},
        dismissed=row["dismissed_at"] is not None,
    )
