"""What the rules found, article by article, and the stories that articles belong to."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitor.models import Article, Signal, StoredSignal
from monitor.store.articles import article_of
from monitor.store.base import Row, Store, actors_of, actors_text, iso, moment, roles_text
from monitor.stories import copies


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
                change, actors, roles, severity, sentence, rules_version, found_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing returning id
            """,
            *(*place, *_said(signal), version, iso(now)),
        ).fetchone()
        if cursor is not None:
            new += 1
            kept.append(cursor[0])
            continue
        row = store.write(
            """
            update signals
            set change = ?, actors = ?, roles = ?, severity = ?, sentence = ?, rules_version = ?, retired_at = null
            where article = ? and rule = ? and stage = ? and field = ? and start_offset = ? and end_offset = ?
            returning id
            """,
            *(*_said(signal), version, *place),
        ).fetchone()
        kept.append(row[0])
    store.write(
        """
        update signals set retired_at = ?
        where article = ? and retired_at is null and id not in (select value from json_each(?))
        """,
        *(iso(now), article, json.dumps(kept)),
    )
    return new


def _said(signal: Signal) -> tuple[str, str, str, str, str]:
    return signal.change, actors_text(signal.actors), roles_text(signal.roles), signal.severity, signal.sentence


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
    store: Store, article: Article, *, title_key: str | None, paragraphs: Mapping[str, int], window: timedelta
) -> int:
    """The story of an article: that of a copy within the window, or a new one; says its id.

    `title_key` None is not compared. `paragraphs` are fingerprints with their number of words.
    """
    for key, count in paragraphs.items():
        store.write(
            "insert or ignore into article_paragraphs (key, article, words) values (?, ?, ?)", key, article.id, count
        )
    story = _story_of_copy(store, article, title_key, paragraphs, window) or article.story
    if story is None:
        story = store.insert("stories", {"title": article.title, "first_seen": iso(article.first_seen)})
    store.write("update articles set story = ? where id = ?", story, article.id)
    return story


def _story_of_copy(
    store: Store, article: Article, title_key: str | None, paragraphs: Mapping[str, int], window: timedelta
) -> int | None:
    reach = (iso(article.published or article.first_seen), window.total_seconds() / 86400)
    rows = store.rows(
        """
        select a.id, a.story, sum(p.words) as shared,
            (select sum(words) from article_paragraphs where article = a.id) as words
        from article_paragraphs p join articles a on a.id = p.article
        where p.key in (select value from json_each(?)) and a.id <> ? and a.story is not null
            and abs(julianday(coalesce(a.published, a.first_seen)) - julianday(?)) <= ?
        group by a.id order by shared desc, a.id
        """,
        *(json.dumps(list(paragraphs)), article.id, *reach),
    )
    own = sum(paragraphs.values())
    copied = next((row["story"] for row in rows if copies(row["shared"], own, row["words"])), None)
    if copied is not None or title_key is None:
        return copied
    row = store.row(
        """
        select story from articles
        where title_key = ? and id <> ? and story is not null
            and abs(julianday(coalesce(published, first_seen)) - julianday(?)) <= ?
        order by id limit 1
        """,
        *(title_key, article.id, *reach),
    )
    return row["story"] if row else None


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
            """
            select id, news_at, first_seen, outlet, language, title, url
            from articles where story = ? order by news_at, id
            """,
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
