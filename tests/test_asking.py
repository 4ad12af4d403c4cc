"""Asking: every feed has one outcome, whoever else is slow, broken or many."""

import asyncio
import os
import signal
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.config import load
from monitor.errors import ParseError
from monitor.models import FeedOutcome, FeedState, ParsedFeed, Response
from monitor.parse import parse_quickly
from monitor.pipeline.asking import ask_feeds, in_turns, outcome_of
from monitor.pipeline.parsers import MANY, Parsers
from monitor.reading import serve
from tests.world import Item, Web, serving, write_config

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def feed(number: int, url: str) -> FeedState:
    return FeedState(number, f"feed {number}", url, "Post", "en")


def answer(web: Web, *titles: str, damaged: bool = False) -> Response:
    body = web.rss([Item(title, f"/{title}") for title in titles])
    return Response("https://post.example/feed", 200, {}, body.replace(b"</rss>", b"") if damaged else body)


def test_each_of_many_feeds_has_one_outcome_whatever_it_is(tmp_path: Path) -> None:
    with serving() as web:
        config = load(write_config(tmp_path, fetch={"allow_addresses": ["127.0.0.1/32"]}))
        for number in range(0, 250, 2):
            web.feed(f"/{number}", Item(f"News {number}", f"/n{number}"))
        due = [feed(number, f"{web.url}/{number}") for number in range(250)]
        portions = list(ask_feeds(config.settings.fetch, due, NOW))
    outcomes = [outcome for portion in portions for outcome in portion]
    assert sorted(outcome.feed.id for outcome in outcomes) == list(range(250))
    assert {outcome.feed.id for outcome in outcomes if outcome.status == "new"} == set(range(0, 250, 2))
    assert all([one.feed.id for one in portion] == sorted(one.feed.id for one in portion) for portion in portions)


def test_who_takes_no_more_outcomes_leaves_nobody_asking(tmp_path: Path) -> None:
    with serving() as web:
        config = load(write_config(tmp_path, fetch={"allow_addresses": ["127.0.0.1/32"]}))
        portions = ask_feeds(config.settings.fetch, [feed(number, f"{web.url}/{number}") for number in range(300)], NOW)
        next(portions)
        portions.close()  # type: ignore[attr-defined]
    assert "asking" not in [thread.name for thread in threading.enumerate()]


def test_what_goes_wrong_while_asking_is_raised_where_the_outcomes_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("no more parsers")

    monkeypatch.setattr("monitor.pipeline.asking.Parsers", refuse)
    with pytest.raises(RuntimeError, match="no more parsers"):
        list(ask_feeds(load(write_config(tmp_path)).settings.fetch, [feed(1, "http://127.0.0.1:9/")], NOW))


def two_feeds(web: Web) -> list[FeedState]:
    """The second of them trips who reads it."""
    web.feed("/0", Item("News", "/a"))
    web.feed("/1", Item("A trap", "/b"))
    return [feed(0, f"{web.url}/0"), feed(1, f"{web.url}/1")]


def test_a_feed_that_trips_the_quick_reader_is_left_to_feedparser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trip(body: bytes, **named: Any) -> ParsedFeed | None:
        if b"trap" in body:
            raise RuntimeError("tripped")
        return parse_quickly(body, **named)

    monkeypatch.setattr("monitor.reading.parse_quickly", trip)
    assert outcomes_of_two(tmp_path) == {0: ("new", None), 1: ("new", None)}


def test_a_feed_that_cannot_be_read_at_all_costs_no_other_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def trip(known: FeedState, answered: Response, *others: Any) -> FeedOutcome:
        if b"trap" in answered.body:
            raise RuntimeError("tripped")
        return await outcome_of(known, answered, *others)

    monkeypatch.setattr("monitor.pipeline.asking.outcome_of", trip)
    odd = "it could not be read (RuntimeError: tripped); the log says more"
    assert outcomes_of_two(tmp_path) == {0: ("new", None), 1: ("failed", odd)}


def outcomes_of_two(folder: Path) -> dict[int, tuple[str, str | None]]:
    with serving() as web:
        config = load(write_config(folder, fetch={"allow_addresses": ["127.0.0.1/32"]}))
        found = [one for portion in ask_feeds(config.settings.fetch, two_feeds(web), NOW) for one in portion]
    return {one.feed.id: (one.status, one.error) for one in found}


def test_the_hosts_take_turns() -> None:
    urls = ["https://a.example/1", "https://a.example/2", "https://a.example/3", "https://b.example/1"]
    assert [one.id for one in in_turns([feed(n, url) for n, url in enumerate(urls)], lambda one: one.url)] == [
        0,
        3,
        1,
        2,
    ]


# --------------------------------------------------------------------------- those that read


async def read_all(parsers: Parsers, answers: list[Response]) -> list[object]:
    """What is read of each, in order: titles, or the error."""
    state = feed(1, "https://post.example/feed")
    found = await asyncio.gather(*(parsers.parse(state, one, NOW) for one in answers), return_exceptions=True)
    return [str(one) if isinstance(one, BaseException) else titles(one) for one in found]


def titles(parsed: ParsedFeed) -> list[str]:
    entries = parsed.entries if parsed.candidates is None else [one.entry for one in parsed.candidates]
    return [entry.title for entry in entries]


@pytest.mark.parametrize("sure", [0, MANY], ids=["here", "in processes beside"])
def test_feeds_are_read_the_same_wherever_they_are_read(sure: int) -> None:
    with serving() as web, Parsers(sure) as parsers:
        answers = [answer(web, f"a{n}", f"b{n}") for n in range(MANY + 20)]
        answers += [Response("https://post.example/feed", 200, {}, b" "), answer(web, "c", damaged=True)]
        found = asyncio.run(read_all(parsers, answers))
    expected: list[object] = [[f"a{n}", f"b{n}"] for n in range(MANY + 20)]
    assert found == [*expected, "the answer is empty; a feed was expected", ["c"]]


def processes(parsers: Parsers) -> list[int]:
    return [one.pid for one in parsers.beside]


def test_processes_start_where_many_feeds_are_sure_to_be_read_or_have_been() -> None:
    with serving() as web:
        with Parsers(MANY - 1) as few:
            assert processes(few) == []
            asyncio.run(read_all(few, [answer(web, "a")] * MANY))
            assert processes(few) == []
            asyncio.run(read_all(few, [answer(web, "a")]))
            started = processes(few)
        with Parsers(MANY) as many:
            started += processes(many)
    assert len(set(started)) == 4
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []


def test_where_the_processes_are_killed_the_feeds_are_read_here() -> None:
    with serving() as web, Parsers(MANY) as parsers:
        asyncio.run(read_all(parsers, [answer(web, "a")]))
        for pid in processes(parsers):
            os.kill(pid, signal.SIGKILL)
        answers = [answer(web, f"t{n}") for n in range(40)]
        assert asyncio.run(read_all(parsers, answers)) == [[f"t{n}"] for n in range(40)]


def test_a_process_that_reads_ends_with_who_started_it() -> None:
    ours, theirs = socket.socketpair()
    reading = threading.Thread(target=serve, args=(theirs,))
    reading.start()
    ours.close()
    reading.join()
    theirs.close()


def test_a_feed_that_is_none_is_an_error_of_its_own() -> None:
    page = Response("https://post.example/", 200, {}, b"<html><body>A page</body></html>")

    async def scenario() -> None:
        with Parsers(0) as parsers:
            await parsers.parse(feed(1, "https://post.example/"), page, NOW)

    with pytest.raises(ParseError, match="web page"):
        asyncio.run(scenario())
