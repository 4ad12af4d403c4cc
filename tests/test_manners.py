"""Manners: robots.txt is asked for once and kept, and pages of one host are asked for with a pause."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from monitor.fetch import Fetcher, FetchSettings
from monitor.models import FetchFailure, Response
from monitor.pipeline.manners import PATIENCE, Hosts, Visit
from monitor.robots import RobotsAnswer
from tests.test_fetch import LOOPBACK, OK, Page, Site, page, serve, to

NOW = datetime(2025, 9, 30, 12, tzinfo=UTC)
ONE_AFTER_THE_OTHER = replace(LOOPBACK, per_host=1)
FORBIDDING = page(body=b"User-agent: *\nDisallow: /secret")


@dataclass
class Watch:
    """A clock that moves only while somebody sleeps by it, or is moved."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def read(
    pages: Mapping[str, Page],
    *urls: str,
    hosts: Hosts | None = None,
    pause: float = 0,
    limits: FetchSettings = LOOPBACK,
    now: datetime = NOW,
) -> tuple[list[Response | FetchFailure], Site]:
    """Ask for all at once, as a pass does."""

    async def run() -> tuple[list[Response | FetchFailure], Site]:
        async with serve(pages) as site, Fetcher(limits) as fetcher:
            visit = Visit(hosts or Hosts(), fetcher, timedelta(seconds=pause), now)
            asked = (fetcher.get(site.url(url), manners=visit) for url in urls)
            return await asyncio.gather(*asked), site

    return asyncio.run(run())


def paths(site: Site) -> list[str]:
    return [path for path, _ in site.requests]


def kinds(answers: list[Response | FetchFailure]) -> list[str]:
    return [answer.kind if isinstance(answer, FetchFailure) else "read" for answer in answers]


# --------------------------------------------------------------------------- robots.txt


def test_rules_are_asked_for_once_before_the_first_of_many_pages() -> None:
    pages = {"/robots.txt": FORBIDDING, **{f"/{i}": OK for i in range(20)}}
    answers, site = read(pages, *(f"/{i}" for i in range(20)))
    assert kinds(answers) == ["read"] * 20
    assert paths(site)[0] == "/robots.txt"
    assert paths(site).count("/robots.txt") == 1


def test_a_page_that_may_not_be_read_is_not_asked_for() -> None:
    answers, site = read({"/robots.txt": FORBIDDING, "/open": OK}, "/secret/1", "/open")
    assert kinds(answers) == ["disallowed", "read"]
    [refused, _] = answers
    assert isinstance(refused, FetchFailure)
    assert refused.message == f"robots.txt of http://127.0.0.1:{site.port} asks not to read it"
    assert paths(site) == ["/robots.txt", "/open"]


def test_a_redirect_to_where_one_may_not_read_is_not_followed() -> None:
    pages = {"/robots.txt": FORBIDDING, "/a": to("/secret/1"), "/b": to("http://localhost:{port}/secret/1")}
    answers, site = read(pages, "/a", "/b")
    assert kinds(answers) == ["disallowed", "disallowed"]
    assert "/secret/1" not in paths(site)
    assert paths(site).count("/robots.txt") == 2  # there are two origins


def test_a_login_is_no_part_of_what_is_asked_and_told() -> None:
    answers, _ = read({"/robots.txt": FORBIDDING}, "http://ana:secret@127.0.0.1:{port}/secret/1")
    assert kinds(answers) == ["disallowed"]
    assert "ana" not in repr(answers)


def test_rules_behind_a_redirect_are_followed() -> None:
    pages = {"/robots.txt": to("/rules"), "/rules": FORBIDDING, "/open": OK}
    assert kinds(read(pages, "/secret/1", "/open")[0]) == ["disallowed", "read"]


def test_without_rules_everything_may_be_read() -> None:
    assert kinds(read({"/robots.txt": page("404 Not Found"), "/secret/1": OK}, "/secret/1")[0]) == ["read"]


def test_while_rules_cannot_be_had_nothing_is_read_and_nobody_asks_twice() -> None:
    hosts = Hosts()
    pages = {"/robots.txt": page("503 Busy"), "/a": OK, "/b": OK}
    answers, site = read(pages, "/a", "/b", hosts=hosts)
    assert kinds(answers) == ["robots", "robots"]
    assert paths(site) == ["/robots.txt"]
    [answer, _] = answers
    assert isinstance(answer, FetchFailure)
    assert answer.message.startswith(f"robots.txt of http://127.0.0.1:{site.port}, which says what may be read, cannot")
    assert "503" in answer.message
    assert answer.status is None
    assert hosts.learnt == []


