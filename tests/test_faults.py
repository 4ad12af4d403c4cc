"""What goes wrong around the monitor, with the real thing: nothing is lost, and what can be mended is said in words."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import pipeline
from monitor.pipeline import PassReport, run_pass
from monitor.worker_pool import WorkerPool
from tests.receivers import MailServer, Webhook, dead_port, mail_server, webhook
from tests.test_cli import Shell
from tests.world import DECIDED, NOW, QUIET, TERM, Item, Web, World, serving

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
