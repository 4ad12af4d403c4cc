"""What is done every night: what grew old goes, what a development stands on stays, and nothing comes back as new."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import StoreError
from monitor.pipeline import MaintainReport, maintain
from monitor.store import Store, articles, backup, open_store, retention
from tests.receivers import Webhook, webhook
from tests.world import DECIDED, EFFECTIVE, PROPOSED, QUIET, WEATHER, Item, Web, World, serving

KEEP = {"articles": "60 days"}
OLD = timedelta(days=61)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as running:
        yield running


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, web: Web) -> World:
    made = World(tmp_path, web)
    made.watch("one", keep=KEEP, backup={"nightly": False})
    return made


def night(world: World) -> MaintainReport:
    with world.store() as store:
        return maintain(world.config, store, world.clock.now)


def headlines(world: World) -> list[str]:
    return [row["title"] for row in world.rows("select title from articles order by id")]


def grow_old(world: World, *items: Item) -> None:
    """The feed brings these; 61 days later it carries something else, and two nights have passed."""
    world.web.feed("/one.xml", *items)
    world.poll()
    world.clock.now += OLD
    world.web.feed("/one.xml", Item(QUIET, "/quiet", published=world.clock.now))
    two_nights(world)


def long_articles(count: int) -> list[Item]:
    """Articles that have no word in common."""
    texts = (" ".join(f"w{number}x{word}" for word in range(150)) for number in range(count))
    return [Item(f"Weather of day {number}", f"/{number}", text) for number, text in enumerate(texts)]


def two_nights(world: World) -> list[MaintainReport]:
    """The first has the feed read from end to end, the second knows what it carries no more."""
    reports = []
    for _ in range(2):
        world.poll()
        reports.append(night(world))
        world.clock.go_on(days=1)
        world.poll()
    return reports


# --------------------------------------------------------------------------- articles


def test_an_old_article_goes_with_all_that_is_its_own(world: World) -> None:
    grow_old(world, Item(WEATHER, "/weather", summary="It rained for three days in the capital of the republic."))
    assert headlines(world) == [QUIET]
    for table in ("articles", "sightings", "stories"):
        assert len(world.rows(f"select * from {table}")) == 1, table  # noqa: S608
    with world.store() as store:
        assert articles.search(store, "rain", limit=5) == []
        assert store.rows("pragma integrity_check") == [{"integrity_check": "ok"}]
        with store.transaction():
            store.write("insert into articles_fts (articles_fts, rank) values ('integrity-check', 1)")


def test_the_index_of_stories_is_swept_once_a_month(world: World) -> None:
    grow_old(world, Item(WEATHER, "/weather", summary="It rained for three days in the capital of the republic. " * 3))
    rows = "select count(*) as n from {} where article not in (select id from articles)"
    world.clock.go_on(days=30)
    assert sum(world.rows(rows.format(part.table))[0]["n"] for part in retention.PARTS) > 0
    night(world)
    assert [world.rows(rows.format(part.table))[0]["n"] for part in retention.PARTS] == [0, 0, 0]
    assert world.rows("pragma foreign_key_check") == []


def test_what_a_development_stands_on_stays(world: World) -> None:
    grow_old(world, Item(DECIDED, "/decided"), Item(WEATHER, "/weather"), Item(PROPOSED, "/proposed"))
    assert headlines(world) == [DECIDED, PROPOSED, QUIET]
    assert len(world.rows("select * from development_articles")) == 2
    assert [(row["title"], row["articles"]) for row in world.rows("select * from timeline")] == [(DECIDED, 2)]
    assert {row["table"] for row in world.rows("pragma foreign_key_check")} <= {part.table for part in retention.PARTS}


def test_a_dismissed_development_keeps_its_articles(world: World) -> None:
    world.web.feed("/one.xml", Item(DECIDED, "/decided"))
    world.poll()
    world.execute("update developments set dismissed_at = '2025-10-01T00:00:00Z', dismissed_because = 'no'")
    grow_old(world)
    assert headlines(world) == [DECIDED, QUIET]


def test_signals_that_are_found_no_more_and_belong_to_nothing_go_with_their_article(world: World) -> None:
    world.web.feed("/one.xml", Item(WEATHER, "/weather"))
    world.poll()
    world.execute(
        """
        insert into signals (article, rule, change, stage, severity, sentence, field, start_offset, end_offset,
            rules_version, found_at, retired_at)
        values (1, 'old', 'mandate', 'decided', 'low', 's', 'title', 0, 1, 'v', '2025-09-30T12:00:00Z',
            '2025-09-30T12:00:00Z')
        """
    )
    grow_old(world)
    assert world.rows("select * from signals") == []


def test_an_entry_that_is_still_in_its_feed_stays_and_is_neither_new_nor_told_again(
    world: World, hook: Webhook
) -> None:
    channels = [{"name": "desk", "url": f"json://127.0.0.1:{hook.port}/"}]
    config = world.watch("one", keep=KEEP, backup={"nightly": False}, channels=channels)
    pinned = [Item(WEATHER, "/weather", published=None), Item(DECIDED, published=None, guid="d")]
    world.web.feed("/one.xml", *pinned, Item("Harbour opens again after the long storm", "/harbour"))
    world.poll()
    assert config.settings.keep.articles == timedelta(days=60)
    for days in range(10):
        world.clock.now += OLD if days == 0 else timedelta(days=1)
        news = Item(f"{QUIET} number {days}", f"/quiet-{days}", published=world.clock.now)
        world.web.feed("/one.xml", *pinned, news)
        world.poll()
        night(world)
    assert headlines(world)[:2] == [WEATHER, DECIDED]
    assert "Harbour opens again after the long storm" not in headlines(world)
    world.web.feed("/one.xml", *(Item(one.title, one.link, "changed", one.published, one.guid) for one in pinned))
    [report] = world.poll().feeds
    assert report.new == 0
    assert world.rows("select count(*) as n from alerts") == [{"n": 0}], "undated in a new feed: never told"


def test_a_feed_that_still_carries_what_is_old_is_read_from_end_to_end_once_a_week_only(world: World) -> None:
    world.web.feed("/one.xml", Item(WEATHER, "/weather"))
    world.poll()
    world.clock.now += OLD
    asked = []
    for _ in range(15):
        world.poll()
        asked.append(night(world).feeds_to_read)
        world.clock.go_on(days=1)
    assert headlines(world) == [WEATHER]
    assert 2 <= sum(asked) <= 3


def test_what_two_feeds_carry_stays_until_neither_does(world: World) -> None:
    world.watch("one", "two", keep=KEEP, backup={"nightly": False})
    world.web.feed("/one.xml", Item(WEATHER, f"{world.web.url}/weather"))
    world.web.feed("/two.xml", Item(WEATHER, f"{world.web.url}/weather"))
    grow_old(world)
    assert headlines(world) == [WEATHER, QUIET]
    world.web.feed("/two.xml", Item("Ferry to the islands sails twice a week", "/ferry"))
    world.clock.go_on(days=7)
    two_nights(world)
    assert WEATHER not in headlines(world)


def test_of_a_feed_that_was_not_read_for_a_month_old_articles_go_and_nothing_comes_back_to_be_told(
    world: World, hook: Webhook
) -> None:
    channels = [{"name": "desk", "url": f"json://127.0.0.1:{hook.port}/"}]
    sections: dict[str, Any] = {"keep": KEEP, "backup": {"nightly": False}, "channels": channels}
    world.watch("one", **sections)
    world.web.feed("/one.xml", Item(WEATHER, "/weather", published=None))
    world.poll()
    world.watch("two", **sections)
    world.web.feed("/two.xml", Item(QUIET, "/quiet"))
    world.clock.now += OLD
    world.poll()
    assert night(world).articles == 1
    world.watch("one", **sections)
    world.web.feed("/one.xml", Item(WEATHER, "/weather", published=None), Item(EFFECTIVE, "/took", published=None))
    world.poll()
    assert len(world.rows("select * from developments")) == 1
    assert world.rows("select * from alerts") == []


def test_a_failing_feed_keeps_its_articles_for_a_month(world: World) -> None:
    world.web.feed("/one.xml", Item(WEATHER, "/weather"))
    world.poll()
    world.clock.now += OLD - timedelta(days=10)
    world.web.feed("/one.xml", Item(QUIET, "/quiet"))
    world.poll()
    world.web.fail("/one.xml", 500)
    for days, kept in ((12, 2), (25, 1)):
        world.clock.go_on(days=days)
        world.poll()
        night(world)
        assert len(headlines(world)) == kept


def test_forever_is_for_ever(world: World) -> None:
    world.watch("one", keep={"articles": "forever", "polls": "forever"}, backup={"nightly": False})
    world.web.feed("/one.xml", Item(WEATHER, "/weather"))
    world.poll()
    world.clock.go_on(days=30_000)
    report = night(world)
    assert (headlines(world), report.polls, report.feeds_to_read) == ([WEATHER], 0, 0)


def test_a_signal_that_waits_to_be_placed_keeps_its_article(world: World) -> None:
    """Between matching and grouping nothing stands on it yet."""
    grow_old(world, Item(DECIDED, "/decided"))
    world.execute("update signals set development = null")
    world.execute("delete from development_articles")
    world.execute("delete from development_stages")
    world.execute("delete from alerts")
    night(world)
    assert headlines(world) == [DECIDED, QUIET]


# --------------------------------------------------------------------------- alerts


def test_alerts_are_kept_for_ever_and_only_if_wanted_for_less(world: World) -> None:
    grow_old(world, Item(DECIDED, "/decided"))
    assert [row["state"] for row in world.rows("select state from alerts")] == ["sent"]
    world.watch("one", keep={**KEEP, "alerts": "60 days"}, backup={"nightly": False})
    assert night(world).alerts == 1
    assert headlines(world) == [DECIDED, QUIET]
    assert len(world.rows("select * from developments")) == 1


# --------------------------------------------------------------------------- the file


def test_a_file_gives_room_back_to_the_disk_when_much_of_it_is_empty(world: World) -> None:
    world.web.feed("/one.xml", *long_articles(100))
    world.poll()
    path = world.folder / "monitor.db"
    with open_store(path) as store:
        store.connection.execute("pragma wal_checkpoint(truncate)")
    full = path.stat().st_size
    world.clock.now += OLD
    world.web.feed("/one.xml", Item(QUIET, "/quiet", published=world.clock.now))
    first, second = two_nights(world)
    assert (first.articles, second.articles) == (0, 100)
    world.clock.go_on(days=30)
    third = night(world)
    assert second.freed + third.freed > full / 2
    assert path.stat().st_size < full / 2
    assert "100 old articles" in second.summary
    assert "given back to the disk" in third.summary


def rebuilt_without(path: Path) -> None:
    """A file as earlier versions made it, half of it empty."""
    with open_store(path) as store:
        store.connection.execute("pragma journal_mode = delete")
        store.connection.execute("pragma auto_vacuum = none")
        store.connection.execute("vacuum")
        with store.transaction():
            store.write("create table filling as select zeroblob(2000000) as x")
        with store.transaction():
            store.write("drop table filling")


def test_a_file_of_an_earlier_version_is_written_anew_once(world: World) -> None:
    path = world.folder / "monitor.db"
    rebuilt_without(path)
    large = path.stat().st_size
    assert night(world).freed > 1_000_000
    assert path.stat().st_size < large / 2
    assert world.rows("pragma auto_vacuum") == [{"auto_vacuum": 2}]


def test_without_room_on_the_disk_it_is_not_and_that_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilt_without(world.folder / "monitor.db")
    monkeypatch.setattr(backup, "room", lambda _: 1_000_000)
    report = night(world)
    assert report.freed == 0
    assert "2.0 MB of the database are empty, and stay so: to give that back the disk needs" in report.summary


def test_others_write_while_much_is_deleted(world: World) -> None:
    world.web.feed("/one.xml", *long_articles(250))
    world.poll()
    world.clock.now += 2 * OLD
    done, written = threading.Event(), 0

    def write() -> None:
        nonlocal written
        with world.store() as other:
            while not done.wait(0.01):
                with other.transaction():
                    other.insert("stories", {"title": "a story", "first_seen": "x"})
                written += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert night(world).articles == 250
    finally:
        done.set()
        writer.join()
    assert written > 2


# --------------------------------------------------------------------------- copies and damage


def test_every_night_leaves_a_copy_and_only_the_wanted_number_of_them(world: World) -> None:
    world.watch("one", backup={"keep": 2})
    world.web.feed("/one.xml", Item(WEATHER, "/weather"))
    world.poll()
    made = []
    for _ in range(3):
        world.clock.go_on(days=1)
        made.append(night(world).copy)
    assert backup.copies(world.folder / "monitor.db", "backups") == made[1:]


def test_a_disk_without_room_for_a_copy_is_told_once_and_once_when_it_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.watch("one")
    world.web.feed("/one.xml", Item(WEATHER, "/weather"))
    with monkeypatch.context() as full:
        full.setattr(backup, "room", lambda _: 1000)
        for _ in range(2):
            world.poll()
            assert "no copy of the database was made" in night(world).summary
    assert not (world.folder / "backups").exists()
    world.poll()
    night(world)
    alarm, clear = world.rows("select kind, subject from alerts")
    assert alarm["subject"].startswith("Monitor: no copy of the database was made: ")
    assert (alarm["kind"], clear["kind"]) == ("alarm", "all-clear")


def damaged(store: Store) -> None:
    """An index that lacks a row."""
    [root] = store.rows("select rootpage from sqlite_master where name = 'articles_first_seen'")
    [size] = store.rows("pragma page_size")
    store.connection.execute("pragma wal_checkpoint(truncate)")
    with store.path.open("r+b") as file:
        file.seek((root["rootpage"] - 1) * size["page_size"])
        file.write(b"\x99" * 200)


def test_a_damaged_file_is_told_and_neither_tidied_nor_copied(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", *(Item(f"{WEATHER} {n}", f"/{n}") for n in range(50)))
    world.poll()
    with world.store() as store:
        damaged(store)
    with pytest.raises(StoreError, match=r"monitor\.db cannot be relied on: .* \(the file is damaged, and there is no"):
        night(world)
    assert not (world.folder / "backups").exists()
    [row] = world.rows("select kind, subject from alerts")
    assert (row["kind"], row["subject"][:23]) == ("alarm", "Monitor: the database /")


def test_a_night_is_summed_up_in_a_line(world: World) -> None:
    world.web.feed("/one.xml", Item(WEATHER, "/weather"))
    world.poll()
    assert night(world).summary == "0 old polls forgotten"
