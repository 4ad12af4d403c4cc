"""What goes wrong around the monitor, with the real thing: nothing is lost, and what can be mended is said in words."""

import os
import resource
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import pipeline
from monitor.errors import StoreError
from monitor.models import Message
from monitor.notify import Notifier
from monitor.pipeline import PassReport, run_pass
from monitor.store import backup, open_store
from monitor.store.damage import how_to_restore
from monitor.worker_pool import WorkerPool
from tests.receivers import MailServer, Webhook, dead_port, mail_server, webhook
from tests.test_cli import Shell
from tests.world import DECIDED, NOW, QUIET, TERM, WEATHER, Item, Web, World, serving

PAGE = 8192
TO = "from=watch@example.org&to=desk@example.org"


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, web: Web) -> World:
    return World(tmp_path, web)


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool() as running:
        yield running


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


def seen(world: World, title: str, link: str) -> Item:
    return Item(title, link, published=world.clock.now - timedelta(hours=1))


def scheduled(world: World, pool: WorkerPool | None = None) -> PassReport:
    """A pass as the service makes it: only of the feeds whose turn has come."""
    with world.store() as store:
        return run_pass(world.config, store, world.clock, pool=pool, show=lambda _: None)


def told(hook: Webhook) -> list[str]:
    """What the webhook got since it was last asked, by what it is about."""
    calls = [hook.calls.get_nowait().body["title"] for _ in range(hook.calls.qsize())]
    return [title.partition(":")[0] for title in calls]


# --------------------------------------------------------------------------- the clock is set back


@pytest.mark.parametrize("back", [timedelta(days=1), timedelta(days=365)], ids=["by a day", "by a year"])
def test_a_clock_that_is_set_back_silences_neither_feeds_nor_channels(
    back: timedelta, world: World, hook: Webhook
) -> None:
    """Turns, pauses that servers asked for, alerts that wait, that a dead process took, and a channel's limit."""
    url = f"json://127.0.0.1:{hook.port}"
    channels: list[dict[str, Any]] = [
        {"name": "desk", "url": f"{url}/desk"},
        {"name": "board", "url": f"{url}/board", "limit": "1 per hour"},
    ]
    world.watch("one", "two", channels=channels)
    world.web.feed("/one.xml", seen(world, QUIET, "/a"))
    world.web.fail("/two.xml", 503, **{"Retry-After": "3600"})
    world.poll()
    world.clock.go_on(minutes=20)
    world.web.feed("/one.xml", seen(world, QUIET, "/a"), seen(world, DECIDED, "/b"))
    world.poll()
    assert told(hook) == ["Leadership · decided"] * 2
    world.execute(
        "update alerts set state = 'queued', sent_at = null, next_attempt = '2025-09-30T12:21:00Z', "
        "claimed_by = 'dead', claimed_until = '2025-09-30T12:30:00Z' where channel = 'desk'"
    )

    world.clock.now -= back
    world.web.feed("/two.xml", seen(world, TERM, "/c"))
    heard = []
    for _ in range(7):
        world.clock.go_on(minutes=20)
        scheduled(world)
        heard += told(hook)
    assert sorted(heard) == ["Leadership · decided", "Mandate · decided", "Mandate · decided"]
    ((failures, last),) = [
        tuple(row.values()) for row in world.rows("select sum(failures), max(last_polled) from feeds")
    ]
    assert (failures, last) == (0, f"{world.clock.now:%Y-%m-%dT%H:%M:%SZ}")


# --------------------------------------------------------------------------- the mail server is gone


def send(world: World, hours: float) -> pipeline.SendReport:
    """Delivery alone, so long after the first try."""
    world.clock.now = NOW + timedelta(hours=hours)
    with world.store() as store:
        return pipeline.send_alerts(world.config, store, world.clock)


@pytest.fixture
def port(world: World) -> int:
    """Of a mail server that is gone, and has two alerts to take."""
    port = dead_port()
    world.watch("one", channels=[{"name": "mail", "url": f"mailto://127.0.0.1:{port}?{TO}"}])
    world.web.feed("/one.xml", seen(world, DECIDED, "/a"), seen(world, TERM, "/b"))
    assert world.poll().sent.failures.keys() == {"mail"}
    return port


