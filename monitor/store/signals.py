"""What the rules found, article by article."""

import json
from collections.abc import Sequence
from datetime import datetime

from monitor.models import Signal, StoredSignal
from monitor.store.articles import article_of
from monitor.store.base import Row, Store, actors_of, actors_text, iso, moment, roles_of, roles_text, words_text


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
                change, actors, roles, severity, sentence, guessed, words, rules_version, found_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing returning id
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
            set change = ?, actors = ?, roles = ?, severity = ?, sentence = ?, guessed = ?, words = ?,
                rules_version = ?, retired_at = null
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


def _said(signal: Signal) -> tuple[str | int, ...]:
    named = actors_text(signal.actors), roles_text(signal.roles)
    return signal.change, *named, signal.severity, signal.sentence, int(signal.guessed), words_text(signal.words)


def ungrouped(store: Store, limit: int = 200) -> list[StoredSignal]:
    """The signals of at most `limit` articles of which some belong to no development yet, the oldest news first.

    News of unknown age counts as the oldest. What an article said before comes along, marked as placed: what else it
    says may only be said beside that.
    """
    rows = store.rows(
        """
        with waiting as (
            select a.id, a.news_at from articles a
            where a.id in (select article from signals where development is null and retired_at is null)
            order by a.news_at, a.id limit ?
        )
        select s.id as signal, s.rule, s.change, s.stage, s.actors, s.roles, s.severity, s.sentence, s.guessed, s.field,
            s.start_offset, s.end_offset, s.development, a.*
        from waiting w join signals s on s.article = w.id join articles a on a.id = w.id
        where s.retired_at is null order by w.news_at, w.id, s.id
        """,
        limit,
    )
    return [_stored(row) for row in rows]


def grouped(store: Store, signal: int, development: int) -> None:
    """Records the development of a signal."""
    store.write("update signals set development = ? where id = ?", development, signal)


def besides(store: Store, article: int, change: str) -> list[str]:
    """What an article says of other changes, each with the stage that it says first: `funding proposed`."""
    rows = store.rows(
        """
        select change, stage from signals where article = ? and change <> ? and retired_at is null
        order by case field when 'title' then 0 when 'summary' then 1 else 2 end, start_offset, id
        """,
        *(article, change),
    )
    return [f"{row['change']} {row['stage']}" for row in {row["change"]: row for row in rows[::-1]}.values()][::-1]


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
        roles=roles_of(row["roles"]),
        guessed=bool(row["guessed"]),
    )
    placed = row["development"] is not None
    return StoredSignal(row["signal"], signal, article_of(row), moment(row["news_at"]), placed)
