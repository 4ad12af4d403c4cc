"""Files that earlier versions made open, keep what they hold, and go on."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from monitor.pipeline import maintain
from monitor.store import articles, base, developments, open_store
from tests import earlier
from tests.receivers import Webhook, webhook
from tests.test_cli import Shell
from tests.world import EFFECTIVE, Item, Web, World, serving

SCHEMAS = range(1, base.SCHEMA + 1)
DROPPED = {"article_paragraphs"}
"""Tables that a later version does without."""


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as running:
        yield running


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


@pytest.fixture(params=SCHEMAS, ids="schema {}".format)
def world(request: pytest.FixtureRequest, tmp_path: Path, web: Web, hook: Webhook) -> World:
    """A world whose database an earlier version filled; its feed still has what it had."""
    made = World(tmp_path, web)
    made.watch("one", channels=[{"name": "desk", "url": f"json://127.0.0.1:{hook.port}/"}])
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as connection:
        connection.executescript(earlier.sample(request.param).replace("http://one.example", web.url))
    web.feed("/one.xml", *stored())
    return made


@pytest.fixture
def shell(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(world.folder, monkeypatch, capsys)


def stored() -> list[Item]:
    """The entries whose articles are in the file."""
    rows = earlier.ROWS["articles"]
    return [
        Item(row["title"], f"/{row['id']}", row["summary"], base.moment(row["published"]), f"g{row['id']}")
        for row in rows
    ]


def contents(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of ours."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        ours = [name for name in names if not name.startswith(("articles_fts", "_sqlite", "sqlite"))]
        return {name: [dict(row) for row in connection.execute(f"select * from {name}")] for name in ours}  # noqa: S608


def test_every_row_is_there_with_all_that_it_said(world: World) -> None:
    path = world.folder / "monitor.db"
    before = contents(path)
    assert sum(map(len, before.values())) > 20
    assert [table for table, rows in before.items() if not rows] == [], "each of its tables is filled"
    with world.store() as store:
        assert store.row("pragma user_version") == {"user_version": base.SCHEMA}
        assert store.rows("pragma integrity_check") == [{"integrity_check": "ok"}]
        assert store.rows("pragma foreign_key_check") == []
    after = contents(path)
    for table in before.keys() - DROPPED:
        kept = [{name: row[name] for name in old} for old, row in zip(before[table], after[table], strict=True)]
        assert kept == before[table], table


def test_it_has_the_tables_and_views_of_a_new_file(world: World, tmp_path: Path) -> None:
    shape = "select type, name from sqlite_master where name not glob '_sqlite*' order by 1, 2"
    columns = "select m.name, c.name as column from sqlite_master m, pragma_table_info(m.name) c order by 1, 2"
    with world.store() as old, open_store(tmp_path / "new.db") as new:
        assert old.rows(shape) == new.rows(shape)
        assert old.rows(columns) == new.rows(columns)


def test_people_see_what_they_saw(world: World, shell: Shell) -> None:
    with world.store() as store:
        assert [row["development"] for row in developments.situation(store)] == [1]
        told = [(row["change"], row["stage"], row["articles"]) for row in developments.timeline(store)]
        assert told == [("leadership", "decided", 2), ("leadership", "proposed", 1)]
        assert [row["id"] for row in articles.search(store, "maize", limit=9)] != []
        assert [row["state"] for row in store.rows("select state from alert_log")] == ["sent", "failed", "queued"]
    for words in (
        "status",
        "situation",
        "developments list",
        "developments show 1",
        "alerts show 3",
        "articles show 2",
    ):
        done = shell(*words.split(), "--json")
        assert (done.code, len(done.rows) > 0) == (0, True), words
    assert shell("search", "maize", "--json").rows != []


def test_the_next_poll_knows_what_is_stored_tells_nothing_twice_and_sends_what_waited(
    world: World, hook: Webhook
) -> None:
    report = world.poll()
    assert [feed.error for feed in report.feeds] == [None]
    assert sum(feed.new for feed in report.feeds) == 0
    subjects = [hook.calls.get_nowait().body["title"] for _ in range(hook.calls.qsize())]
    assert [one for one in subjects if not one.startswith("Monitor: ")] == ["Subject 3"]
    assert world.rows("select count(*) as n from developments") == [{"n": 2}]


def test_news_goes_the_whole_way_and_moves_on_what_an_earlier_version_stored(world: World, hook: Webhook) -> None:
    world.poll()
    while not hook.calls.empty():
        hook.calls.get_nowait()
    world.web.feed("/one.xml", *stored(), Item(EFFECTIVE, "/new"))
    world.poll()
    [call] = [hook.calls.get_nowait() for _ in range(hook.calls.qsize())]
    assert EFFECTIVE in call.body["message"]
    assert world.rows("select stage from developments where id = 1") == [{"stage": "effective"}]
    with world.store() as store:
        assert [row["title"] for row in articles.search(store, '"takes over"', limit=5)] == [EFFECTIVE]


def test_the_first_night_tidies_it_up_and_copies_it(world: World) -> None:
    world.poll()
    with world.store() as store:
        report = maintain(world.config, store, world.clock.now)
    assert report.troubles == []
    assert report.copy is not None
    assert len(contents(report.copy)["developments"]) == 2


@pytest.mark.parametrize("command", ["status", "poll", "situation", "articles list"])
def test_a_file_of_a_newer_version_is_refused_in_words_and_left_alone(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving() as web:
        World(tmp_path, web).watch("one")
    path = tmp_path / "monitor.db"
    with open_store(path) as store:
        store.connection.execute(f"pragma user_version = {base.SCHEMA + 1}")
    bytes_before = path.read_bytes()
    done = Shell(tmp_path, monkeypatch, capsys)(*command.split())
    assert (done.code, done.out) == (1, "")
    assert f"the database {path} was made by a newer haiti-monitor; update this one" in done.err
    assert path.read_bytes() == bytes_before