@pytest.mark.parametrize("hours", [8, 72])
def test_a_mail_server_that_is_gone_for_up_to_three_days_gets_every_alert(hours: int, world: World, port: int) -> None:
    for hour in (1, 4, 24, 48, 71.5):
        if hour < hours:
            assert send(world, hour).failures.keys() == {"mail"}
    with mail_server(port=port) as server:
        assert send(world, hours).sent == 2
        assert sorted(subject_of(server) for _ in range(2)) == ["Leadership · decided", "Mandate · decided"]


def test_what_a_mail_server_did_not_take_for_longer_is_kept_told_and_can_be_sent_again(
    world: World, port: int, shell: Shell
) -> None:
    reports = [send(world, hours) for hours in (24, 48, 71, 72)]
    assert "were given up after 3 days" in reports[-1].failures["mail"]
    assert "! 2 alerts could not be sent: haiti-monitor alerts list --failed" in shell("status").out
    for alert in (1, 2):
        assert shell("alerts", "resend", str(alert)).code == 0
    with mail_server(port=port) as server:
        world.clock.now = datetime.now(UTC) + timedelta(seconds=1)
        with world.store() as store:
            assert pipeline.send_alerts(world.config, store, world.clock).sent == 2
        assert sorted(subject_of(server) for _ in range(2)) == ["Leadership · decided", "Mandate · decided"]


def subject_of(server: MailServer) -> str:
    return str(server.get().message["Subject"]).partition(":")[0]


# --------------------------------------------------------------------------- the network is gone


