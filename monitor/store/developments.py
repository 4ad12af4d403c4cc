"""Developments: events with their stages, articles and evidence."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.models import Development, Evidence, Report, Standing
from monitor.store.base import Row, Store, actors_of, actors_text, iso, moment, required, roles_of, roles_text

_SEVERITIES = ("low", "normal", "high")
_TIMELINE = """
    select since, development, change, stage, title, actors, severity, sentence, articles, outlets, stories, told_at,
        dismissed_at
    from timeline
    """


def around(store: Store, report: Report, at: datetime, window: timedelta) -> list[Development]:
    """The developments that a report from `at` could speak of, with those of its article and story marked."""
    rows = store.rows(
        f"{_KNOWN} where d.change = ? and d.last_seen >= ? and d.first_seen <= ?",
        *(report.article.id, report.article.story, report.signal.change),
        *(iso(at - report.article.give - window), iso(at + report.article.give + window)),
    )
    return [_development(row, report) for row in rows]


def before(store: Store, report: Report, at: datetime, reach: timedelta) -> list[Development]:
    """The developments that a new one could follow."""
    rows = store.rows(
        f"{_KNOWN} where d.change = ? and d.dismissed_at is null and d.last_seen >= ? and d.first_seen <= ?",
        *(report.article.id, report.article.story, report.signal.change, iso(at - reach), iso(at)),
    )
    return [_development(row, report) for row in rows]


_KNOWN = """
    select d.*, t.since, (select max(plain) from development_articles where development = d.id) as plain,
        exists (select 1 from development_articles where development = d.id and article = ?) as has_article,
        exists (select 1 from development_articles da join articles a on a.id = da.article
                where da.development = d.id and a.story = ?) as has_story
    from developments d join development_stages t on t.development = d.id and t.stage = d.stage
    """


def _development(row: Row, report: Report) -> Development:
    story = report.article.story
    return Development(
        id=row["id"],
        change=row["change"],
        stage=row["stage"],
        since=required(row["since"]),
        actors=frozenset(actors_of(row["actors"])),
        first_seen=required(row["first_seen"]),
        last_seen=required(row["last_seen"]),
        roles=frozenset(roles_of(row["roles"])),
        plain=bool(row["plain"]),
        articles=frozenset((report.article.id,) if row["has_article"] else ()),
        stories=frozenset((story,) if row["has_story"] and story is not None else ()),
    )


def insert(store: Store, report: Report, at: datetime, now: datetime, follows: int | None = None) -> int:
    """Starts a development with its first report; says its id."""
    found = report.signal
    return store.insert(
        "developments",
        {
            "change": found.change,
            "stage": found.stage,
            "title": report.article.title,
            "sentence": found.sentence,
            "actors": "",
            "severity": found.severity,
            "first_seen": iso(at - report.article.give),
            "last_seen": iso(at + report.article.give),
            "created_at": iso(now),
            "follows": follows,
        },
    )


def extend(store: Store, development: int, at: datetime, report: Report) -> None:
    """Lets a development reach to another report.

    It gains the actors and roles that the deciding signal names, and is as severe as the most severe of all.
    """
    row = store.rows("select actors, roles, severity from developments where id = ?", development)[0]
    actors = dict.fromkeys((*actors_of(row["actors"]), *report.signal.actors))
    roles = dict.fromkeys((*roles_of(row["roles"]), *report.signal.roles))
    severities = (row["severity"], *(one.signal.severity for one in report.signals))
    store.write(
        """
        update developments set actors = ?, roles = ?, severity = ?, first_seen = min(first_seen, ?),
            last_seen = max(last_seen, ?)
        where id = ?
        """,
        *(actors_text(tuple(actors)), roles_text(tuple(roles)), max(severities, key=_SEVERITIES.index)),
        *(iso(at - report.article.give), iso(at + report.article.give), development),
    )


def reach(store: Store, development: int, report: Report, stage: str, at: datetime) -> None:
    """Brings a development to a stage, with the report that shows it."""
    store.write(
        """
        insert into development_stages (development, stage, since, article) values (?, ?, ?, ?)
        on conflict do nothing
        """,
        *(development, stage, iso(at), report.article.id),
    )
    store.write(
        "update developments set stage = ?, title = ?, sentence = ? where id = ? and stage <> ?",
        *(stage, report.article.title, report.signal.sentence, development, stage),
    )


def add_article(store: Store, development: int, report: Report, now: datetime, *, plain: bool) -> None:
    """Counts an article among the reports of a development; `plain` where it is more than a mention."""
    store.write(
        """
        insert into development_articles (development, article, stage, added_at, plain) values (?, ?, ?, ?, ?)
        on conflict do update set plain = max(plain, excluded.plain)
        """,
        *(development, report.article.id, report.signal.stage, iso(now), int(plain)),
    )


def standing(store: Store, development: int) -> Standing:
    """How a development stands."""
    row = store.rows(
        """
        select d.change, d.stage, d.severity, d.dismissed_at, max(da.plain) as plain,
            count(distinct a.story) as stories, json_group_array(distinct a.language) as languages
        from developments d left join development_articles da on da.development = d.id and exists (
            select 1 from signals s
            where s.development = d.id and s.article = da.article and s.retired_at is null
        )
        left join articles a on a.id = da.article where d.id = ?
        """,
        development,
    )[0]
    return Standing(
        *(row["change"], row["stage"], row["severity"], frozenset(json.loads(row["languages"])), row["stories"]),
        *(bool(row["plain"]), row["dismissed_at"] is not None),
    )


def told(store: Store, development: int, now: datetime) -> None:
    """Records that the stages which a development reached so far were told."""
    store.write(
        "update development_stages set told_at = ? where development = ? and told_at is null", iso(now), development
    )


def course(store: Store, development: int) -> list[Row]:
    """The stages that a development and those it followed went through, from the first on.

    Each with `stage`, `since` and how many outlets reported it.
    """
    return store.rows(
        """
        with recursive line (development, place) as (
            select ?, 0
            union select d.follows, line.place + 1
            from line join developments d on d.id = line.development
            where d.follows is not null and line.place < 20
        )
        select t.development, t.stage, t.since, (
            select count(distinct a.outlet) from development_articles da join articles a on a.id = da.article
            where da.development = t.development and (da.stage = t.stage or t.development <> ?)
        ) as outlets
        from line join development_stages t on t.development = line.development
        order by line.place desc, t.since, t.rowid
        """,
        *(development, development),
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


def shown_stages(store: Store, *, since: datetime | None = None, limit: int = -1) -> list[Row]:
    """Every stage of what was not dismissed, the latest first, with the `url` of the article that shows it."""
    return store.rows(
        """
        select t.*, a.url from timeline t
        join development_stages s on s.development = t.development and s.stage = t.stage
        join articles a on a.id = s.article
        where t.dismissed_at is null and t.since >= ? order by t.since desc, t.development desc limit ?
        """,
        *(iso(since) or "", limit),
    )


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
    row |= told_of(store, development)
    row["evidence"] = store.rows(
        """
        select a.id as article, a.news_at, a.outlet, a.language, a.story, group_concat(s.rule, ', ') as rule, s.stage,
            s.sentence, a.title, a.url
        from signals s join articles a on a.id = s.article
        where s.development = ? group by a.id, s.stage, s.sentence order by a.news_at, a.id, min(s.id)
        """,
        development,
    )
    return row


def told_of(store: Store, development: int) -> dict[str, list[Row]]:
    """The `stages` and `alerts` of a development."""
    stages = store.rows(
        "select stage, since, article, told_at from development_stages where development = ? order by since",
        development,
    )
    alerts = store.rows(
        """
        select id as alert, channel, kind, stage, state, created_at, sent_at, last_error
        from alerts where development = ? order by id
        """,
        development,
    )
    return {"stages": stages, "alerts": alerts}


def situation(store: Store) -> list[Row]:
    """What stands now, a row for each change, and with it what is `proposed` beyond it, the latest first.

    A change of which there are only proposals has a row without a stage.
    """
    stands = store.rows("select * from situation")
    proposals = store.rows("select * from proposals")
    names = sorted({row["change"] for row in (*stands, *proposals)})
    nothing = dict.fromkeys(stands[0] if stands else proposals[0]) if names else {}
    known = {row["change"]: row for row in stands}
    return [
        {
            **known.get(name, nothing | {"change": name}),
            "proposed": [
                {key: value for key, value in row.items() if key not in ("change", "stage")}
                for row in proposals
                if row["change"] == name
            ],
        }
        for name in names
    ]


def dismiss(store: Store, development: int, because: str, now: datetime) -> bool:
    """Silences a development; False where there is none."""
    cursor = store.write(
        "update developments set dismissed_at = ?, dismissed_because = ? where id = ?", iso(now), because, development
    )
    return cursor.rowcount > 0


def headlines(store: Store, development: int) -> list[Row]:
    """The report that brought a development to its present stage, once for each rule that held in it.

    Where a rule held in the text only, the sentence comes along as `text`: above it the rule finds nothing.
    """
    return store.rows(
        """
        with shown as (
            select s.*, row_number() over (partition by s.rule order by s.field = 'text', s.id) as place
            from developments d
            join development_stages t on t.development = d.id and t.stage = d.stage
            join signals s on s.development = d.id and s.article = t.article and s.retired_at is null
            where d.id = ?
        )
        select s.rule, a.title, a.summary, iif(s.field = 'text', s.sentence, '') as text, a.outlet, a.language
        from shown s join articles a on a.id = s.article
        where s.place = 1 order by s.rule
        """,
        development,
    )
