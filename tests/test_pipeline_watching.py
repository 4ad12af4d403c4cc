"""Troubles of the monitor are told once, and once when they are over."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor import pipeline
from monitor.store import open_store
from tests.receivers import Webhook, webhook
from tests.world import World, serving

HOUR = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with serving() as web:
        yield World(tmp_path, web)


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


def bodies(hook: Webhook) -> list[str]:
    return [hook.calls.get_nowait().body["title"] for _ in range(hook.calls.qsize())]


@pytest.fixture
def watched(world: World, hook: Webhook) -> World:
    world.watch("one", channels=[{"name": "desk", "url": f"json://127.0.0.1:{hook.port}/"}])
    world.web.feed("/one.xml")
    world.poll()
    return world


def test_a_feed_that_fails_for_hours_is_one_alarm_and_one_all_clear(watched: World, hook: Webhook) -> None:
    watched.web.fail("/one.xml", 500)
    for _ in range(10):
        watched.clock.go_on(hours=1)
        watched.poll()
    (alarm,) = bodies(hook)
    assert alarm.startswith("Monitor: the feed one has failed for 7 hours: ")
    watched.web.feed("/one.xml")
    for _ in range(2):
        watched.clock.go_on(hours=1)
        watched.poll()
    (clear,) = bodies(hook)
    assert clear.startswith(
        "Monitor: over since 2025-09-30 23:00 UTC, told 2025-09-30 19:00 UTC: the feed one has failed"
    )
    assert watched.rows("select kind, state from alerts") == [
        {"kind": "alarm", "state": "sent"},
        {"kind": "all-clear", "state": "sent"},
    ]
    assert [row["cleared_at"] is not None for row in watched.rows("select * from troubles")] == [True]


def test_a_poll_that_did_not_happen_is_told_by_what_delivers(watched: World, hook: Webhook) -> None:
    config = watched.config
    now = watched.clock.now + 5 * HOUR
    with open_store(config.database_path) as store:
        assert [pipeline.watch_itself(config, store, now) for _ in range(2)] == [1, 0]
        pipeline.send_alerts(config, store, lambda: now)
    assert bodies(hook) == ["Monitor: no feed was polled for 5 hours: is the service well?"]


def test_a_channel_hears_of_troubles_of_others_and_only_if_it_wants(world: World, hook: Webhook) -> None:
    url = f"json://127.0.0.1:{hook.port}/"
    world.watch("one", channels=[
        {"name": "dead", "url": "json://127.0.0.1:1/"},
        {"name": "desk", "url": url},
        {"name": "room", "url": url, "when": {"operational": False}},
    ])  # fmt: skip
    config = world.config
    world.web.feed("/one.xml")
    world.poll()
    with open_store(config.database_path) as store:
        with store.transaction():
            store.write(
                """
                insert into alerts (channel, kind, stage, created_at, last_error, message_key, subject, text, html,
                    state)
                values ('dead', 'new', 'decided', '2025-09-30T01:00:00Z', 'refused', 'k', 's', 't', 'h', 'failed')
                """
            )
        assert pipeline.watch_itself(config, store, world.clock.now) == 1
        assert [row["channel"] for row in store.rows("select channel from alerts where trouble is not null")] == [
            "desk"
        ]


def test_self_watch_can_be_switched_off(world: World) -> None:
    world.watch("one", self_watch={"enabled": False})
    world.web.feed("/one.xml")
    world.poll()
    with open_store(world.config.database_path) as store:
        assert pipeline.watch_itself(world.config, store, world.clock.now + 99 * HOUR) == 0


def test_a_good_poll_is_a_heartbeat_and_a_bad_one_none(world: World) -> None:
    world.web.page("/beat", "OK")
    world.watch("one", self_watch={"heartbeat": f"{world.web.url}/beat"})
    world.web.feed("/one.xml")
    report = world.poll()
    assert report.heartbeat_error is None
    assert len(world.web.asked_for("/beat")) == 1
    world.web.fail("/one.xml", 500)
    world.clock.go_on(hours=1)
    world.poll()
    assert len(world.web.asked_for("/beat")) == 1


def test_a_heartbeat_that_is_not_heard_is_said_and_harms_nothing(world: World) -> None:
    world.watch("one", self_watch={"heartbeat": f"{world.web.url}/nobody"})
    world.web.feed("/one.xml")
    assert world.poll().heartbeat_error == "the heartbeat could not be sent: Not Found"