@pytest.mark.parametrize(
    ("hosts", "minutes"),
    [pytest.param(4, 10, id="many hosts: at once"), pytest.param(2, 60, id="two: within the hour")],
)
def test_after_a_day_without_network_everything_is_asked_soon(
    hosts: int, minutes: int, tmp_path: Path, hook: Webhook, pool: WorkerPool
) -> None:
    """Pages too, whose tries would otherwise be used up."""
    with serving("") as web:
        port = int(web.url.rpartition(":")[2])
        world = World(tmp_path, web)
        feeds = [{"name": f"feed{n}", "url": f"http://127.0.0.{n}:{port}/{n}.xml"} for n in range(1, hosts + 1)]
        world.watch(*feeds, channels=[{"name": "desk", "url": f"json://127.0.0.1:{hook.port}"}],
                    reading={"default": "always"})  # fmt: skip
        for n in range(1, hosts + 1):
            web.feed(f"/{n}.xml", seen(world, f"{QUIET} {n}", f"http://127.0.0.{n}:{port}/page{n}"))
            web.fail(f"/page{n}", 503)
        scheduled(world, pool)
    while world.clock.now < NOW + timedelta(days=1):
        world.clock.go_on(minutes=20)
        assert all(feed.error for feed in scheduled(world, pool).feeds)
    with serving("", port) as web:
        for n in range(1, hosts + 1):
            address = f"http://127.0.0.{n}:{port}"
            web.feed(
                f"/{n}.xml", seen(world, f"{QUIET} {n}", f"{address}/page{n}"), seen(world, TERM, f"{address}/term{n}")
            )
            web.page(
                f"/page{n}", f"{QUIET} {n}", *[f"{DECIDED}, said host {n} on day {day} of talks." for day in range(9)]
            )
            web.page(f"/term{n}", TERM, *[f"{TERM}, said host {n} on day {day} of the talks." for day in range(9)])
        for _ in range(minutes // 10):
            world.clock.go_on(minutes=10)
            scheduled(world, pool)
    assert {row["failures"] for row in world.rows("select failures from feeds")} == {0}
    assert {
        row["text_source"] for row in world.rows("select text_source from articles where title like 'Council%'")
    } == {"page"}
    assert "Mandate · decided" in told(hook)
    (left,) = world.rows("select count(*) as n from articles where read_state = 'failed'")
    assert left["n"] == 0, "no page was given up"


# --------------------------------------------------------------------------- the disk is full


def news(world: World, *titles: str) -> None:
    """What the feed `one` holds now."""
    world.web.feed("/one.xml", *[seen(world, title, f"/{title.replace(' ', '-')}") for title in titles])


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """Something mounted on a folder, which only an administrator can do."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=3m", "tmpfs"):
        yield tmp_path / "disk"


@contextmanager
def no_larger_file(size: int) -> Iterator[None]:
    """No file may become larger, as under a quota."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def present(world: World, hook: Webhook) -> None:
    """Puts the world into the present, for commands, with one article stored and told to nobody."""
    world.clock.now = datetime.now(UTC)
    world.watch("one", channels=[{"name": "desk", "url": f"json://127.0.0.1:{hook.port}"}])
    news(world, QUIET)
    world.poll()


def test_a_full_disk_is_said_and_when_there_is_room_again_nothing_is_missing(
    small_disk: Path, web: Web, hook: Webhook, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world, shell = World(small_disk, web), Shell(small_disk, monkeypatch, capsys)
    present(world, hook)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    news(world, QUIET, DECIDED, *[f"{WEATHER} {n}" for n in range(300)])

    poll = shell("poll")
    assert (poll.code, told(hook)) == (1, [])
    assert "haiti-monitor: the database" in poll.err
    assert "the disk is full; make room and try again" in poll.err
    assert "Traceback" not in poll.err
    assert "Traceback" not in shell("status").err

    filler.unlink()
    assert shell("poll").code == 0
    assert world.rows("select count(*) as n from articles") == [{"n": 302}]
    assert told(hook) == ["Leadership · decided"]


def test_a_quota_that_is_used_up_loses_nothing_either(world: World, hook: Webhook) -> None:
    present(world, hook)
    news(world, QUIET, DECIDED, *[f"{WEATHER} {n}" for n in range(300)])
    with no_larger_file(40_000), pytest.raises(StoreError, match=r"cannot be used: .*(full|disk)"):
        world.poll()
    assert told(hook) == []
    world.poll()
    assert world.rows("select count(*) as n from articles") == [{"n": 302}]
    assert told(hook) == ["Leadership · decided"]


# --------------------------------------------------------------------------- another program holds the database


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Another process is writing to the database."""
    program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('begin immediate'); print(); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        yield
        other.communicate("\n")


def test_a_database_that_another_program_holds_for_too_long_fails_in_words_and_the_next_poll_does_the_work(
    world: World, hook: Webhook
) -> None:
    present(world, hook)
    news(world, QUIET, DECIDED)
    with held(world.folder / "monitor.db"), open_store(world.folder / "monitor.db", patience=0.1) as store:
        assert len(pipeline.due_feeds(store, world.clock(), everything=True)) == 1, "readers wait for nobody"
        with pytest.raises(StoreError, match="another program holds it; close that program and try again"):
            run_pass(world.config, store, world.clock, everything=True)
    assert world.poll().grouped.alerts == 1
    assert told(hook) == ["Leadership · decided"]


def test_a_database_that_is_held_between_a_send_and_its_record_makes_one_alert_come_twice_with_the_same_key(
    world: World, hook: Webhook
) -> None:
    present(world, hook)
    news(world, DECIDED, TERM)
    with ExitStack() as holding:

        class Holding(Notifier):
            """The database is held from when the first alert was taken."""

            def send(self, channel: str, message: Message, key: str, served: Collection[str] = ()) -> None:
                super().send(channel, message, key, served)
                holding.enter_context(held(world.folder / "monitor.db"))

        sender = Holding(world.config.channel_urls())
        with (
            open_store(world.folder / "monitor.db", patience=0.1) as store,
            pytest.raises(StoreError, match="holds it"),
        ):
            run_pass(world.config, store, world.clock, everything=True, sender=sender)
    world.clock.go_on(minutes=11)
    world.poll()
    keys = Counter(hook.calls.get_nowait().headers["x-haiti-monitor-key"] for _ in range(hook.calls.qsize()))
    assert sorted(keys.values()) == [1, 2]


# --------------------------------------------------------------------------- nothing may be written


@pytest.fixture
def sealed(world: World, hook: Webhook) -> Iterator[Path]:
    """A world in whose folder nothing may be written; an administrator writes whatever the permissions are."""
    present(world, hook)
    if os.geteuid() == 0:
        with mounted(world.folder, "--bind", str(world.folder)):
            subprocess.run(["mount", "-o", "remount,bind,ro", str(world.folder)], check=True)
            yield world.folder
    else:
        world.folder.chmod(0o555)
        yield world.folder
        world.folder.chmod(0o755)


@pytest.mark.parametrize("command", ["poll", "status", "articles list", "run"])
def test_a_folder_that_may_not_be_written_is_said_in_words(command: str, sealed: Path, shell: Shell) -> None:
    answer = shell(*command.split())
    assert answer.code == 1
    assert answer.err.startswith("haiti-monitor: ")
    assert str(sealed) in answer.err
    assert "may be written" in answer.err or "may not be written" in answer.err


# --------------------------------------------------------------------------- the file is damaged

LOOKING = ("status", "situation", "articles list", "developments list", "alerts list", "stories list", "feeds list")
LOOKING += ("search mission", "articles show 1", "developments show 1", "export articles", "export signals", "poll")


@pytest.fixture
def pages(world: World, hook: Webhook) -> list[str]:
    """What stands in each page of a database of some size, its journal being empty."""
    present(world, hook)
    news(world, *[f"{title} {n}" for n in range(40) for title in (DECIDED, QUIET, TERM, WEATHER)])
    world.poll()
    with closing(sqlite3.connect(world.folder / "monitor.db")) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        names = dict(connection.execute("select pageno, name from dbstat").fetchall())
    return [names.get(number, "free") for number in range(1, max(names) + 1)]


def overwrite(database: Path, page: int) -> None:
    with database.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(b"\xa5" * PAGE)


def test_a_damaged_page_is_said_at_once_by_poll_and_status_wherever_it_is(
    pages: list[str], world: World, shell: Shell
) -> None:
    """Of other commands by those that meet it; none of them ends in a traceback."""
    database = world.folder / "monitor.db"
    whole = database.read_bytes()
    for name in ("articles", "signals", "alerts", "polls", "articles_fts_data", "articles_canonical_url"):
        page = len(pages) - 1 - pages[::-1].index(name)
        for command in LOOKING:
            database.write_bytes(whole)
            overwrite(database, page)
            answer = shell(*command.split())
            assert answer.code in ((1,) if command in ("poll", "status") else (0, 1)), (name, command, answer)
            if answer.code:
                assert answer.err.startswith(f"haiti-monitor: the database {database} cannot be used: "), (
                    name,
                    command,
                )
                assert "the file is damaged, and there is no backup in" in answer.err


def test_what_restores_a_damaged_file_is_said_so_that_a_shell_understands_it(tmp_path: Path) -> None:
    database = tmp_path / "all the news.sqlite"
    with open_store(database) as store:
        assert how_to_restore(database).endswith(f"sqlite3 '{database}' .recover | sqlite3 '{database}.new'")
        with store.transaction():
            store.insert("stories", {"title": "Before", "first_seen": "x"})
        backup.copy(database, backup.named(database, "backups", NOW))
    overwrite(database, 0)
    subprocess.run(["sh", "-c", how_to_restore(database).partition("start it again: ")[2]], check=True)
    with open_store(database) as store:
        assert store.rows("select title from stories") == [{"title": "Before"}]


@pytest.mark.parametrize("page", [0, 20], ids=["the first page", "a page in the middle"])
def test_what_is_said_of_a_damaged_file_restores_it(page: int, pages: list[str], world: World, shell: Shell) -> None:
    database = world.folder / "monitor.db"
    assert len(pages) > 20
    for days in (2, 1):
        backup.copy(database, backup.named(database, "backups", NOW - timedelta(days=days)))
    world.execute("update articles set title = 'in the journal, which belongs to the damaged file'")
    overwrite(database, page)

    said = shell("status").err
    _, _, command = said.partition("start it again: ")
    assert f" {backup.named(database, 'backups', NOW - timedelta(days=1))} " in command
    subprocess.run(["sh", "-c", command.rstrip(")\n")], check=True)

    assert shell("status").code == 0
    assert world.rows("select count(*) as n from articles where title like 'in the journal%'") == [{"n": 0}]
