"""The whole path over real HTTP, from a feed to the people who are told: nothing is lost, nothing is told twice."""

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import config as configuration
from monitor import pipeline
from monitor.errors import ConfigError, NotifyError
from monitor.extract import extract
from monitor.models import FeedOutcome, Message, Page, PageRequest, QueuedAlert
from monitor.pipeline.manners import Hosts
from monitor.pipeline.sending import deliveries
from monitor.store import alerts, articles
from monitor.store.base import moment
from monitor.worker_pool import WorkerPool
from tests.receivers import Call, Webhook, dead_port, mail_server, webhook
from tests.world import (
    BLOCKED,
    DECIDED,
    EFFECTIVE,
    NOW,
    PROPOSED,
    QUIET,
    TERM,
    WATCH,
    WEATHER,
    Answer,
    Item,
    Web,
    World,
    serving,
    write_config,
)

PARAGRAPHS = tuple(
    f"The {place} council met on {day} to hear how the officers of the Lagoon Mission live, work and travel there, "
    f"and asked the harbour master of {place} for a written report before the rains begin in earnest."
    for place, day in (("Eastport", "Monday"), ("Westport", "Tuesday"), ("Midport", "Friday"))
)


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
    """Workers that read pages: one start for all tests."""
    with WorkerPool() as running:
        yield running


def channel(hook: Webhook, name: str = "desk", **options: Any) -> dict[str, Any]:
    return {"name": name, "url": f"json://127.0.0.1:{hook.port}/{name}", **options}


def taken(hook: Webhook) -> list[Call]:
    """What the webhook got since it was last asked."""
    return [hook.calls.get_nowait() for _ in range(hook.calls.qsize())]


def titles(world: World) -> list[str]:
    return [row["title"] for row in world.rows("select title from articles order by id")]


def send(world: World) -> pipeline.SendReport:
    """Delivery alone, as the service does it between two polls."""
    with world.store() as store:
        return pipeline.send_alerts(world.config, store, world.clock)


def seen(name: str, hours: float = 1, **parts: Any) -> Item:
    """An item some hours old, with a link of its own."""
    return Item(parts.pop("title", name), f"/{name}", published=NOW - timedelta(hours=hours), **parts)


# --------------------------------------------------------------------------- polling


def test_a_first_poll_stores_the_entries_and_the_second_asks_conditionally_and_stores_none(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", seen("a", title=QUIET), seen("b", title=WEATHER))
    (first,) = world.poll().feeds
    (second,) = world.poll().feeds
    assert (first.status, first.entries, first.new) == ("new", 2, 2)
    assert (second.status, second.entries, second.new) == ("unchanged", 0, 0)
    asked = world.web.asked_for("/one.xml")
    assert [request.status for request in asked] == [200, 304]
    assert "if-none-match" not in asked[0].headers
    assert asked[1].headers["if-none-match"].startswith('"')


def test_last_modified_is_sent_back_as_it_came(world: World) -> None:
    world.watch("one")
    stamp = "Tue, 30 Sep 2025 09:00:00 GMT"
    world.web.feed("/one.xml", seen("a"), validators=False, headers={"Last-Modified": stamp})
    world.poll()
    world.poll()
    assert world.web.asked_for("/one.xml")[1].headers["if-modified-since"] == stamp


def test_the_same_bytes_of_a_server_without_validators_are_unchanged(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", seen("a"), validators=False)
    assert [world.poll().feeds[0].status for _ in range(2)] == ["new", "unchanged"]
    world.web.feed("/one.xml", seen("a"), seen("b"), validators=False)
    assert [(report.status, report.new) for report in world.poll().feeds] == [("new", 1)]
    assert [request.status for request in world.web.asked_for("/one.xml")] == [200, 200, 200]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(b"", status=500), "answered 500", id="500"),
        pytest.param(Answer(b"", status=404), "answered 404", id="404"),
        pytest.param(Answer(silent=True), "did not finish within 2 s", id="hang"),
        pytest.param(Answer(b"\x00\xff\x13garbage" * 50), "no RSS or Atom feed", id="garbage"),
        pytest.param(Answer(b"<!doctype html><html><body>Hello", "text/html"), "a web page", id="page"),
        pytest.param(Answer(b"   "), "the answer is empty", id="empty"),
        pytest.param(Answer(b"x", headers={"Content-Encoding": "gzip"}), "gzip", id="broken gzip"),
        pytest.param(Answer(b"<rss version='2.0'><channel>" + b"x" * 50_000), "bytes", id="too large"),
        pytest.param(
            Answer(status=302, headers={"Location": "http://169.254.169.254/"}), "not fetched", id="internal address"
        ),
    ],
)
def test_a_feed_that_fails_touches_no_other_and_says_why(answer: Answer, error: str, world: World) -> None:
    fetch = WATCH["fetch"] | {"timeout": "2 s", "max_bytes": "20 kB"}
    world.watch("one", "bad", "two", fetch=fetch)
    world.web.answers["/bad.xml"] = answer
    world.web.feed("/one.xml", seen("a"))
    world.web.feed("/two.xml", seen("b"))
    one, bad, two = world.poll().feeds
    assert [(one.status, one.new), (two.status, two.new)] == [("new", 1), ("new", 1)]
    assert bad.status == "failed"
    assert error in (bad.error or "")
    (row,) = world.rows("select failures, last_error, last_success from feeds where name = 'bad'")
    assert (row["failures"], row["last_success"]) == (1, None)
    assert error in row["last_error"]


