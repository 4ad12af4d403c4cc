"""Copies of the database: whole, or not there at all."""

import resource
import shutil
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.errors import StoreError
from monitor.store import Store, backup, open_store
from tests.test_cli import Shell, program
from tests.test_store import add_article, add_development
from tests.world import NOW, write_config

COLUMNS = ["file", "bytes", "schema", "articles", "developments", "deleted", "restore"]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The database of a written configuration, with two developments and 200 articles more."""
    write_config(tmp_path)
    with open_store(tmp_path / "monitor.db") as opened:
        add_development(opened, "proposed", "decided")
        add_development(opened, "decided", title="Sudland pays")
        for number in range(200):
            add_article(opened, f"Article number {number}", summary="A long summary. " * 50)
        yield opened


def titles(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        found = {row[0] for row in connection.execute("select title from articles")}
    connection.close()
    return found


def test_a_copy_holds_what_the_database_holds_and_says_how_it_is_restored(store: Store, shell: Shell) -> None:
    done = shell("backup", "--json")
    [row] = done.rows
    assert (done.code, list(row)) == (0, COLUMNS)
    copy = Path(row["file"])
    assert copy.parent == store.path.parent / "backups"
    assert (row["articles"], row["developments"], row["deleted"]) == (203, 2, [])
    assert row["bytes"] == copy.stat().st_size
    assert titles(copy) == titles(store.path)
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_a_copy_can_be_read_by_its_owner_only(store: Store, shell: Shell, tmp_path: Path) -> None:
    assert shell("backup", "here.db").code == 0
    assert stat.S_IMODE((tmp_path / "here.db").stat().st_mode) == 0o600


def test_people_are_told_where_it_is_how_large_and_what_restores_it(store: Store, shell: Shell, tmp_path: Path) -> None:
    done = shell("backup", "a copy.db")
    assert done.out == f"{tmp_path / 'a copy.db'}\n"
    size, restore = done.err.partition("\nto restore it, stop the service and run:\n  ")[::2]
    assert "opened and found whole: 203 articles, 2 developments" in size
    assert restore.endswith(f"cp '{tmp_path / 'a copy.db'}' {store.path}\n")


def test_the_line_it_prints_restores_it_over_a_database_that_was_killed(tmp_path: Path) -> None:
    """What was written last stands in the log beside the database, and is no part of the copy."""
    write_config(tmp_path)
    path, killed = tmp_path / "monitor.db", tmp_path / "killed"
    with open_store(path) as store:
        add_article(store, "Before the copy")
        made = backup.copy(path, tmp_path / "copy.db")
        add_article(store, "After the copy")
        killed.mkdir()
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", killed / f"monitor.db{end}")
    line = backup.restoring(killed / "monitor.db", made.file)
    subprocess.run(line, shell=True, check=True)  # noqa: S602  what people do with it
    with open_store(killed / "monitor.db") as restored:
        assert [row["title"] for row in restored.rows("select title from articles")] == ["Before the copy"]
        assert restored.rows("pragma integrity_check") == [{"integrity_check": "ok"}]


def test_a_copy_is_of_one_moment_while_others_write(store: Store, tmp_path: Path) -> None:
    """Each transaction writes a story and names it in all others: a copy in between would hold two names."""
    stop = threading.Event()
    written = threading.Event()

    def write() -> None:
        with open_store(store.path) as other:
            number = 0
            while not stop.is_set():
                number += 1
                with other.transaction():
                    other.insert("stories", {"title": "", "first_seen": "x"})
                    other.write("update stories set title = ?", f"{number}")
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(20)
        made = [backup.copy(store.path, tmp_path / f"{number}.db") for number in range(3)]
    finally:
        stop.set()
        writer.join()
    for copy in made:
        connection = sqlite3.connect(copy.file)
        [(names, name, rows)] = connection.execute("select count(distinct title), max(title), count(*) from stories")
        connection.close()
        assert (names, name) == (1, f"{rows}")


def test_the_oldest_copies_beyond_the_wanted_number_go_and_strange_files_stay(tmp_path: Path, shell: Shell) -> None:
    write_config(tmp_path, backup={"folder": "copies", "keep": 2})
    with open_store(tmp_path / "monitor.db"):
        pass
    old = [backup.named(tmp_path / "monitor.db", "copies", NOW + timedelta(days=day)) for day in range(3)]
    strange = tmp_path / "copies" / "monitor-of-last-year.db"
    strange.parent.mkdir()
    for path in (*old, strange):
        path.write_text("old")
    [row] = shell("backup", "--json").rows
    assert row["deleted"] == [str(path) for path in old[:2]]
    assert sorted(path.name for path in strange.parent.iterdir()) == sorted(
        path.name for path in (old[2], strange, Path(row["file"]))
    )


def test_a_copy_elsewhere_deletes_none(tmp_path: Path, shell: Shell) -> None:
    write_config(tmp_path, backup={"keep": 1})
    with open_store(tmp_path / "monitor.db"):
        pass
    kept = Path(shell("backup", "--json").rows[0]["file"])
    assert shell("backup", "elsewhere.db").code == 0
    assert kept.exists()


def test_an_earlier_copy_is_not_written_over(store: Store, shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "mine.db").write_text("mine")
    done = shell("backup", "mine.db")
    assert (done.code, done.out) == (1, "")
    assert "mine.db is there already and stays as it is; name another file" in done.err
    assert (tmp_path / "mine.db").read_text() == "mine"


def test_without_a_database_there_is_nothing_to_copy_and_none_is_made(tmp_path: Path, shell: Shell) -> None:
    write_config(tmp_path)
    done = shell("backup")
    assert (done.code, "nothing can be copied" in done.err) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


def test_a_folder_that_cannot_be_made_is_an_error_in_words(store: Store, shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = shell("backup", "file/copy.db")
    assert (done.code, done.out) == (1, "")
    assert "file for the copy cannot be made: " in done.err


def test_a_disk_without_room_is_told_before_anything_is_written(
    store: Store, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "room", lambda _: 5000)
    done = shell("backup", "copy.db")
    assert done.code == 1
    assert "only 5.0 kB are free there; make room, or name another disk" in done.err
    assert not list(tmp_path.glob("copy*"))


def test_a_disk_that_fills_up_meanwhile_leaves_no_half_file(store: Store, tmp_path: Path) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = program(tmp_path, "backup", "copy.db", preexec_fn=little_room)
    assert done.code == 1
    assert "could not be copied to" in done.err
    assert "Traceback" not in done.err
    assert not list(tmp_path.glob("copy*"))


def test_a_copy_that_was_killed_is_begun_anew(store: Store, tmp_path: Path) -> None:
    (tmp_path / "copy.db.part").write_text("half of it")
    backup.copy(store.path, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db.part").exists()
    assert titles(tmp_path / "copy.db") == titles(store.path)


def test_the_next_copy_removes_what_killed_ones_left_and_nothing_else(store: Store, shell: Shell) -> None:
    folder = store.path.parent / "backups"
    folder.mkdir()
    left = [folder / f"{backup.named(store.path, 'backups', NOW + timedelta(days=n)).name}.part" for n in range(2)]
    others = [folder / name for name in ("other-20260302T120000Z.db.part", "monitor.db.part", "monitor-mine.db.part")]
    older = backup.named(store.path, "backups", NOW - timedelta(days=1))
    for path in (*left, *others, older):
        path.write_text("half of it")
    [row] = shell("backup", "--json").rows
    assert sorted(folder.iterdir()) == sorted((*others, older, Path(row["file"])))
    assert row["deleted"] == []


def test_a_copy_that_is_being_made_is_no_leftover(store: Store, shell: Shell) -> None:
    """A person may make one while the night does."""
    other: list[int] = []

    def heard(done: int, whole: int) -> None:
        if not other:
            other.append(shell("backup").code)

    made = backup.copy(store.path, backup.named(store.path, "backups", NOW), heard)
    assert (other, made.file.exists(), made.articles) == ([0], True, 203)


def test_a_damaged_database_is_not_taken_for_a_copy(store: Store, tmp_path: Path) -> None:
    store.connection.execute("pragma wal_checkpoint(truncate)")
    content = bytearray(store.path.read_bytes())
    half = len(content) // 2
    content[half:-8192] = b"\x99" * (len(content) - half - 8192)
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|malformed"):
        backup.copy(damaged, tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))


def test_a_database_of_an_earlier_version_is_copied_as_it_is(store: Store, tmp_path: Path) -> None:
    """So that there is a copy from before an update."""
    store.connection.execute("pragma user_version = 3")
    assert backup.copy(store.path, tmp_path / "copy.db").schema == 3
    assert store.row("pragma user_version") == {"user_version": 3}


def test_progress_is_told_up_to_the_end(store: Store, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    backup.copy(store.path, tmp_path / "copy.db", lambda done, whole: heard.append((done, whole)))
    assert heard[-1][0] == heard[-1][1] > 0
