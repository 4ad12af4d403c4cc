"""Files as earlier versions made them, filled with invented news, as SQL in `samples/schemas`.

    python -m tests.earlier 8       writes samples/schemas/8.sql

One is written when a schema is about to be released, and never again: it has to stay what people have.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from monitor.models import Article
from monitor.store.migrations import migrations
from monitor.stories import key

FOLDER = Path(__file__).parent / "samples" / "schemas"
Row = dict[str, Any]
_DAY = "2025-09-29T{:02}:00:00Z"
_FTS = "articles_fts"


def sample(schema: int) -> str:
    """The SQL that makes the file of a schema; its feeds are at `http://one.example`."""
    return (FOLDER / f"{schema}.sql").read_text(encoding="utf-8")


def _article(number: int, title: str, hour: int, story: int, **more: Any) -> Row:
    url = f"http://one.example/{number}"
    row = {"id": number, "url": url, "canonical_url": url, "outlet": "One", "title": title, "title_key": title.lower()}
    row |= {
        "summary": f"Summary {number}: ferries and maize.",
        "text": f"Text {number}: the harbour master said.",
    }
    row |= {"text_source": "feed", "language": "en", "authors": "A. Writer", "published": _DAY.format(hour)}
    row |= {"published_source": "feed", "news_at": _DAY.format(hour), "first_seen": _DAY.format(hour), "story": story}
    of = Article(number, title, row["summary"], row["text"], "One", "en")
    return row | {"read_state": "unwanted", "rules_version": "old", "story_key": key(of)} | more


def _alert(number: int, development: int, stage: str, state: str, hour: int) -> Row:
    row = {"id": number, "development": development, "article": development + 1, "channel": "desk", "kind": "new"}
    row |= {"stage": stage, "state": state, "attempts": 1, "created_at": _DAY.format(hour), "message_key": f"k{number}"}
    row |= {"sent_at": _DAY.format(hour) if state == "sent" else None, "subject": f"Subject {number}"}
    row |= {"next_attempt": _DAY.format(hour), "last_error": "refused" if state == "failed" else None}
    return row | {"text": f"Text {number}", "html": f"<p>Text {number}</p>"}


def _signal(number: int, article: int, stage: str, development: int | None, **more: Any) -> Row:
    row = {"id": number, "article": article, "rule": "handover", "change": "leadership", "stage": stage}
    row |= {"actors": "Norland", "severity": "high", "sentence": f"Sentence {number}", "field": "title"}
    row |= {"start_offset": 0, "end_offset": 20 + number, "rules_version": "old", "found_at": _DAY.format(12)}
    return row | {"development": development, "roles": "Norland\u00a0takes over", "words": "Norland | over"} | more


def _development(number: int, stage: str, **more: Any) -> Row:
    row = {"id": number, "change": "leadership", "stage": stage, "title": f"Title {number}", "actors": "Norland"}
    row |= {"sentence": f"Sentence {number}", "severity": "high", "created_at": _DAY.format(12)}
    return row | {"first_seen": _DAY.format(8), "last_seen": _DAY.format(10)} | more


_FEED = {"added_at": "2025-01-01T00:00:00Z", "outlet": "One", "language": "en", "read": "never"}
ROWS: dict[str, list[Row]] = {
    "feeds": [
        _FEED
        | {"id": 1, "name": "one", "url": "http://one.example/one.xml", "etag": '"x"', "body_hash": "abc"}
        | {"whole_at": _DAY.format(11)},
        _FEED | {"id": 2, "name": "gone", "url": "http://one.example/gone.xml", "active": 0, "failures": 3},
    ],
    "polls": [
        {"id": 1, "feed": 1, "at": _DAY.format(9), "status": "new", "entries": 3, "new_entries": 3, "seconds": 0.5},
        {"id": 2, "feed": 2, "at": _DAY.format(9), "status": "failed", "seconds": 0.1, "error": "no answer"},
    ],
    "stories": [{"id": n, "title": f"Story {n}", "first_seen": _DAY.format(8)} for n in (1, 2, 3)],
    "articles": [
        _article(1, "Rain over the capital for a third day in a row", 7, 1, nearly="handover"),
        _article(2, "Norland agrees to take over the Lagoon Mission", 8, 2),
        _article(3, "Sudland offers to take over the Lagoon Mission", 9, 3),
        _article(4, "Norland agrees to take over the Lagoon Mission today", 10, 2, copy_by="headline"),
    ],
    "article_paragraphs": [{"key": "a1", "article": 2, "words": 30}],
    "sightings": [
        {"feed": 1, "article": n, "guid": f"g{n}", "url": f"http://one.example/{n}", "first_seen": _DAY.format(6 + n)}
        | {"carried_at": _DAY.format(11)}
        for n in (1, 2, 3, 4)
    ],
    "developments": [
        _development(1, "decided"),
        _development(2, "proposed", actors="Sudland", dismissed_at=_DAY.format(13), dismissed_because="no", follows=1),
    ],
    "development_stages": [
        {"development": 1, "stage": "decided", "since": _DAY.format(8), "article": 2, "told_at": _DAY.format(12)},
        {"development": 2, "stage": "proposed", "since": _DAY.format(9), "article": 3, "told_at": _DAY.format(12)},
    ],
    "development_articles": [
        {"development": 1, "article": 2, "stage": "decided", "added_at": _DAY.format(12)},
        {"development": 1, "article": 4, "stage": "decided", "added_at": _DAY.format(12)},
        {"development": 2, "article": 3, "stage": "proposed", "added_at": _DAY.format(12)},
    ],
    "signals": [
        _signal(1, 2, "decided", 1),
        _signal(2, 4, "decided", 1),
        _signal(3, 3, "proposed", 2, actors="Sudland", roles="Sudland\u00a0takes over"),
        _signal(4, 1, "decided", None, retired_at=_DAY.format(12)),
    ],
    "alerts": [
        _alert(1, 1, "decided", "sent", 12),
        _alert(2, 2, "proposed", "failed", 12),
        _alert(3, 1, "decided", "queued", 13),
    ],
    "story_runs": [{"run": 77, "day": 739523, "article": 2}],
    "story_words": [{"word": "maize", "day": 739523, "article": 2}],
    "headline_words": [{"word": "", "articles": 4}, {"word": "maize", "articles": 2}],
    "article_lines": [{"line": 99, "article": 2}],
    "outlet_lines": [{"outlet": "One", "line": 98}],
    "troubles": [{"id": 1, "subject": "poll", "what": "no feed was polled for 3 hours", "since": _DAY.format(5),
                  "cleared_at": _DAY.format(6)}],
    "upkeep": [{"task": "indexes", "done_at": _DAY.format(4)}],
    "robots": [{"origin": "http://one.example", "fetched_at": _DAY.format(9), "body": "User-agent: *"}],
}  # fmt: skip


def dumped(connection: sqlite3.Connection) -> Iterator[str]:
    """Statements that make the same file: tables, rows, the full-text index anew, then indexes, triggers and views."""
    things = connection.execute(
        "select type, name, sql from sqlite_master where sql is not null and name not glob 'articles_fts_*' "
        "or type = 'trigger' order by rowid"
    ).fetchall()
    for kind, name, sql in things:
        if kind == "table" and name != "sqlite_sequence":
            yield f"{sql};"
    for kind, name, _ in things:
        if kind == "table" and name not in (_FTS, "sqlite_sequence"):
            for row in connection.execute(f"select * from {name}"):  # noqa: S608
                yield f"insert into {name} values ({', '.join(map(_literal, row))});"  # noqa: S608
    yield f"insert into {_FTS} ({_FTS}) values ('rebuild');"  # noqa: S608
    yield from (f"{sql};" for kind, _, sql in things if kind != "table")
    yield f"pragma user_version = {connection.execute('pragma user_version').fetchone()[0]};"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "null" if value is None else str(value)


def fill(connection: sqlite3.Connection) -> None:
    """Writes the rows, as far as there are such tables and columns."""
    for table, rows in ROWS.items():
        columns = [row[1] for row in connection.execute(f"pragma table_info({table})")]
        for row in rows if columns else ():
            known = {name: value for name, value in row.items() if name in columns}
            marks = ", ".join("?" * len(known))
            connection.execute(f"insert into {table} ({', '.join(known)}) values ({marks})", list(known.values()))  # noqa: S608


def main(schema: int) -> None:
    """Writes the sample of a schema."""
    with closing(sqlite3.connect(":memory:")) as connection:
        names = [step.name for step in migrations._migrations]
        migrations.apply(Database(connection), stop_before=(names[schema : schema + 1] or [None])[0])
        connection.execute("update _sqlite_migrations set applied_at = '2025-09-01 00:00:00.000000+00:00'")
        fill(connection)
        connection.commit()
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{schema}.sql").write_text("\n".join(dumped(connection)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]))