def test_an_entry_that_is_carried_again_unchanged_is_not_looked_at_again(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", seen("a"), seen("b"))
    world.poll()
    world.execute("update articles set title = 'by hand'")
    world.web.feed("/one.xml", seen("a"), seen("b"), seen("c"))
    (report,) = world.poll().feeds
    assert (report.entries, report.new) == (3, 1)
    assert titles(world) == ["by hand", "by hand", "c"]


def test_once_a_day_a_feed_is_asked_for_all_of_it_in_case_its_server_never_sees_a_change(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", seen("a"))
    for hours in (0, 1, 22, 2):
        world.clock.go_on(hours=hours)
        world.poll()
    asked = world.web.asked_for("/one.xml")
    assert ["if-none-match" in request.headers for request in asked] == [False, True, True, False]


def test_a_feed_that_moved_for_good_is_asked_at_its_new_address_and_says_so(world: World) -> None:
    world.watch("one")
    world.web.answers["/one.xml"] = Answer(status=301, headers={"Location": "/new.xml"})
    world.web.feed("/new.xml", seen("a"))
    world.poll()
    world.poll()
    assert [request.path for request in world.web.asked] == ["/one.xml", "/new.xml", "/new.xml"]
    assert world.rows("select moved_to from feeds") == [{"moved_to": f"{world.web.url}/new.xml"}]


def test_a_feed_that_is_gone_for_good_is_asked_once_and_told_once(world: World, hook: Webhook) -> None:
    world.watch("one", "two", channels=[channel(hook)])
    world.web.fail("/one.xml", 410)
    world.web.feed("/two.xml", seen("a"))
    reports = [world.poll().feeds for _ in range(3)]
    assert [len(report) for report in reports] == [2, 1, 1]
    assert len(world.web.asked_for("/one.xml")) == 1
    (alarm,) = world.rows("select text from alerts where trouble is not null")
    assert "the feed one is not asked any more" in alarm["text"]
    assert "feeds discover" in alarm["text"]


def test_a_feed_that_brings_little_or_asks_for_it_is_left_alone_for_longer(world: World) -> None:
    world.watch("one", "two", schedule={"poll": "10 minutes"}, fetch=WATCH["fetch"] | {"rarest": "30 minutes"})
    world.web.feed("/one.xml", seen("a"), headers={"Cache-Control": "max-age=1500"})
    world.web.feed("/two.xml", seen("b"))
    for _ in range(3):
        world.poll()
    due = {row["name"]: moment(row["next_due"]) - NOW for row in world.rows("select name, next_due from feeds")}
    assert due["one"] == timedelta(minutes=25) * 0.9
    assert due["two"] == timedelta(seconds=777)  # ten minutes, a fifth longer twice, and a tenth early


def test_damage_is_told_for_as_long_as_the_feed_stays_as_it_is(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", seen("a"), seen("b"))
    world.web.answers["/one.xml"] = Answer(world.web.answers["/one.xml"].body.replace(b"</channel></rss>", b"<item>"))
    for _ in range(2):
        world.poll()
    assert "damaged" in world.rows("select last_error from feeds")[0]["last_error"]


def test_search_finds_new_articles_and_those_whose_text_changed(world: World, pool: WorkerPool) -> None:
    world.watch({"name": "one", "read": "always"})
    world.web.feed("/one.xml", seen("a", title=QUIET))
    world.web.fail("/a", 503)
    world.poll(pool=pool)
    world.web.page("/a", QUIET, *PARAGRAPHS, "A lighthouse was painted, they said, before the ships came in again.")
    world.clock.go_on(minutes=11)
    world.poll(pool=pool)
    with world.store() as store:
        assert [row["title"] for row in articles.search(store, "lighthouse", limit=5)] == [QUIET]
        assert articles.index(store) == 0


def test_two_feeds_that_call_themselves_the_same_keep_a_story_that_both_print(world: World) -> None:
    world.watch({"name": "one", "outlet": None}, {"name": "two", "outlet": None})
    for name in ("one", "two"):
        world.web.feed(f"/{name}.xml", seen(name, title=DECIDED), title="The Post")
    world.poll()
    assert world.rows("select outlet, title from articles") == [{"outlet": "The Post", "title": DECIDED}] * 2


def test_a_feed_that_fails_keeps_its_validators_and_its_articles(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", seen("a"))
    world.poll()
    feed = world.web.answers["/one.xml"]
    world.web.fail("/one.xml", 503)
    world.poll()
    world.web.answers["/one.xml"] = feed
    assert world.poll().feeds[0].status == "unchanged"
    assert titles(world) == ["a"]
    assert world.rows("select failures from feeds") == [{"failures": 0}]


def test_a_damaged_feed_gives_what_can_be_read_and_says_that_it_is_damaged(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", seen("a"), seen("b"))
    broken = world.web.answers["/one.xml"].body.replace(b"</channel></rss>", b"<item><title>half")
    world.web.answers["/one.xml"] = Answer(broken)
    (report,) = world.poll().feeds
    assert report.new >= 2
    assert "the feed is damaged" in world.rows("select last_error from feeds")[0]["last_error"]


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("articles when new.title = 'b'", id="article"),
        pytest.param("sightings when (select title from articles where id = new.article) = 'b'", id="sighting"),
    ],
)
def test_an_entry_that_cannot_be_stored_costs_no_other_and_comes_the_next_time(moment: str, world: World) -> None:
    world.watch("one", "two")
    world.web.feed("/one.xml", seen("a"), seen("b"))
    world.web.feed("/two.xml", seen("c"))
    with world.store():
        pass
    world.execute(f"create trigger broken before insert on {moment} begin select raise(abort, 'too odd'); end")
    one, two = world.poll().feeds
    assert (one.status, two.status, two.new) == ("failed", "new", 1)
    assert one.error == "1 of its entries could not be stored (IntegrityError: too odd)"
    assert titles(world) == ["a", "c"]
    world.execute("drop trigger broken")
    world.clock.go_on(hours=7)
    assert {(report.feed, report.new) for report in world.poll().feeds} >= {(one.feed, 1)}
    assert titles(world) == ["a", "c", "b"]
    assert [request.status for request in world.web.asked_for("/one.xml")] == [200, 200]


def test_a_server_that_asks_for_a_pause_gets_it(world: World) -> None:
    world.watch("one")
    world.web.fail("/one.xml", 429, **{"Retry-After": "3600"})
    world.poll()
    world.clock.go_on(minutes=59)
    assert world.poll().feeds == []
    world.clock.go_on(minutes=2)
    world.web.feed("/one.xml", seen("a"))
    assert [report.new for report in world.poll().feeds] == [1]
    assert len(world.web.asked) == 2


def test_a_feed_that_goes_on_failing_is_asked_less_and_less_and_at_once_again_when_it_answers(world: World) -> None:
    world.watch("one")
    world.web.fail("/one.xml", 500)
    pauses = []
    for _ in range(8):
        world.poll()
        due = moment(world.rows("select next_due from feeds")[0]["next_due"])
        assert due is not None
        pauses.append(due - world.clock())
        world.clock.now = due
    assert pauses == sorted(pauses)
    assert pauses[0] < timedelta(minutes=12)
    assert pauses[-1] == timedelta(hours=6)  # the ceiling
    world.web.feed("/one.xml", seen("a"))
    world.poll()
    world.clock.go_on(minutes=10)
    with world.store() as store:
        assert [feed.name for feed in pipeline.due_feeds(store, world.clock())] == ["one"]


def test_feeds_are_asked_when_their_turn_comes_unless_all_are_wanted(world: World) -> None:
    config = world.watch("one")
    world.web.feed("/one.xml", seen("a"))
    world.poll()
    world.clock.go_on(minutes=5)
    with world.store() as store:
        assert pipeline.due_feeds(store, world.clock()) == []
        assert [feed.name for feed in pipeline.due_feeds(store, world.clock(), everything=True)] == ["one"]
    assert config.settings.schedule.poll == timedelta(minutes=10)


def test_a_poll_hears_how_far_it_is(world: World) -> None:
    world.watch("one", "two")
    steps: list[str] = []

    class Progress:
        def begin(self, stage: str, total: int | None) -> None:
            steps.append(f"{stage} {total}")

        def advance(self, done: int = 1) -> None:
            steps.append(f"done {done}")

    world.web.feed("/one.xml", seen("a"), seen("b"))
    world.poll(progress=Progress())
    assert steps == ["feeds 2", "done 1", "done 1", "pages 0", "match None", "done 2", "send None"]


def test_a_feed_that_moved_for_good_says_where_to(world: World) -> None:
    world.watch("one")
    world.web.answers["/one.xml"] = Answer(status=301, headers={"Location": "/new.xml"})
    world.web.feed("/new.xml", seen("a"))
    assert [report.new for report in world.poll().feeds] == [1]
    assert world.rows("select moved_to from feeds") == [{"moved_to": f"{world.web.url}/new.xml"}]


# --------------------------------------------------------------------------- identity


def test_an_article_in_two_feeds_is_one_article_with_two_sightings(world: World) -> None:
    world.watch("one", "two")
    for feed in ("one", "two"):
        world.web.feed(f"/{feed}.xml", seen("a", title=DECIDED, guid=feed))
    report = world.poll()
    assert [feed.new for feed in report.feeds] == [1, 0]
    assert world.rows("select count(*) as n from sightings") == [{"n": 2}]


def test_who_clicked_does_not_tell_articles_apart(world: World) -> None:
    world.watch("one", "two")
    world.web.feed("/one.xml", Item(DECIDED, "/a?utm_source=one&id=7"))
    world.web.feed("/two.xml", Item(DECIDED, "/a/?id=7&fbclid=xyz#top"))
    world.poll()
    assert titles(world) == [DECIDED]


def test_an_aggregators_entry_is_its_outlets_article_without_the_tail_of_its_title(world: World) -> None:
    world.watch({"name": "index", "outlet": None}, "one")
    world.web.feed("/index.xml", Item(f"{DECIDED} - One", "http://index.example/r/1", source="One"))
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    world.poll()
    assert world.rows("select outlet, title from articles") == [{"outlet": "One", "title": DECIDED}]


def test_links_and_guids_that_change_every_day_bring_the_same_article(world: World) -> None:
    world.watch("one")
    for day in range(3):
        guid = f"tag:{day}"
        world.web.feed("/one.xml", Item(DECIDED, f"http://index.example/r/{day}", guid=guid))
        world.poll()
        world.clock.go_on(days=1)
    assert titles(world) == [DECIDED]


def test_one_guid_for_all_entries_identifies_none(world: World) -> None:
    world.watch("one")
    items = [seen(f"a{number}", title=f"News of the harbour, part {number}", guid="same") for number in range(20)]
    world.web.feed("/one.xml", *items[:15])
    world.poll()
    world.web.feed("/one.xml", *items[5:])
    world.poll()
    assert titles(world) == [item.title for item in items]


def test_one_link_for_all_entries_identifies_none(world: World) -> None:
    world.watch("one")
    items = [Item(f"News of the harbour, part {number}", "/live", guid=f"g{number}") for number in range(5)]
    world.web.feed("/one.xml", *items)
    world.poll()
    world.poll()
    assert titles(world) == [item.title for item in items]


def test_a_guid_that_is_used_again_for_another_article_hides_it_not(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", seen("a", title=QUIET, guid="1"))
    world.poll()
    world.web.feed("/one.xml", seen("b", title=DECIDED, guid="1"))
    world.poll()
    assert titles(world) == [QUIET, DECIDED]


def test_an_entry_that_stands_twice_in_a_feed_is_one_article(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", seen("a", title=DECIDED, guid="1"), seen("a", title=DECIDED, guid="1"))
    assert [report.new for report in world.poll().feeds] == [1]


def test_a_changed_headline_is_matched_again(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", title=QUIET, guid="1"))
    assert world.poll().matched.articles == 1
    world.web.feed("/one.xml", seen("a", title=DECIDED, guid="1"))
    report = world.poll()
    assert (report.feeds[0].new, report.matched.articles, report.matched.signals) == (0, 1, 1)
    assert titles(world) == [DECIDED]
    assert [call.body["title"] for call in taken(hook)] != []


def test_a_headline_that_is_polished_tells_nobody_again(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", title=DECIDED, guid="1"))
    world.poll()
    world.web.feed("/one.xml", seen("a", title=f"Breaking: {DECIDED} at last", guid="1"))
    assert world.poll().matched.signals == 1
    assert len(taken(hook)) == 1


def test_language_comes_from_the_feed_or_else_from_the_text(world: World) -> None:
    world.watch({"name": "one", "language": "en"}, "two")
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    french = "La Nordlande prend la tête de la Mission de la Lagune, selon le gouvernement"
    world.web.feed("/two.xml", seen("b", title=french))
    world.poll()
    assert [row["language"] for row in world.rows("select language from articles order by id")] == ["en", "fr"]


# --------------------------------------------------------------------------- reading


def test_pages_are_read_once_and_only_where_the_entry_could_matter(world: World, pool: WorkerPool) -> None:
    world.watch({"name": "one", "read": "relevant"})
    world.web.feed("/one.xml", seen("a", title=QUIET), seen("b", title=WEATHER))
    world.web.page("/a", QUIET, *PARAGRAPHS, f"{DECIDED}, the minister said.")
    report = world.poll(pool=pool)
    assert (report.pages_read, report.pages_failed, report.matched.signals) == (1, 0, 1)
    assert world.poll(pool=pool).pages_read == 0
    assert [request.path for request in world.web.asked if request.path in ("/a", "/b")] == ["/a"]
    rows = world.rows("select text_source, read_state, text_note from articles order by id")
    assert [(row["text_source"], row["read_state"]) for row in rows] == [("page", "read"), ("title", "unwanted")]
    assert rows[0]["text_note"].startswith("read by ")


@pytest.mark.parametrize(("read", "asked"), [("always", ["/a", "/b"]), ("never", [])])
def test_a_feed_may_want_all_pages_or_none(read: str, asked: list[str], world: World, pool: WorkerPool) -> None:
    world.watch({"name": "one", "read": read})
    world.web.feed("/one.xml", seen("a", title=QUIET), seen("b", title=WEATHER))
    world.poll(pool=pool)
    assert sorted({request.path for request in world.web.asked} - {"/one.xml", "/robots.txt"}) == asked


def test_an_entry_that_carries_its_article_needs_no_page(world: World, pool: WorkerPool) -> None:
    world.watch({"name": "one", "read": "always"})
    world.web.feed("/one.xml", seen("a", title=QUIET, summary="In short.", content=" ".join(PARAGRAPHS * 4)))
    world.poll(pool=pool)
    assert len(world.web.asked) == 1
    assert world.rows("select text_source from articles") == [{"text_source": "feed"}]


def test_whether_an_entry_could_matter_may_depend_on_the_language_of_its_feed(world: World) -> None:
    reading = {"default": "relevant", "relevant": "language:fr"}
    config = world.watch({"name": "one", "language": "en"}, {"name": "two", "language": "fr"}, reading=reading)
    for name in ("one", "two"):
        world.web.feed(f"/{name}.xml", seen(name))
    with world.store() as store:
        pipeline.sync(config, store, NOW)
        outcomes = pipeline.fetch_feeds(config, pipeline.due_feeds(store, NOW), NOW)
        pipeline.store_feeds(config, store, outcomes, NOW)
        assert [request.url for request in pipeline.wanted_pages(store, NOW)] == [f"{world.web.url}/two"]


def test_a_page_that_fails_leaves_the_summary_and_is_tried_four_times(world: World, pool: WorkerPool) -> None:
    world.watch({"name": "one", "read": "always"})
    world.web.feed("/one.xml", seen("a", title=QUIET, summary=f"{DECIDED}, it is said."))
    world.web.fail("/a", 503)
    report = world.poll(pool=pool)
    assert (report.pages_failed, report.matched.signals, report.grouped.alerts) == (1, 1, 1)  # the summary is enough
    (row,) = world.rows("select text, text_source, text_note, read_state from articles")
    assert (row["text_source"], row["read_state"]) == ("summary", "wanted")
    assert "answered 503" in row["text_note"]
    tries = []
    for hour in range(24):
        world.poll(pool=pool)
        tries.append(len(world.web.asked_for("/a")))
        world.clock.now = NOW + timedelta(hours=hour, minutes=11)
    assert (tries[0], tries[1], tries[-1]) == (1, 2, 4)
    assert world.rows("select read_state from articles") == [{"read_state": "failed"}]


def test_a_page_that_comes_at_the_second_try_is_matched_again(world: World, pool: WorkerPool) -> None:
    world.watch({"name": "one", "read": "always"})
    world.web.feed("/one.xml", seen("a", title=QUIET))
    world.web.fail("/a", 500)
    assert world.poll(pool=pool).matched.signals == 0
    world.web.page("/a", QUIET, *PARAGRAPHS, f"{DECIDED}, the minister said.")
    world.clock.go_on(minutes=11)
    report = world.poll(pool=pool)
    assert (report.pages_read, report.matched.signals, len(report.grouped.new)) == (1, 1, 1)


@pytest.mark.parametrize("status", [404, 410, 403])
def test_a_page_that_is_gone_is_not_asked_for_again(status: int, world: World, pool: WorkerPool) -> None:
    world.watch({"name": "one", "read": "always"})
    world.web.feed("/one.xml", seen("a"))
    world.web.fail("/a", status)
    world.poll(pool=pool)
    world.clock.go_on(days=1)
    world.poll(pool=pool)
    assert len(world.web.asked_for("/a")) == 1
    assert world.rows("select read_state from articles") == [{"read_state": "failed"}]


def trip(body: bytes, *others: Any) -> Page:
    """Reads a page in a worker, and trips over some."""
    if b"trap" in body:
        raise RuntimeError("tripped")
    return extract(body, *others)


def test_a_page_that_trips_its_reader_costs_no_other_theirs(
    world: World, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.pipeline.pages.extract", trip)
    world.watch({"name": "one", "read": "always"})
    world.web.feed("/one.xml", seen("a", title=QUIET), seen("b", title=WEATHER))
    world.web.page("/a", QUIET, *PARAGRAPHS)
    world.web.page("/b", WEATHER, "This page is a trap.")
    report = world.poll(pool=pool)
    assert (report.pages_read, report.pages_failed) == (1, 1)
    (row,) = world.rows("select text_note, read_state from articles where read_state = 'failed'")
    assert "RuntimeError: tripped; the log says more" in row["text_note"]


def test_a_page_that_does_not_come_holds_up_no_other(world: World, pool: WorkerPool) -> None:
    world.web.answers["/slow"] = Answer(silent=True)
    world.web.page("/quick", QUIET, *PARAGRAPHS)
    config = world.watch({"name": "one"})
    slow = PageRequest(1, world.web.url.replace("127.0.0.1", "localhost") + "/slow", 0)
    quick = PageRequest(2, f"{world.web.url}/quick", 0)
    brought = []
    for outcomes in pipeline.ask_pages(config.settings.fetch, [slow, quick], NOW, Hosts(), pool):
        brought.append([outcome.request.article for outcome in outcomes])
        world.web.closing.set()  # only now the server ends its silence
    assert brought == [[2], [1]]


def test_a_page_without_an_article_leaves_what_the_feed_gave(world: World, pool: WorkerPool) -> None:
    world.watch({"name": "one", "read": "always"})
    world.web.feed("/one.xml", seen("a", summary="In short."))
    world.web.answers["/a"] = Answer(b"<html><body></body></html>", "text/html")
    assert world.poll(pool=pool).pages_failed == 1
    assert world.rows("select text, read_state from articles") == [{"text": "In short.", "read_state": "failed"}]


# --------------------------------------------------------------------------- telling


def test_fresh_news_is_told_to_each_channel_that_wants_it_exactly_once(world: World, hook: Webhook) -> None:
    with mail_server() as mail:
        to = f"mailto://127.0.0.1:{mail.port}?from=watch@example.org&to=desk@example.org"
        wanted = [
            {"name": "mail", "url": to},
            channel(hook),
            channel(hook, "other", when={"change": "mandate"}),
            channel(hook, "late", when={"stage": "effective"}),
            channel(hook, "minor", when={"severity": "low"}),
        ]
        world.watch("one", channels=wanted)
        world.web.feed("/one.xml", seen("a", title=DECIDED))
        report = world.poll()
        world.clock.go_on(hours=1)
        world.poll()
        assert (report.grouped.alerts, report.sent.sent) == (2, 2)
        assert [call.path for call in taken(hook)] == ["/desk"]
        received = mail.get()
        assert "Norland" in str(received.message["Subject"])
        assert mail.mails.empty()
    assert world.rows("select channel, state from alerts order by channel") == [
        {"channel": "desk", "state": "sent"},
        {"channel": "mail", "state": "sent"},
    ]


def test_copies_of_one_wire_story_at_ten_outlets_are_one_alert(world: World, hook: Webhook) -> None:
    names = [f"outlet{number}" for number in range(10)]
    world.watch(*names, channels=[channel(hook)])
    for number, name in enumerate(names):
        item = seen(f"{name}-a", number / 10, title=DECIDED, summary=" ".join(PARAGRAPHS))
        world.web.feed(f"/{name}.xml", item)
    report = world.poll()
    (call,) = taken(hook)
    assert (report.matched.articles, len(report.grouped.new), report.grouped.alerts) == (10, 1, 1)
    assert "10 outlets" in call.body["message"]
    assert world.rows("select outlets, stories from timeline") == [{"outlets": 10, "stories": 1}]


def test_a_later_stage_is_one_update_and_an_earlier_one_none(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    told: list[str] = []
    for number, title in enumerate((DECIDED, PROPOSED, EFFECTIVE, EFFECTIVE, BLOCKED)):
        world.web.feed("/one.xml", Item(f"{title}, report {number}", f"/{number}", published=world.clock()))
        world.poll()
        told += [row["kind"] for row in world.rows("select kind from alerts order by id")[len(told) :]]
        world.clock.go_on(hours=2)
    assert told == ["new", "stage", "contradiction"]
    assert len(taken(hook)) == 3


def test_what_came_up_and_moved_on_between_two_polls_is_told_once_as_it_stands(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", 3, title=PROPOSED), seen("b", 2, title=DECIDED), seen("c", 1, title=EFFECTIVE))
    world.poll()
    assert world.rows("select kind, stage from alerts") == [{"kind": "new", "stage": "effective"}]
    assert len(taken(hook)) == 1


def test_what_was_decided_and_blocked_between_two_polls_is_a_contradiction_told_once(
    world: World, hook: Webhook
) -> None:
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", 9, title=PROPOSED))
    world.poll()
    world.web.feed("/one.xml", seen("b", 3, title=DECIDED), seen("c", 2, title=BLOCKED))
    world.poll()
    world.web.feed("/one.xml", seen("d", 1, title=f"{DECIDED}, a late copy says"))
    world.poll()
    assert world.rows("select kind, stage from alerts order by id") == [
        {"kind": "new", "stage": "proposed"},
        {"kind": "contradiction", "stage": "blocked"},
    ]


def test_a_first_run_with_old_news_alerts_nobody_and_says_how_many(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", 24 * 9, title=DECIDED), seen("b", 24 * 5, title=TERM))
    report = world.poll()
    assert (len(report.grouped.new), report.grouped.silent, report.grouped.alerts) == (2, 2, 0)
    assert taken(hook) == []


def test_the_first_fresh_report_of_what_was_old_is_told_as_new(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", 24 * 5, title=DECIDED), seen("b", 1, title=f"{DECIDED}, again"))
    report = world.poll()
    assert (len(report.grouped.new), report.grouped.silent, report.grouped.alerts) == (1, 0, 1)
    assert world.rows("select kind, stage from alerts") == [{"kind": "new", "stage": "decided"}]


def test_what_lies_undated_in_a_new_feed_is_never_told_but_what_comes_after_is(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    backlog = Item(DECIDED, "/a", published=None)
    world.web.feed("/one.xml", backlog)
    assert world.poll().grouped.silent == 1
    world.clock.go_on(hours=1)
    world.web.feed("/one.xml", Item(TERM, "/b", published=None), backlog)
    assert world.poll().grouped.alerts == 1
    assert len(taken(hook)) == 1


def test_a_feed_that_failed_at_first_has_its_backlog_when_it_first_answers(world: World) -> None:
    world.watch("one")
    world.web.fail("/one.xml", 500)
    world.poll()
    world.web.feed("/one.xml", Item(DECIDED, "/a", published=None))
    assert world.poll().grouped.alerts == 0


def test_a_dismissed_development_is_told_no_more(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", title=PROPOSED))
    world.poll()
    world.execute("update developments set dismissed_at = '2025-09-30T12:00:00Z'")
    world.web.feed("/one.xml", seen("b", 0.5, title=EFFECTIVE))
    report = world.poll()
    assert (len(report.grouped.moved), report.grouped.alerts) == (1, 0)
    assert len(taken(hook)) == 1


def test_what_waits_to_be_told_of_a_development_that_is_dismissed_is_not_sent(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook, digest="0 7 * * *")])
    world.web.feed("/one.xml", seen("a", 4, title=DECIDED), seen("b", 4, title=TERM))
    world.poll()
    with world.store() as store, store.transaction():
        assert alerts.drop(store, 1, world.clock()) == 1
    world.clock.go_on(days=1)
    assert send(world).sent == 1
    assert [row["state"] for row in world.rows("select state from alerts order by id")] == ["dismissed", "sent"]


def test_a_report_that_was_taken_back_confirms_nothing(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook, when={"confirmation": 2})])
    world.web.feed("/one.xml", Item(INDEPENDENT[0], "/a", guid="a"))
    world.poll()
    world.web.feed("/one.xml", Item(QUIET, "/a", guid="a"), Item(INDEPENDENT[1], "/b", guid="b"))
    world.poll()
    assert taken(hook) == []
    world.web.feed("/one.xml", *(Item(one, f"/{n}", guid=f"{n}") for n, one in enumerate(INDEPENDENT[1:])))
    world.poll()
    assert len(taken(hook)) == 1


def test_what_no_channel_wanted_is_told_when_a_report_comes_that_one_wants(world: World, hook: Webhook) -> None:
    rules = [{**WATCH["rules"][0], "severity": "low", "when": "outlet:\"Small\" and mission near/15 takeover"},
             {**WATCH["rules"][0], "id": "loud", "when": "outlet:\"Great\" and mission near/15 takeover"}]  # fmt: skip
    for rule in rules:
        del rule["examples"]
    world.watch("small", "great", rules=rules, channels=[channel(hook, when={"severity": "high"})])
    world.web.feed("/small.xml", seen("a", title=DECIDED))
    assert world.poll().grouped.alerts == 0
    world.web.feed("/great.xml", seen("b", title=f"{DECIDED} now"))
    assert world.poll().grouped.alerts == 1
    assert len(taken(hook)) == 1


INDEPENDENT = [
    DECIDED,
    "Minister's surprise before breakfast: Norland agrees to take over troubled Lagoon Mission after spring thaw",
    "Why Norland agrees, against every forecast of diplomats and gamblers, to take over our Lagoon Mission",
]


def test_channels_wait_for_confirmation_or_hear_once_more_when_many_report_it(world: World, hook: Webhook) -> None:
    channels = [channel(hook, "desk"), channel(hook, "cautious", when={"confirmation": 2})]
    world.watch("one", channels=channels, alerting={"update_at": 3})
    told = []
    for number in range(1, len(INDEPENDENT) + 1):
        items = [seen(f"n{n}", 1, title=one) for n, one in enumerate(INDEPENDENT[:number])]
        world.web.feed("/one.xml", *items, seen("copy", 1, title=DECIDED))
        world.poll()
        told.append(sorted((call.path, call.body["title"].partition(":")[0]) for call in taken(hook)))
        world.clock.go_on(minutes=10)
    assert told == [
        [("/desk", "Leadership · decided")],
        [("/cautious", "Leadership · decided")],
        [("/cautious", "Leadership · decided · confirmed"), ("/desk", "Leadership · decided · confirmed")],
    ]
    assert world.poll().grouped.alerts == 0


def test_without_a_channel_alerts_are_printed_and_kept(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    shown: list[str] = []
    world.poll(shown=shown)
    world.poll(shown=shown)
    assert len(shown) == 1
    assert DECIDED in shown[0]
    assert world.rows("select channel, state from alerts") == [{"channel": "console", "state": "sent"}]


def test_changed_rules_look_at_all_articles_again_and_tell_nobody_of_old_news(world: World, hook: Webhook) -> None:
    world.watch("one", rules=WATCH["rules"][1:], channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", 24 * 9, title=DECIDED), seen("b", title=WEATHER))
    assert world.poll().matched.signals == 0
    world.watch("one", channels=[channel(hook)])
    report = world.poll()
    assert (report.matched.articles, report.matched.signals) == (2, 1)
    assert (len(report.grouped.new), report.grouped.silent, report.grouped.alerts) == (1, 1, 0)
    assert world.poll().matched.articles == 0


def test_a_rule_that_is_gone_retires_what_it_found_and_its_return_tells_nobody_again(
    world: World, hook: Webhook
) -> None:
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    world.poll()
    world.watch("one", rules=WATCH["rules"][1:], channels=[channel(hook)])
    world.poll()
    assert world.rows("select count(*) as n from signals where retired_at is null") == [{"n": 0}]
    world.watch("one", channels=[channel(hook)])
    world.poll()
    assert world.rows("select count(*) as n from signals where retired_at is null") == [{"n": 1}]
    assert len(taken(hook)) == 1


# --------------------------------------------------------------------------- crashes


def _stages(world: World) -> list[Callable[[Any], object]]:
    """The stages of a pass; each is given a store of its own."""
    config, clock = world.config, world.clock
    outcomes: list[FeedOutcome] = []

    def fetch(store: Any) -> None:
        outcomes.extend(pipeline.fetch_feeds(config, pipeline.due_feeds(store, clock(), everything=True), clock()))

    return [
        lambda store: pipeline.sync(config, store, clock()),
        fetch,
        lambda store: pipeline.store_feeds(config, store, outcomes, clock()),
        lambda store: pipeline.match_articles(config, store, clock()),
        lambda store: pipeline.group_signals(config, store, clock()),
        lambda store: pipeline.send_alerts(config, store, clock),
    ]


def test_two_polls_at_once_store_and_tell_everything_once(world: World, hook: Webhook) -> None:
    names = [f"outlet{number}" for number in range(6)]
    world.watch(*names, channels=[channel(hook)])
    for name in names:
        items = (seen(f"{name}-{n}", title=f"{title}, says {name}") for n, title in enumerate((DECIDED, TERM, QUIET)))
        world.web.feed(f"/{name}.xml", *items, seen("shared", title=BLOCKED.replace("Norland", "Sudland")))
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: world.poll(), range(3)))
    assert world.rows("select count(*) as n from articles") == [{"n": 19}]
    assert world.rows("select count(*) as n, count(distinct development) as events from alerts") == [
        {"n": 3, "events": 3}
    ]
    assert len(taken(hook)) == 3


@pytest.mark.parametrize("done", range(7))
def test_a_crash_between_two_stages_loses_nothing_and_repeats_nothing(done: int, world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", title=DECIDED), seen("b", title=TERM))
    for stage in _stages(world)[:done]:
        with world.store() as store:
            stage(store)
    world.clock.go_on(minutes=10)
    world.poll()
    assert len(taken(hook)) == 2
    assert world.rows("select count(distinct development) as n, min(state) as state from alerts") == [
        {"n": 2, "state": "sent"}
    ]


@pytest.mark.parametrize(
    "table", ["stories", "signals", "developments", "development_stages", "development_articles", "alerts"]
)
def test_a_crash_in_the_middle_of_a_stage_undoes_it_and_the_next_pass_does_it(
    table: str, world: World, hook: Webhook
) -> None:
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", title=DECIDED), seen("b", 2, title=TERM))
    with world.store():
        pass
    world.execute(
        f"create trigger broken before insert on {table} when (select count(*) from {table}) > 0 "  # noqa: S608
        "begin select raise(abort, 'the power failed'); end"
    )
    with pytest.raises(sqlite3.IntegrityError, match="the power failed"):
        world.poll()
    assert world.rows(f"select count(*) as n from {table}") == [{"n": 0}]  # noqa: S608
    world.execute("drop trigger broken")
    world.poll()
    assert len(taken(hook)) == 2


@pytest.mark.parametrize("stage", [pipeline.match_articles, pipeline.group_signals])
def test_a_stage_reads_what_it_decides_on_under_the_lock_under_which_it_writes(stage: Any, world: World) -> None:
    config = world.watch("one")
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    world.poll()
    world.execute("update articles set rules_version = null")
    statements: list[str] = []
    with world.store() as store:
        store.connection.set_trace_callback(statements.append)
        stage(config, store, NOW)
    under_lock = statements[statements.index("BEGIN IMMEDIATE") : statements.index("COMMIT")]
    assert any("select" in statement for statement in under_lock)
    assert all("select" in statement for statement in statements[: statements.index("BEGIN IMMEDIATE")])


def test_a_pass_with_nothing_to_match_does_without_compiled_rules(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    world.poll()
    config = configuration.load(world.folder / "config.yaml", rules=False)
    with world.store() as store:
        pipeline.need_right_rules(config, store)
        pipeline.run_pass(config, store, world.clock)
    assert "rules" not in vars(config)


def test_wrong_rules_are_told_even_where_there_is_nothing_to_match(world: World) -> None:
    world.watch("one")
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    world.poll()
    write_config(world.folder, rules=[WATCH["rules"][0] | {"when": "missing near/3 mission"}])
    config = configuration.load(world.folder / "config.yaml", rules=False)
    with world.store() as store, pytest.raises(ConfigError, match="there is no concept `missing`"):
        pipeline.need_right_rules(config, store)


def test_an_alert_that_was_claimed_and_not_sent_is_sent_when_its_lease_ends(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    for stage in _stages(world)[:-1]:
        with world.store() as store:
            stage(store)
    with world.store() as store, store.transaction():
        assert len(alerts.claim(store, world.clock(), timedelta(minutes=10), "another")) == 1
    assert world.poll().sent.sent == 0
    world.clock.go_on(minutes=10)
    assert world.poll().sent.sent == 1
    assert len(taken(hook)) == 1


def test_an_alert_that_was_sent_and_not_recorded_is_sent_once_more_with_the_same_key(
    world: World, hook: Webhook
) -> None:
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    with world.store():
        pass
    world.execute(
        "create trigger broken before update on alerts when new.state = 'sent' begin select raise(abort, 'killed'); end"
    )
    with pytest.raises(sqlite3.IntegrityError, match="killed"):
        world.poll()
    world.execute("drop trigger broken")
    world.clock.go_on(minutes=10)
    world.poll()
    world.clock.go_on(minutes=10)
    world.poll()
    first, second = taken(hook)
    assert first.headers["x-haiti-monitor-key"] == second.headers["x-haiti-monitor-key"]
    assert first.body["message"] == second.body["message"]


# --------------------------------------------------------------------------- channels in trouble


def test_a_channel_that_fails_is_tried_again_later_and_later_and_delays_no_other(world: World, hook: Webhook) -> None:
    with webhook(status=500) as broken:
        channels = [channel(broken, "a-broken"), channel(hook, "b-well")]
        world.watch("one", channels=channels, self_watch={"enabled": False})
        world.web.feed("/one.xml", seen("a", title=DECIDED))
        report = world.poll()
        assert (report.sent.sent, list(report.sent.failures)) == (1, ["a-broken"])
        assert len(taken(hook)) == 1
        pauses = []
        for _ in range(8):
            due = moment(world.rows("select next_attempt from alerts where channel = 'a-broken'")[0]["next_attempt"])
            assert due is not None
            pauses.append((due - world.clock()).total_seconds() / 60)
            world.clock.now = due
            assert send(world).failures != {}
        assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
        broken.status = 200
        world.clock.go_on(hours=1)
        assert world.poll().sent.sent == 1
    assert taken(hook) == []


class Line:
    """A sender whose channel `slow` answers only when another channel has its message, and which refuses `refused`."""

    def __init__(self, *, slow: str = "", refused: str = "") -> None:
        self.slow, self.refused = slow, refused
        self.sent: list[tuple[str, str]] = []
        self.other_has_it = threading.Event()

    def send(self, channel: str, message: Message, key: str, served: Collection[str] = ()) -> None:
        assert key
        assert not served
        if channel == self.slow:
            assert self.other_has_it.wait(30), "the other channel waits for this one"
        else:
            self.other_has_it.set()
        if channel == self.slow or message.subject == self.refused:
            raise NotifyError("the line is down")
        self.sent.append((channel, message.subject))


def alert(name: str, number: int = 1) -> QueuedAlert:
    return QueuedAlert(number, name, "new", Message(str(number), "", ""), 0, None, f"key {number}")


def queue(world: World, subject: str, name: str = "desk") -> None:
    with world.store() as store, store.transaction():
        now = world.clock()
        alerts.queue(store, Message(subject, "Text", "<p>Text</p>"), channel=name, kind="new", now=now, not_before=now)


def deliver(world: World, line: Line) -> list[str]:
    """Delivery through a line; says what was sent by it, in order."""
    line.sent.clear()
    with world.store() as store:
        pipeline.send_alerts(world.config, store, world.clock, sender=line)
    return [subject for _, subject in line.sent]


def test_a_channel_that_hangs_delays_no_other(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook, "a-slow"), channel(hook, "b-well")])
    for number in range(150):
        queue(world, f"News {number}", "a-slow")
    queue(world, "News", "b-well")
    assert deliver(world, Line(slow="a-slow")) == ["News"]


class Record:
    """Sends whatever it is given; knows which messages were sent while the outcome of another was still to be noted."""

    def __init__(self) -> None:
        self.unnoted: set[str] = set()
        self.overlapping: list[str] = []
        self.order: list[str] = []

    def send(self, channel: str, message: Message, key: str, served: Collection[str] = ()) -> None:
        del key, served
        if self.unnoted:
            self.overlapping.append(message.subject)
        self.unnoted.add(message.subject)
        self.order.append(channel)


def test_a_death_before_the_record_can_repeat_one_message_only_however_many_channels() -> None:
    record = Record()
    queues = [tuple((alert(name, number),) for number in numbers) for name, numbers in {"a": (1, 2), "b": (3,)}.items()]
    for outcome in deliveries(record, queues, set):
        assert outcome.error is None
        record.unnoted.remove(outcome.group[0].message.subject)
    assert record.overlapping == []
    assert record.order == ["a", "b", "a"], "a channel with many does not hold up the others"


def test_no_alert_overtakes_another_of_its_channel(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    queue(world, "First")
    queue(world, "Second")
    assert deliver(world, Line(refused="First")) == []
    world.clock.go_on(seconds=10)  # both wait for a minute
    queue(world, "Third")
    assert deliver(world, Line()) == ["First", "Second", "Third"]


@pytest.mark.parametrize("bad", [1, 2, 3])
def test_alerts_that_alone_are_refused_again_and_again_hold_up_no_other(bad: int, world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    for subject in ["Poison"] * bad + ["Second", "Third"]:
        queue(world, subject)
    sent = []
    for _ in range(12):
        sent += deliver(world, Line(refused="Poison"))
        world.clock.go_on(hours=1)
    assert sent == ["Second", "Third"]
    assert deliver(world, Line()) == ["Poison"] * bad


def test_a_server_that_never_ends_has_failed_after_a_while() -> None:
    line = Line(slow="a-slow")
    (late,) = deliveries(line, [((alert("a-slow"),), (alert("a-slow", 2),))], set, patience=0.05)
    assert not late.goes_on
    assert str(late.error) == "it did not take the message within 0 seconds"
    line.other_has_it.set()


def test_what_another_program_has_taken_meanwhile_is_not_sent() -> None:
    line = Line()
    groups = tuple((alert("desk", number),) for number in (1, 2, 3))
    ours = iter([{1, 2, 3}, {3}])
    done = list(deliveries(line, [groups], lambda _: next(ours)))
    assert [one.group[0].id for one in done] == [1, 3]
    assert [subject for _, subject in line.sent] == ["1", "3"]


def test_alerts_that_some_recipients_have_do_not_keep_new_ones_from_them(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    with world.store() as store, store.transaction():
        for _ in range(30):
            number = alerts.queue(store, Message("Old", "", ""), channel="desk", kind="new", now=NOW, not_before=NOW)
            alerts.postpone(store, number, NOW + timedelta(days=1), error="refused", served=["somebody"])
    queue(world, "New")
    with world.store() as store, store.transaction():
        claimed = alerts.claim(store, world.clock(), timedelta(minutes=10), "us", limit=3)
    assert [one.message.subject for one in claimed] == ["New"]


def test_a_digest_goes_to_each_recipient_once_though_another_is_refused(world: World) -> None:
    answers = {"gone@example.org": "550 5.1.1 no such mailbox"}
    with mail_server(answers=answers) as server:
        url = f"mailto://127.0.0.1:{server.port}?from=watch@example.org&to=desk@example.org,gone@example.org"
        world.watch("one", channels=[{"name": "desk", "url": url, "digest": "0 * * * *"}])
        for day in ("First", "Second"):
            queue(world, f"{day} one")
            queue(world, f"{day} two")
            world.clock.go_on(days=1)
            send(world)
        got = [server.get().message["Subject"] for _ in range(server.mails.qsize())]
    assert got == ["2 alerts: First one, First two", "2 alerts: Second one, Second two"]


def test_an_alert_that_was_held_for_days_is_tried_for_three_days_all_the_same(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    queue(world, "Held")
    world.clock.go_on(days=7)
    hook.status = 500
    assert send(world).failures
    assert world.rows("select state from alerts") == [{"state": "queued"}]
    hook.status = 200
    world.clock.go_on(days=2)
    assert send(world).sent == 1


def test_a_claim_from_a_clock_that_ran_ahead_mutes_no_channel(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    queue(world, "First")
    with world.store() as store, store.transaction():
        alerts.claim(store, NOW + timedelta(days=365), timedelta(minutes=10), "ahead")
    assert deliver(world, Line()) == ["First"]


def test_what_one_program_is_sending_no_other_sends(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    queue(world, "First")
    with world.store() as store, store.transaction():
        assert len(alerts.claim(store, world.clock(), pipeline.alerts.LEASE, "another")) == 1
    queue(world, "Second")
    assert deliver(world, Line()) == []
    world.clock.go_on(minutes=10)
    assert deliver(world, Line()) == ["First", "Second"]


def test_who_sends_slowly_keeps_what_waits_behind(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook)])
    for subject in ("First", "Second", "Third"):
        queue(world, subject)

    class Slow(Line):
        def send(self, channel: str, message: Message, key: str, served: Collection[str] = ()) -> None:
            super().send(channel, message, key, served)
            world.clock.go_on(minutes=8)
            with world.store() as store, store.transaction():
                assert alerts.claim(store, world.clock(), pipeline.alerts.LEASE, "another") == []

    assert deliver(world, Slow()) == ["First", "Second", "Third"]


def test_a_recipient_that_is_refused_costs_the_others_no_second_mail_and_holds_up_none(world: World) -> None:
    answers = {"gone@example.org": "550 5.1.1 no such mailbox"}
    with mail_server(answers=answers) as server:
        to = "from=watch@example.org&to=desk@example.org,gone@example.org"
        url = f"mailto://127.0.0.1:{server.port}?{to}"
        world.watch("one", channels=[{"name": "desk", "url": url}])
        queue(world, "First")
        queue(world, "Second")
        assert "no such mailbox" in send(world).failures["desk"]
        got = [server.get().message["Subject"] for _ in range(server.mails.qsize())]
        assert got == ["First", "Second"]
        world.clock.go_on(hours=1)
        assert send(world).sent == 0
        assert server.mails.empty()
        answers.clear()
        world.clock.go_on(hours=1)
        assert send(world).sent == 2
        got_at_last = [server.get() for _ in range(server.mails.qsize())]
        assert [mail.recipients for mail in got_at_last] == [("gone@example.org",)] * 2
    stored = world.rows("select served from alerts union all select last_error from alerts")
    assert "desk@example.org" not in str(stored)


def test_an_alert_is_given_up_after_three_days_and_that_is_said(world: World, hook: Webhook) -> None:
    hook.status = 500
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    world.poll()
    said = []
    for _ in range(75):
        world.clock.go_on(hours=1)
        said.append(send(world).failures.get("desk", ""))
    (row,) = world.rows("select state, last_error, attempts from alerts")
    assert row["state"] == "failed"
    assert "500" in row["last_error"]
    assert row["attempts"] in (72, 73)
    assert ["given up" in error for error in said].count(True) == 1
    assert said[-1] == ""
    hook.status = 200
    with world.store() as store, store.transaction():
        alerts.resend(store, 1, world.clock())
    assert send(world).sent == 1


def test_after_a_failure_the_others_of_a_channel_wait_with_it_and_keep_their_order(world: World, hook: Webhook) -> None:
    hook.status = 500
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", 2, title=DECIDED), seen("b", title=TERM))
    world.poll()
    assert len(taken(hook)) == 1
    assert [row["attempts"] for row in world.rows("select attempts from alerts order by id")] == [1, 0]
    hook.status = 200
    world.clock.go_on(minutes=5)
    world.poll()
    rows = world.rows("select subject from alerts order by id")
    assert [call.body["title"] for call in taken(hook)] == [row["subject"] for row in rows]


def test_nobody_listening_is_a_failure_in_words(world: World) -> None:
    world.watch("one", channels=[{"name": "desk", "url": f"json://127.0.0.1:{dead_port()}/"}])
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    assert "connection refused" in world.poll().sent.failures["desk"]


def test_an_alert_that_is_sent_again_by_hand_is_tried_for_three_days_anew(world: World, hook: Webhook) -> None:
    hook.status = 500
    world.watch("one", channels=[channel(hook)])
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    world.poll()
    world.clock.go_on(days=4)
    send(world)
    assert world.rows("select state from alerts") == [{"state": "failed"}]
    with world.store() as store, store.transaction():
        assert alerts.resend(store, 1, world.clock())
    world.clock.go_on(minutes=1)
    send(world)
    assert world.rows("select state from alerts") == [{"state": "queued"}]
    hook.status = 200
    world.clock.go_on(hours=1)
    assert send(world).sent == 1


def test_a_channel_that_is_gone_from_the_configuration_gives_its_alerts_up_and_says_so(
    world: World, hook: Webhook
) -> None:
    hook.status = 500
    world.watch("one", channels=[channel(hook, "old")])
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    world.poll()
    world.watch("one", channels=[channel(hook, "new")])
    world.clock.go_on(hours=1)
    failures = world.poll().sent.failures
    assert failures == {"old": "the channel `old` is no longer in the configuration"}
    assert world.rows("select channel, state from alerts") == [{"channel": "old", "state": "failed"}]


def test_a_secret_that_is_missing_leaves_the_alerts_as_they_were(world: World) -> None:
    world.watch("one", channels=[{"name": "desk", "url": "json://${NOT_SET_ANYWHERE}/"}])
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    with pytest.raises(ConfigError, match="NOT_SET_ANYWHERE"):
        world.poll()
    rows = world.rows("select state, attempts, next_attempt from alerts")
    assert rows == [{"state": "queued", "attempts": 0, "next_attempt": "2025-09-30T12:00:00Z"}]


# --------------------------------------------------------------------------- a channel's wishes


def test_a_digest_gathers_alerts_until_its_hour(world: World, hook: Webhook) -> None:
    world.watch("one", timezone="America/Port-au-Prince", channels=[channel(hook, digest="0 7 * * *")])
    world.clock.now = NOW.replace(hour=9)  # 5 in the morning there
    world.web.feed("/one.xml", seen("a", 4, title=DECIDED), seen("b", 4, title=TERM))
    assert world.poll().sent.sent == 0
    world.clock.now = NOW.replace(hour=10, minute=59)
    assert world.poll().sent.sent == 0
    world.clock.now = NOW.replace(hour=11)
    assert world.poll().sent.sent == 2
    (call,) = taken(hook)
    assert call.body["title"] == "2 alerts: Leadership decided, Mandate decided"


def test_a_digest_that_grew_since_it_was_tried_is_another_message(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook, digest="0 7 * * *")])
    hook.status = 500
    world.web.feed("/one.xml", seen("a", title=DECIDED), seen("b", title=PROPOSED.replace("Norland", "Sudland")))
    world.poll()
    world.clock.now = NOW + timedelta(hours=19)
    world.poll()
    (first,) = taken(hook)
    world.clock.now = NOW + timedelta(hours=42)
    world.web.feed("/one.xml", Item(TERM, "/c", published=world.clock()))
    world.poll()
    taken(hook)
    world.clock.now = NOW + timedelta(hours=44)
    hook.status = 200
    world.poll()
    (second,) = taken(hook)
    assert first.body["title"].startswith("2 alerts")
    assert second.body["title"].startswith("3 alerts")
    assert first.headers["x-haiti-monitor-key"] != second.headers["x-haiti-monitor-key"]


def test_quiet_hours_hold_alerts_until_they_end(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook, quiet_hours="11:00-13:00")])
    world.web.feed("/one.xml", seen("a", title=DECIDED))
    report = world.poll()
    assert (report.sent.sent, report.sent.held) == (0, 1)
    world.clock.go_on(minutes=59)
    assert world.poll().sent.held == 0  # it is not due before
    world.clock.go_on(minutes=1)
    assert world.poll().sent.sent == 1
    assert world.rows("select attempts from alerts") == [{"attempts": 1}]


def test_what_is_over_a_limit_joins_the_last_message_within_it(world: World, hook: Webhook) -> None:
    world.watch("one", channels=[channel(hook, limit="2 per hour")])
    items = [seen(f"a{day}", 2 + day / 10, title=f"{country} agrees to take over the Lagoon Mission")
             for day, country in enumerate(("Norland", "Sudland"))]  # fmt: skip
    world.web.feed("/one.xml", *items, seen("b", title=TERM))
    world.poll()
    assert [call.body["title"][:8] for call in taken(hook)][1:] == ["2 alerts"]
    world.web.feed("/one.xml", seen("c", title=BLOCKED))
    report = world.poll()
    assert (report.grouped.alerts, report.sent.sent, report.sent.held) == (1, 0, 1)
    world.clock.go_on(hours=1, minutes=1)
    assert world.poll().sent.sent == 1
