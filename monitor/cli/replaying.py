"""Dated items through the whole path after the fetch, on their own clock."""

import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path

from monitor import pipeline
from monitor.config import Config
from monitor.errors import MonitorError
from monitor.items import Item, read_items
from monitor.models import Entry, FeedOutcome, Message, ParsedFeed, Read
from monitor.pipeline.run import Progress
from monitor.store import Row, Store, feeds, open_store

_UNDATED = datetime(1990, 1, 1, tzinfo=UTC)


def lines_of(file: Path) -> Iterator[str]:
    """A file's lines, or standard input's for `-`. Raises MonitorError where it cannot be read."""
    standard_input = str(file) == "-"
    try:
        with open(0 if standard_input else file, encoding="utf-8", closefd=not standard_input) as lines:
            yield from lines
    except (OSError, UnicodeDecodeError) as error:
        raise MonitorError(f"{file} cannot be read: {error}") from error


def replay(config: Config, file: Path, database: Path | None, progress: Progress | None = None) -> list[Row]:
    """Replays the items of a file and answers a row per development: what was found, and what would have been told.

    Every channel takes part, and none is really told. Raises MonitorError where `database` is there already.
    """
    items = sorted(read_items(lines_of(file), str(file)), key=lambda item: item.published or _UNDATED)
    if database is not None and database.exists():
        raise MonitorError(f"{database} is there already; a replay needs a new database")
    with tempfile.TemporaryDirectory() as folder, open_store(database or Path(folder) / "replay.db") as store:
        _replay(config, store, items, progress)
        return list(_developments(store))


def _replay(config: Config, store: Store, items: list[Item], progress: Progress | None) -> None:
    config = replace(config, settings=config.settings.model_copy(update={"channels": ()}))
    sources = sorted({item.source for item in items})
    wanted = [feeds.WantedFeed(name or "?", f"replay:{name}", name or "?", None, Read.NEVER) for name in sources]
    start = next((item.published for item in items if item.published), _UNDATED)
    with store.transaction():
        feeds.sync(store, wanted, start)
    states = {state.url: state for state in feeds.due(store, start)}
    if progress:
        progress.begin("items", len(items))
    for now, items_of_now in groupby(items, key=lambda item: item.published or start):
        group = list(items_of_now)
        for source, together in groupby(sorted(group, key=lambda item: item.source), key=lambda item: item.source):
            parsed = ParsedFeed(tuple(map(_entry, together)))
            outcome = FeedOutcome(states[f"replay:{source}"], now, 0.0, "new", parsed=parsed)
            pipeline.store_feeds(config, store, [outcome], now)
        pipeline.match_articles(config, store, now)
        pipeline.group_signals(config, store, now)
        pipeline.send_alerts(config, store, partial(_the_same, now), sender=_Nobody(), show=lambda _: None)
        if progress:
            progress.advance(len(group))


def _the_same(now: datetime) -> datetime:
    return now


class _Nobody:
    def send(self, channel: str, message: Message, key: str, served: Collection[str] = ()) -> None:
        pass


def _entry(item: Item) -> Entry:
    return Entry(
        title=item.title,
        link=item.url or None,
        guid=item.id,
        summary=item.summary,
        content=item.text,
        published=item.published,
        give=item.give,
        language=item.language,
    )


def _developments(store: Store) -> Iterable[Row]:
    for row in store.rows("select id, change, stage, title, first_seen from developments order by first_seen, id"):
        articles = store.rows(
            """
            select s.guid, a.id from development_articles d join articles a on a.id = d.article
            join sightings s on s.article = a.id where d.development = ? order by a.news_at, a.id
            """,
            row["id"],
        )
        names = {article["id"]: article["guid"] for article in articles}
        told = store.rows("select kind, created_at, article from alerts where development = ? order by id", row["id"])
        yield {
            "development": row["id"],
            "change": row["change"],
            "stage": row["stage"],
            "title": row["title"],
            "first_seen": row["first_seen"],
            "articles": [article["guid"] for article in articles],
            "alerts": [{"kind": a["kind"], "at": a["created_at"], "article": names[a["article"]]} for a in told],
        }