def test_rules_that_lead_to_an_inner_address_are_none_and_lead_nowhere() -> None:
    pages = {"/robots.txt": to("http://169.254.169.254/latest"), "/a": OK}
    assert kinds(read(pages, "/a")[0]) == ["read"]


def test_fresh_rules_are_not_asked_for_again_and_old_ones_are() -> None:
    async def run() -> list[int]:
        counts = []
        async with serve({"/robots.txt": FORBIDDING, "/a": OK}) as site, Fetcher(LOOPBACK) as fetcher:
            origin = f"http://127.0.0.1:{site.port}"
            for age in (timedelta(hours=23), timedelta(hours=25)):
                known = Hosts.of([RobotsAnswer(origin, NOW - age, "User-agent: *\nDisallow: /")])
                await fetcher.get(site.url("/a"), manners=Visit(known, fetcher, timedelta(0), NOW))
                counts.append(len(site.requests))
                assert [answer.fetched_at for answer in known.learnt] == [NOW] * (len(counts) - 1)
        return counts

    assert asyncio.run(run()) == [0, 2]


def test_old_rules_hold_on_while_newer_cannot_be_had() -> None:
    async def run() -> list[Response | FetchFailure]:
        async with serve({"/robots.txt": page("500 Oops"), "/open": OK}) as site, Fetcher(LOOPBACK) as fetcher:
            old = RobotsAnswer(
                f"http://127.0.0.1:{site.port}", NOW - timedelta(days=3), "User-agent: *\nDisallow: /secret"
            )
            visit = Visit(Hosts.of([old]), fetcher, timedelta(0), NOW)
            return [await fetcher.get(site.url(path), manners=visit) for path in ("/open", "/secret/1")]

    assert kinds(asyncio.run(run())) == ["read", "disallowed"]


def test_two_batches_of_a_pass_share_what_they_know() -> None:
    async def run() -> list[str]:
        hosts = Hosts()
        async with (
            serve({"/robots.txt": page("500 Oops")}) as bad,
            serve({"/robots.txt": FORBIDDING, "/a": OK}) as good,
        ):
            for _ in range(2):
                async with Fetcher(LOOPBACK) as fetcher:
                    visit = Visit(hosts, fetcher, timedelta(0), NOW)
                    await asyncio.gather(*(fetcher.get(site.url("/a"), manners=visit) for site in (bad, good)))
            return paths(bad) + paths(good)

    assert asyncio.run(run()) == ["/robots.txt", "/robots.txt", "/a", "/a"]


# --------------------------------------------------------------------------- pauses


def timed(watch: Watch, seconds: float = 0) -> tuple[Page, list[float]]:
    """A page that notes by the clock when it was asked for, and takes its time."""
    seen: list[float] = []

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(watch.now)
        watch.now += seconds
        writer.write(OK)
        await writer.drain()

    return answer, seen


@pytest.mark.parametrize(
    ("pause", "delay", "taking", "gaps"),
    [
        pytest.param(0, "", 0, [0, 0], id="none"),
        pytest.param(1, "", 0, [1, 1], id="ours"),
        pytest.param(1, "", 0.75, [1, 1], id="from beginning to beginning"),
        pytest.param(1, "", 3, [3, 3], id="over when a slow answer ends"),
        pytest.param(1, "Crawl-delay: 5", 0, [5, 5], id="the site wants a longer one"),
        pytest.param(3, "Crawl-delay: 2", 0, [3, 3], id="the site wants a shorter one"),
        pytest.param(0, "Crawl-delay: 900", 0, [30, 30], id="the site wants a very long one"),
    ],
)
def test_pages_of_one_host_are_asked_for_with_a_pause_between_their_beginnings(
    pause: float, delay: str, taking: float, gaps: list[float]
) -> None:
    watch = Watch()
    answer, seen = timed(watch, taking)
    pages = {"/robots.txt": page(body=f"User-agent: *\n{delay}".encode()), **dict.fromkeys(("/1", "/2", "/3"), answer)}
    hosts = Hosts(clock=watch, sleep=watch.sleep)
    answers, site = read(pages, "/1", "/2", "/3", hosts=hosts, pause=pause, limits=ONE_AFTER_THE_OTHER)
    assert kinds(answers) == ["read"] * 3
    assert paths(site) == ["/robots.txt", "/1", "/2", "/3"]
    assert [later - earlier for earlier, later in pairwise(seen)] == gaps


