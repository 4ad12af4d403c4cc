"""Reading pages as their sites want it, over passes that are processes of their own: the database remembers."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.pipeline import ask_pages, known_hosts, store_pages, wanted_pages
from monitor.pipeline import manners as manners_of_pipeline
from monitor.robots import RobotsAnswer
from monitor.store import robots
from monitor.worker_pool import WorkerPool
from tests.world import DECIDED, NOW, QUIET, Answer, Item, Web, World, serving

PARAGRAPHS = ["The harbour was quiet this morning, and the ships lay where they had lain for weeks, people said."] * 6


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with serving() as web:
        yield World(tmp_path, web)


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool() as running:
        yield running


def rules(web: Web, *lines: str) -> None:
    web.answers["/robots.txt"] = Answer("\n".join(lines).encode(), "text/plain")


def news(world: World, *names: str) -> None:
    world.watch({"name": "one", "read": "always"})
    world.web.feed("/one.xml", *(Item(f"{QUIET} {name}", link=f"/{name}", guid=name) for name in names))
    for name in names:
        world.web.page(f"/{name}", f"{QUIET} {name}", *PARAGRAPHS, f"{DECIDED}, the minister said.")


def test_rules_are_asked_for_once_a_day_however_many_passes_and_pages_there_are(world: World, pool: WorkerPool) -> None:
    rules(world.web, "User-agent: *", "Disallow: /b")
    news(world, "a", "b", "c")
    assert world.poll(pool=pool).pages_read == 2
    news(world, "a", "b", "c", "d")
    world.clock.go_on(hours=1)
    assert world.poll(pool=pool).pages_read == 1
    assert len(world.web.asked_for("/robots.txt")) == 1
    news(world, "a", "b", "c", "d", "e")
    world.clock.go_on(hours=24)
    world.poll(pool=pool)
    assert len(world.web.asked_for("/robots.txt")) == 2
    assert world.rows("select origin, fetched_at from robots") == [
        {"origin": world.web.url, "fetched_at": "2025-10-01T13:00:00Z"}
    ]


def test_a_page_that_its_site_does_not_want_read_is_never_asked_for_and_says_so(world: World, pool: WorkerPool) -> None:
    rules(world.web, "User-agent: haiti-monitor", "Disallow: /")
    news(world, "a")
    for _ in range(2):
        world.poll(pool=pool)
        world.clock.go_on(days=2)
    assert world.web.asked_for("/a") == []
    (row,) = world.rows("select read_state, text_note from articles")
    assert row["read_state"] == "failed"
    assert f"robots.txt of {world.web.url} asks not to read it" in row["text_note"]
    assert len(world.web.asked_for("/one.xml")) == 2  # a feed is made for programs


def test_while_the_rules_cannot_be_had_a_page_waits(world: World, pool: WorkerPool) -> None:
    world.web.fail("/robots.txt", 503)
    news(world, "a")
    report = world.poll(pool=pool)
    assert (report.pages_read, report.pages_failed, world.web.asked_for("/a")) == (0, 1, [])
    assert world.rows("select read_state from articles") == [{"read_state": "wanted"}]
    rules(world.web)
    world.clock.go_on(minutes=11)
    assert world.poll(pool=pool).pages_read == 1


def test_a_page_whose_turn_does_not_come_is_matched_without_it_and_read_in_a_later_pass(
    world: World, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manners_of_pipeline, "PATIENCE", timedelta(0))  # one page of each host in a pass
    rules(world.web, "User-agent: *", "Crawl-delay: 0.001")
    news(world, *"abcdef")
    reports = []
    for _ in range(6):
        reports.append(world.poll(pool=pool))
        world.clock.go_on(minutes=11)
    assert [report.pages_read for report in reports] == [1] * 6  # more passes than a page that fails has tries
    assert reports[0].matched.articles == 6
    assert world.rows("select distinct read_state from articles") == [{"read_state": "read"}]


def test_batches_of_one_pass_ask_for_rules_once_even_before_they_are_stored(world: World, pool: WorkerPool) -> None:
    news(world, "a", "b")
    config = world.config
    world.web.fail("/robots.txt", 503)
    world.poll(pool=pool)
    world.clock.go_on(minutes=11)
    before = len(world.web.asked_for("/robots.txt"))
    with world.store() as store:
        hosts = known_hosts(store, world.clock())
        for request in wanted_pages(store, world.clock()):
            for outcomes in ask_pages(config.settings.fetch, [request], world.clock(), hosts, pool):
                store_pages(config, store, outcomes, world.clock(), hosts)
    assert len(world.web.asked_for("/robots.txt")) == before + 1


def test_rules_of_sites_that_are_not_read_any_more_are_forgotten(world: World) -> None:
    with world.store() as store:
        for days, origin in ((31, "https://old.example"), (29, "https://new.example")):
            with store.transaction():
                robots.keep(store, [RobotsAnswer(origin, NOW - timedelta(days=days), "x")], NOW - timedelta(days=days))
        assert [answer.origin for answer in robots.known(store, NOW)] == ["https://new.example"]
        with store.transaction():
            robots.keep(store, [], NOW)
        assert store.rows("select origin from robots") == [{"origin": "https://new.example"}]
