"""What the rules found, article by article, and the stories that articles belong to."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.models import Article, Signal, StoredSignal
from monitor.store.articles import article_of
from monitor.store.base import Row, Store, actors_of, actors_text, iso, moment


def replace(store: Store, article: int, found: Sequence[Signal], version: str, now: datetime) -> int:
    """Writes the signals of an article under the present rules; says how many are new.

    One that was found before keeps its development; one that is found no longer is retired, not deleted: it may be the
    evidence of what was told.
    """
    new = 0
    kept = []
    for signal in found:
        place = (article, signal.rule, signal.stage, signal.field, signal.start, signal.end)
        cursor = store.write(
            """
            insert into signals (article, rule, stage, field, start_offset, end_offset,
                change, actors, severity, sentence, rules_version, found_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing returning id
            """,
            *(*place, signal.change, actors_text(signal.actors), signal.severity, signal.sentence, version, iso(now)),
        ).fetchone()
        if cursor is not None:
            new += 1
            kept.append(cursor[0])
            continue
        row = store.write(
            """
            update signals set change = ?, actors = ?, severity = ?, sentence = ?, rules_version = ?, retired_at = null
            where article = ? and rule = ? and stage = ? and field = ? and start_offset = ? and end_offset = ? returning id
            """,
            *(signal.change, actors_text(signal.actors), signal.severity, signal.sentence, version, *place),
        ).fetchone()
        kept.append(row[0])
    marks = ", ".join("?" * len(kept))
    store.write(
        f"update signals set retired_at = ? where article = ? and retired_at is null and id not in ({marks})",
        *(iso(now), article, *kept),
    )
    return new


def ungrouped(store: Store, limit: int = 500) -> list[StoredSignal]:
    """Signals that belong to no development yet, the oldest news first; news of unknown age counts as the oldest."""
    rows = store.rows(
        """
        select s.id as signal, s.rule, s.change, s.stage, s.actors, s.severity, s.sentence, s.field,
            s.start_offset, s.end_offset, a.*
        from signals s join articles a on a.id = s.article
        where s.development is null and s.retired_at is null order by a.news_at, s.id limit ?
        """,
        limit,
    )
    return [_stored(row) for row in rows]


def grouped(store: Store, signal: int, development: int) -> None:
    """Records the development of a signal."""
    store.write("update signals set development = ? where id = ?", development, signal)


def assign_story(
    store: Store, article: Article, *, title_key: str | None, text_key: str | None, window: timedelta
) -> int:
    """The story of an article: that of a copy seen within the window, or a new one.

    A key that is None is not compared.
    """
    seen = article.first_seen
    assert seen is not None  # every stored article has it
    row = store.row(
        """
        select story from articles
        where story is not null and id <> ? and ((? is not null and text_key = ?) or (? is not null and title_key = ?))
            and abs(julianday(coalesce(published, first_seen)) - julianday(?)) <= ?
        order by id limit 1
        """,
        *(article.id, text_key, text_key, title_key, title_key),
        *(iso(article.published or seen), window.total_seconds() / 86400),
    )
    story = row["story"] if row else article.story
    if story is None:
        cursor = store.write("insert into stories (title, first_seen) values (?, ?)", article.title, iso(seen))
        story = int(cursor.lastrowid or 0)
    store.write("update articles set story = ?, text_key = ? where id = ?", story, text_key, article.id)
    return int(story)


def list_stories(store: Store, *, limit: int, since: datetime | None = None) -> list[Row]:
    """Stories with how many outlets carried them, the latest first."""
    return store.rows(
        """
        select t.id, t.first_seen, t.title, count(a.id) as articles, count(distinct a.outlet) as outlets
        from (select * from stories where first_seen >= ? order by first_seen desc, id desc limit ?) t
        join articles a on a.story = t.id group by t.id order by t.first_seen desc, t.id desc
        """,
        *(iso(since) or "", limit),
    )


def show_story(store: Store, story: int) -> Row | None:
    """One story with its articles, the first first."""
    row = store.row("select * from stories where id = ?", story)
    if row is not None:
        row["articles"] = store.rows(
            "select id, news_at, first_seen, outlet, language, title, url from articles where story = ? order by news_at, id",
            story,
        )
    return row


def _stored(row: Row) -> StoredSignal:
    signal = Signal(
        rule=row["rule"],
        change=row["change"],
        stage=row["stage"],
        actors=actors_of(row["actors"]),
        sentence=row["sentence"],
        field=row["field"],
        start=row["start_offset"],
        end=row["end_offset"],
        severity=row["severity"],
    )
    return StoredSignal(row["signal"], signal, article_of(row), moment(row["news_at"]))