def test_a_pause_goes_on_into_the_next_batch() -> None:
    watch = Watch()
    answer, seen = timed(watch)
    hosts = Hosts(clock=watch, sleep=watch.sleep)
    for _ in range(2):
        read({"/robots.txt": OK, "/1": answer}, "/1", hosts=hosts, pause=1)
    assert seen == [1000, 1001]


def test_each_step_of_a_redirect_keeps_the_pause() -> None:
    watch = Watch()
    pages = {"/robots.txt": OK, "/1": to("/2"), "/2": OK}
    read(pages, "/1", hosts=Hosts(clock=watch, sleep=watch.sleep), pause=1)
    assert watch.slept == [1]


def test_feeds_know_no_pause() -> None:
    async def run() -> list[str]:
        async with serve(OK) as site, Fetcher(LOOPBACK) as fetcher:
            await asyncio.gather(fetcher.get(site.url("/1")), fetcher.get(site.url("/2")))
            return paths(site)

    assert sorted(asyncio.run(run())) == ["/1", "/2"]


def test_who_waits_at_one_host_holds_up_no_other_takes_no_place_and_loses_no_time() -> None:
    async def run() -> list[Response | FetchFailure]:
        others_done = asyncio.Event()

        async def sleep(_seconds: float) -> None:
            await others_done.wait()

        limits = replace(LOOPBACK, concurrency=1, timeout=timedelta(seconds=5))
        hosts = Hosts(clock=lambda: 0.0, sleep=sleep)
        async with serve({"/robots.txt": OK, "/1": OK, "/2": OK}) as site, Fetcher(limits) as fetcher:
            visit = Visit(hosts, fetcher, timedelta(seconds=60), NOW)
            slow = [asyncio.create_task(fetcher.get(site.url(path), manners=visit)) for path in ("/1", "/2")]
            await slow[0]
            other = await fetcher.get(site.url("http://localhost:{port}/1"), manners=visit)
            assert not slow[1].done()
            others_done.set()
            return [other, *await asyncio.gather(*slow)]

    assert kinds(asyncio.run(run())) == ["read"] * 3


def test_of_a_host_that_wants_long_pauses_only_some_pages_are_read_in_one_pass() -> None:
    watch = Watch()
    paths_ = [f"/{i}" for i in range(10)]
    pages = {"/robots.txt": page(body=b"User-agent: *\nCrawl-delay: 30"), **dict.fromkeys(paths_, OK)}
    answers, _ = read(pages, *paths_, hosts=Hosts(clock=watch, sleep=watch.sleep), limits=ONE_AFTER_THE_OTHER)
    assert kinds(answers) == ["read"] * 5 + ["postponed"] * 5
    assert sum(watch.slept) <= PATIENCE.total_seconds()
    assert isinstance(answers[-1], FetchFailure)
    assert answers[-1].message == "127.0.0.1 is asked for one page in 30 s, and others come first"


def test_a_cancelled_wait_leaves_the_host_to_the_next() -> None:
    async def run() -> Response | FetchFailure:
        waiting = asyncio.Event()

        async def sleep(_seconds: float) -> None:
            if not waiting.is_set():
                waiting.set()
                await asyncio.Event().wait()

        hosts = Hosts(clock=lambda: 0.0, sleep=sleep)
        limits = replace(ONE_AFTER_THE_OTHER, concurrency=1)
        async with serve({"/robots.txt": OK, "/1": OK}) as site, Fetcher(limits) as fetcher:
            visit = Visit(hosts, fetcher, timedelta(seconds=1), NOW)
            await fetcher.get(site.url("/1"), manners=visit)
            second = asyncio.create_task(fetcher.get(site.url("/1"), manners=visit))
            await waiting.wait()
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            return await fetcher.get(site.url("/1"), manners=visit)

    assert isinstance(asyncio.run(run()), Response)
