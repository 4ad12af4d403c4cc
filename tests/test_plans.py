"""What people look at is found through indexes: no command and no page reads a large table from end to end."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

from benchmarks.archive import fill
from monitor import cli
from monitor.store import Row, Store, open_store, upkeep
from monitor.web.metadata import described
from monitor.web.report import report
from monitor.web.views import VIEWS
from monitor.web.words import Words
from tests.test_cli import Shell

LARGE = {"articles", "sightings", "signals", "polls", "alerts", "development_articles", "stories", "story_runs"}
LARGE |= {"story_words", "article_lines", "outlet_lines", "headline_words"}
VIEWED = ("timeline", "situation", "proposals", "alert_log")
ASKED = {"q": "mission", "number": "3", "since": "all"}
OPTIONS = {"articles list": ["--outlet", "Outlet 7"], "alerts list": ["--failed"]}
SCAN = re.compile(r"SCAN (?:TABLE )?(\w+)(?: AS \w+)?(?: USING (COVERING )?INDEX (\w+))?")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of invented news and a configuration."""
    folder = tmp_path_factory.mktemp("plans")
    fill(folder / "monitor.db", 4000, datetime.now(UTC))
    (folder / "config.yaml").write_text("database: monitor.db\n")
    return folder


@pytest.fixture(params=["with the planner's figures", "without them"])
def folder(request: pytest.FixtureRequest, filled: Path) -> Path:
    """The same after a night, and as it is before the first."""
    with open_store(filled / "monitor.db") as store:
        upkeep.count_for_planner(store)
    connection = sqlite3.connect(filled / "monitor.db")
    if request.param == "without them":
        connection.execute("delete from sqlite_stat1")
        connection.commit()
    connection.close()
    return filled


class Plans:
    """Explains each statement that reads, and keeps what reads a large table from end to end."""

    def __init__(self) -> None:
        self.statements = 0
        self.slow: list[str] = []

    def look(self, connection: sqlite3.Connection, sql: str, *values: Any) -> None:
        self.statements += 1
        known = dict(connection.execute("select name, sql from sqlite_master where sql is not null"))
        names = _names(sql, known)
        for *_, step in connection.execute(f"explain query plan {sql}", values):
            found = SCAN.match(step)
            if found is None or names.get(found[1], found[1]) not in LARGE:
                continue
            counts = found[2] and "count(" in sql
            if not counts and " where " not in known.get(found[3] or "", ""):  # a partial index is small
                self.slow.append(f"{step}: {' '.join(sql.split())}")


def _names(sql: str, known: dict[str, str]) -> dict[str, str]:
    """What the tables of a statement are called in it, and in the views that it reads."""
    found = re.findall(r"(?:from|join|,)\s+(\w+)\s+(?:as\s+)?(\w+)", sql)
    names = {short: table for table, short in found if table in known}
    for view in VIEWED:
        if re.search(rf"\b(from|join)\s+{view}\b", sql):
            names = _names(known[view], known) | names
    return names


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> Plans:
    found = Plans()
    rows = Store.rows

    def looked(store: Store, sql: str, *values: Any) -> list[Row]:
        found.look(store.connection, sql, *values)
        return rows(store, sql, *values)

    monkeypatch.setattr(Store, "rows", looked)
    return found


def looking_commands() -> Iterator[str]:
    """Every `list` and `show` that the program has, and the other commands that look."""
    program = typer.main.get_command(cli.app)
    for name, command in program.commands.items():  # type: ignore[attr-defined]
        yield from (f"{name} {one}" for one in getattr(command, "commands", {}) if one in ("list", "show"))
    yield from ("search mission", "situation", "status")


@pytest.fixture
def shell(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(folder, monkeypatch, capsys)


@pytest.mark.parametrize("command", looking_commands())
def test_commands_that_look_read_no_large_table_from_end_to_end(command: str, shell: Shell, plans: Plans) -> None:
    words = [*command.split(), *(["3"] if command.endswith("show") else [])]
    for extra in ([], ["--since", "7d"], OPTIONS.get(command, [])):
        if not extra or (command.endswith("list") and command != "feeds list"):
            assert shell(*words, *extra).code == 0
    assert plans.statements
    assert plans.slow == []


def test_commands_that_list_are_all_found() -> None:
    assert {"developments list", "articles list", "stories list", "alerts list", "feeds list"} <= set(
        looking_commands()
    )


@pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)
def test_pages_read_no_large_table_from_end_to_end(view: Any, folder: Path, plans: Plans) -> None:
    words = Words("UTC", {}, datetime.now(UTC))
    with open_store(folder / "monitor.db") as store:
        for since in ("7d", "1y", "all"):
            assert view.fill(store, words, ASKED | {"since": since})
    assert plans.statements
    assert plans.slow == []


def test_the_report_reads_no_large_table_from_end_to_end(folder: Path, plans: Plans) -> None:
    now = datetime.now(UTC)
    with open_store(folder / "monitor.db") as store:
        report(store, Words("UTC", {}, now), now - timedelta(days=60))
    assert plans.statements
    assert plans.slow == []


@pytest.mark.parametrize("name", described()["queries"])
def test_the_queries_to_start_with_read_no_large_table_from_end_to_end(name: str, folder: Path) -> None:
    found = Plans()
    with open_store(folder / "monitor.db") as store:
        found.look(store.connection, described()["queries"][name]["sql"])
    assert found.slow == []


@pytest.mark.parametrize(
    ("sql", "large"),
    [
        ("select * from articles", True),
        ("select a.title from sightings s join articles a on a.id = s.article order by a.title", True),
        ("select * from articles order by first_seen", True),
        ("select count(*) from articles", False),
        ("select * from articles where id = 3", False),
        ("select * from feeds", False),
        ("select * from articles where nearly is not null order by first_seen", False),
    ],
)
def test_reading_from_end_to_end_is_noticed(sql: str, large: bool, filled: Path) -> None:
    found = Plans()
    with open_store(filled / "monitor.db") as store:
        found.look(store.connection, sql)
    assert bool(found.slow) is large
