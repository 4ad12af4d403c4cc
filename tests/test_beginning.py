"""A service begins: what is wrong is told before anything else is done, and news does not wait for Prefect's server."""

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.beginning import Beginning, ask, check
from monitor import alive
from monitor.errors import ConfigError
from tests.world import DECIDED, WATCH, WEATHER, Item, Web, World, serving, write_config

HANDOVER = WATCH["rules"][0]
FAILING = {"match": [WEATHER], "ignore": []}


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, web: Web) -> World:
    """A service that is about to begin: it holds its lock."""
    world = World(tmp_path, web)
    config = world.watch("one")
    web.feed("/one.xml", Item(DECIDED, "/a"))
    with alive.held(config.database_path, 1):
        return world


def path(world: World) -> Path:
    return world.folder / "config.yaml"


def titles(world: World) -> list[str]:
    return [row["title"] for row in world.rows("select title from articles")]


def test_the_feeds_are_asked_in_another_process(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    before = set(multiprocessing.active_children())
    Beginning(path(world)).wait()
    assert titles(world) == [DECIDED]
    assert "1 feeds asked, 0 failed, 1 new articles." in capfd.readouterr().err
    assert set(multiprocessing.active_children()) <= before


def test_a_service_whose_feeds_are_not_due_says_nothing_of_them(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    Beginning(path(world)).wait()
    capfd.readouterr()
    Beginning(path(world)).wait()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"rules": [HANDOVER | {"examples": FAILING}]}, "must match, but does not"),
        ({"rules": [HANDOVER | {"when": "missing"}]}, "there is no concept `missing`"),
    ],
    ids=["an example that fails", "a rule that is wrong"],
)
def test_with_wrong_rules_no_feed_is_asked(sections: dict[str, object], message: str, world: World) -> None:
    feed = {"name": "one", "url": f"{world.web.url}/one.xml"}
    write_config(world.folder, feeds=[feed], **sections)
    with pytest.raises(ConfigError, match=message):
        Beginning(path(world)).wait()
    assert not world.web.asked_for("/one.xml")


def test_examples_that_held_are_not_run_again_until_something_changes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(path(world)) == []
    monkeypatch.setattr("flows.beginning.run_examples", lambda _: pytest.fail("they were run again"))
    assert check(path(world)) == []

    world.watch("one", rules=[HANDOVER | {"examples": FAILING}])
    with pytest.raises(pytest.fail.Exception, match="they were run again"):
        check(path(world))


def test_examples_that_do_not_hold_are_told_at_every_start(world: World) -> None:
    world.watch("one", rules=[HANDOVER | {"examples": FAILING}])
    assert [len(check(path(world))) for _ in range(2)] == [1, 1]
    assert ask(path(world)) == []


def test_a_folder_that_cannot_be_written_stops_no_service(world: World) -> None:
    (alive.home_of(world.config.database_path) / "examples.held").mkdir()
    with pytest.raises(OSError, match="directory"):
        (alive.home_of(world.config.database_path) / "examples.held").write_text("")
    assert check(path(world)) == []


def test_a_database_that_cannot_be_used_is_said_and_left_to_the_flows(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.config.database_path.write_bytes(b"no database" * 1000)
    Beginning(path(world)).wait()
    assert "The feeds could not be asked yet: " in capfd.readouterr().err
