"""`/health` and `/metrics` over HTTP, on the database of a small world."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.errors import MonitorError
from monitor.web.endpoint import listening
from tests.world import DECIDED, QUIET, Clock, Item, World, serving

PATIENCE = timedelta(hours=2)


class Said(NamedTuple):
    status: int
    kind: str
    body: str


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two feeds, one of which fails, and an alert that waits."""
    with serving() as web:
        world = World(tmp_path, web, Clock(datetime.now(UTC).replace(microsecond=0)))
        yield world


@pytest.fixture
def polled(world: World) -> World:
    published = datetime.now(UTC) - timedelta(hours=1)
    world.watch("one", "two")
    world.web.feed("/one.xml", Item(DECIDED, "/a", published=published), Item(QUIET, "/b", published=published))
    world.web.fail("/two.xml", 500)
    world.poll()
    return world


def asked(world: World, path: str, *, later: timedelta = timedelta(0), host: str | None = None) -> Said:
    """What is answered so much later than the poll."""
    now = world.clock() + later
    with (
        listening(world.folder / "config.yaml", lambda: now, PATIENCE, host="127.0.0.1", port=0) as address,
        closing(http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)) as connection,
    ):
        connection.request("GET", path, headers={"host": host} if host else {})
        answer = connection.getresponse()
        return Said(answer.status, answer.headers["content-type"], answer.read().decode())


def figures(text: str) -> dict[tuple[str, str], float]:
    """Name and label of each sample; the parser refuses what Prometheus would."""
    return {
        (sample.name.removeprefix("haiti_monitor_"), "".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_monitor_that_does_its_work_is_healthy_and_says_what_somebody_should_look_at(polled: World) -> None:
    said = asked(polled, "/health", later=timedelta(minutes=30))
    health = json.loads(said.body)
    assert (said.status, said.kind) == (200, "application/json")
    assert (health["status"], health["last_good_poll_age_seconds"]) == ("warning", 1800)
    assert any("nobody is told" in text for text in health["trouble"])
    assert any("1 of 2 feeds fail" in text for text in health["trouble"])


def test_a_monitor_of_which_no_feed_answers_any_more_is_not(polled: World) -> None:
    said = asked(polled, "/health", later=timedelta(hours=3))
    assert (said.status, json.loads(said.body)["status"]) == (503, "critical")
    assert any("no feed has answered for 3 h" in text for text in json.loads(said.body)["trouble"])


def test_neither_is_one_without_a_database_or_a_configuration(world: World) -> None:
    world.watch("one")
    said = asked(world, "/health")
    assert (said.status, "there is no database" in said.body) == (503, True)
    (world.folder / "config.yaml").write_text("feeds: {", encoding="utf-8")
    assert asked(world, "/metrics").status == 503


def test_figures_are_what_is_stored(polled: World) -> None:
    said = asked(polled, "/metrics", later=timedelta(seconds=90))
    assert (said.status, said.kind.partition(";")[0]) == (200, "text/plain")
    found = figures(said.body)
    assert {key: found[key] for key in found if key[0] not in ("database_bytes", "troubles")} == {
        ("feeds", "failing"): 1,
        ("feeds", "unpolled"): 0,
        ("feeds", "working"): 1,
        ("articles", ""): 2,
        ("pages_waiting", ""): 0,
        ("developments", ""): 1,
        ("alerts", "queued"): 0,
        ("alerts", "sent"): 1,
        ("alerts", "failed"): 0,
        ("alerts_oldest_queued_age_seconds", ""): 0,
        ("last_poll_age_seconds", ""): 90,
        ("last_good_poll_age_seconds", ""): 90,
    }
    assert found["database_bytes", ""] > 0
    assert found["troubles", "warning"] == 1


def test_an_alert_that_waits_has_an_age(polled: World) -> None:
    polled.execute("update alerts set state = 'queued'")
    found = figures(asked(polled, "/metrics", later=timedelta(minutes=5)).body)
    assert (found["alerts", "queued"], found["alerts_oldest_queued_age_seconds", ""]) == (1, 300)


def test_before_the_first_poll_there_is_no_age_of_one(world: World) -> None:
    world.watch("one")
    with world.store():
        pass
    found = figures(asked(world, "/metrics").body)
    assert not any("poll_age" in name for name, _ in found)
    assert asked(world, "/health").status == 503


def test_every_figure_has_its_help_and_is_named_as_prometheus_wants(polled: World) -> None:
    families = list(text_string_to_metric_families(asked(polled, "/metrics").body))
    assert [one.name for one in families if not one.documentation or not one.name.startswith("haiti_monitor_")] == []
    assert {one.type for one in families} == {"gauge"}
    ages = [one.name for one in families if "_age" in one.name]
    assert [name for name in ages if not name.endswith("_seconds")] == []


def test_a_page_whose_name_suddenly_means_this_machine_gets_nothing(polled: World) -> None:
    assert asked(polled, "/health", host="news.example").status == 421
    assert asked(polled, "/health", host="localhost:4202").status == 200


def test_other_addresses_say_which_there_are(polled: World) -> None:
    said = asked(polled, "/")
    assert (said.status, said.body) == (404, "there are /health and /metrics\n")
    assert asked(polled, "/health?verbose").status == 200


def test_a_client_that_says_nothing_holds_up_no_other(polled: World) -> None:
    now = polled.clock()
    with listening(polled.folder / "config.yaml", lambda: now, PATIENCE, host="127.0.0.1", port=0) as address:
        place = urlsplit(address)
        connection = http.client.HTTPConnection(place.netloc, timeout=20)
        with socket.create_connection((place.hostname, place.port)), closing(connection):
            connection.request("HEAD", "/health")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"")


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        where = listening(tmp_path / "config.yaml", lambda: datetime.now(UTC), PATIENCE, host="127.0.0.1", port=port)
        with pytest.raises(MonitorError, match=f"port {port} cannot be used"), where:
            pass
