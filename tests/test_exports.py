"""Exports: everything, named as in the database, in constant memory; and the words around what decided."""

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from monitor import exports
from monitor.parse import parse_feed
from monitor.store import exporting, open_store
from monitor.web.passages import CLOSE, OPEN, found, marked
from tests.world import NOW


def program(config: Path, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "monitor", "--config", str(config), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture(scope="module")
def database(scripted_year: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(scripted_year.with_name("monitor.db"))
    connection.row_factory = sqlite3.Row
    return connection


@pytest.mark.parametrize("table", exporting.TABLES)
def test_json_lines_hold_every_row_as_it_is_in_the_database(
    table: str, scripted_year: Path, database: sqlite3.Connection
) -> None:
    done = program(scripted_year, "export", table, "--format", "jsonl")
    key = exporting.TABLES[table][1]
    stored = [dict(row) for row in database.execute(f"select * from {table} order by {key}")]  # noqa: S608
    assert (done.returncode, [json.loads(line) for line in done.stdout.splitlines()]) == (0, stored)


def test_csv_has_the_columns_as_heading_and_survives_commas_quotes_and_lines(
    scripted_year: Path, database: sqlite3.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "alerts.csv"
    assert program(scripted_year, "export", "alerts", "-f", "csv", "-o", str(file)).returncode == 0
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    stored = database.execute("select * from alerts order by id").fetchall()
    assert [list(row.values()) for row in rows] == [["" if v is None else str(v) for v in row] for row in stored]
    assert list(rows[0]) == stored[0].keys()
    assert any("\n" in row["html"] for row in rows)


def test_since_leaves_out_what_is_older(scripted_year: Path, database: sqlite3.Connection) -> None:
    done = program(scripted_year, "export", "articles", "-f", "jsonl", "--since", "2026-01-01")
    count = database.execute("select count(*) from articles where first_seen >= '2026-01-01'").fetchone()[0]
    assert len(done.stdout.splitlines()) == count > 0


def test_developments_are_a_feed_too(scripted_year: Path, database: sqlite3.Connection) -> None:
    done = program(scripted_year, "export", "developments", "--format", "atom")
    parsed = parse_feed(done.stdout.encode(), url="https://reader.example/", now=NOW)
    stages = database.execute("select count(*) from development_stages").fetchone()[0]
    assert (parsed.warning, len(parsed.entries)) == (None, stages)
    again = program(scripted_year, "export", "developments", "--format", "atom")
    ids = {entry.guid for entry in parse_feed(again.stdout.encode(), url="https://reader.example/", now=NOW).entries}
    assert ids == {entry.guid for entry in parsed.entries}, "a reader that saw an entry knows it again"


def test_nothing_but_developments_can_be_a_feed(scripted_year: Path) -> None:
    done = program(scripted_year, "export", "articles", "--format", "atom")
    assert (done.returncode, "only developments can be a feed" in done.stderr) == (2, True)


def test_a_file_that_cannot_be_written_is_said_and_leaves_nothing(scripted_year: Path, tmp_path: Path) -> None:
    done = program(scripted_year, "export", "articles", "-o", str(tmp_path / "missing" / "a.csv"))
    assert (done.returncode, "cannot be written" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("output", [".", "/", ""])
def test_a_folder_is_no_file_to_write(scripted_year: Path, output: str) -> None:
    done = program(scripted_year, "export", "feeds", "-o", output)
    assert (done.returncode, "Is a directory" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_what_is_no_ordinary_file_is_written_to_and_not_replaced(scripted_year: Path, tmp_path: Path) -> None:
    pipe, link, file = tmp_path / "pipe", tmp_path / "link.csv", tmp_path / "file.csv"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    link.symlink_to(file)
    for path in (pipe, link):
        assert program(scripted_year, "export", "feeds", "-o", str(path)).returncode == 0
    assert (pipe.is_fifo(), link.is_symlink()) == (True, True)
    assert os.read(reader, 1_000_000) == file.read_bytes() > b"id,name,"
    os.close(reader)


def test_output_is_utf_8_whatever_the_locale_says(scripted_year: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    for words in (["export", "articles"], ["export", "developments", "-f", "atom"], ["articles", "list"]):
        done = program(scripted_year, *words, env=environment, encoding="utf-8")
        assert (done.returncode, done.stderr, "Haïti" in done.stdout) == (0, "", True)


def test_a_reader_that_goes_away_is_no_error_to_speak_of(scripted_year: Path) -> None:
    command = f"{sys.executable} -m monitor --config {scripted_year} export articles -f jsonl | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    with open_store(tmp_path / "monitor.db") as store:
        with store.transaction():
            store.insert_all("stories", ("title", "first_seen"), [("x" * 2000, "2025-01-01T00:00:00Z")] * 10_000)
        tracemalloc.start()
        try:
            with (tmp_path / "all.jsonl").open("w") as stream:
                exports.write_jsonl(stream, exporting.columns(store, "stories"), exporting.rows(store, "stories"))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (tmp_path / "all.jsonl").stat().st_size > 20_000_000
    assert peak < 1_000_000


def test_csv_is_written_as_the_standard_says() -> None:
    stream = io.StringIO()
    exports.write_csv(stream, ["a", "b"], [(1, None), ('say "so"', "x,y")])
    assert stream.getvalue() == 'a,b\r\n1,\r\n"say ""so""","x,y"\r\n'


# --------------------------------------------------------------------------- what decided


@pytest.mark.parametrize(
    ("sentence", "words", "parts"),
    [
        ("Norland takes over", "takes over", [("Norland ", False), ("takes over", True)]),
        ("a b a b", "b | a", [("a ", False), ("b", True), (" ", False), ("a", True), (" b", False)]),
        ("Norland", "", [("Norland", False)]),
        ("Norland", "words that are not there", [("Norland", False)]),
        ("", "x", []),
    ],
)
def test_the_words_that_decided_are_marked_in_their_order(
    sentence: str, words: str, parts: list[tuple[str, bool]]
) -> None:
    assert marked(sentence, words) == parts


@pytest.mark.parametrize(
    ("excerpt", "parts"),
    [
        (f"the {OPEN}support office{CLOSE} opens", [("the ", False), ("support office", True), (" opens", False)]),
        (f"{OPEN}a{CLOSE} {OPEN}b{CLOSE}", [("a", True), (" ", False), ("b", True)]),
        ("nothing", [("nothing", False)]),
        (f"cut {OPEN}off", [("cut ", False), ("off", False)]),
    ],
)
def test_what_search_found_is_marked(excerpt: str, parts: list[tuple[str, bool]]) -> None:
    assert found(excerpt) == parts
