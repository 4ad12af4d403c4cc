"""Work on other machines: the same is stored, and what no worker does is done here and said."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster
from prefect.testing.utilities import prefect_test_harness

from flows.poll import poll
from monitor.config import load
from monitor.errors import ConfigError
from monitor.pipeline import batches, signals
from monitor.pipeline.manners import Hosts
from monitor.robots import RobotsAnswer
from monitor.store import open_store
from tests.receivers import dead_port
from tests.world import DECIDED, NOW, QUIET, WEATHER, Item, Web, World, serving, write_config

CONTENT = """
    select a.title, a.text, a.read_state, s.rule, s.stage, s.sentence from articles a
    left join signals s on s.article = a.id order by a.title, s.rule
"""


@pytest.fixture(scope="module", autouse=True)
def prefect() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """A scheduler and two workers, which talk over TCP."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp://", dashboard_address=None
    ) as running:
        yield running


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as running:
        running.feed("/one.xml", Item(DECIDED, "/a"), Item(WEATHER, "/b"))
        running.feed("/two.xml", Item(QUIET, "/c"))
        for path in "abc":
            running.page(f"/{path}", f"The page {path}", *[f"{word} officers met in the harbour." for word in "ABCDEF"])
        yield running


def polled(folder: Path, web: Web, **runner: Any) -> World:
    """What one run of the flow stored."""
    folder.mkdir()
    world = World(folder, web)
    world.watch("one", "two", runner=runner, reading={"default": "always"})
    state = poll(str(folder / "config.yaml"), return_state=True)
    assert state.is_completed(), state.message
    return world


def noting(threads: dict[str, str], name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """The same work, which says in which thread it was done."""

    def noted(*arguments: Any) -> Any:
        threads[name] = threading.current_thread().name
        return work(*arguments)

    return noted


def warnings(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    return [found for line in lines if (found := json.loads(line))["event"].startswith("elsewhere.")]


def test_workers_bring_what_this_machine_would(
    tmp_path: Path, web: Web, cluster: LocalCluster, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, str] = {}
    for name in ("ask_feeds", "read_pages", "match"):
        monkeypatch.setattr(batches, name, noting(threads, name, getattr(batches, name)))
    there = polled(tmp_path / "there", web, kind="dask", address=cluster.scheduler_address).rows(CONTENT)
    assert warnings(capfd) == []
    here = polled(tmp_path / "here", web).rows(CONTENT)
    assert there == here
    assert [row["rule"] for row in here if row["rule"]]
    assert set(threads) == {"ask_feeds", "read_pages", "match"}
    assert threading.main_thread().name not in threads.values()


@pytest.mark.parametrize("workers", [None, 0], ids=["no scheduler", "no workers"])
def test_where_nobody_can_work_it_is_done_here_and_said(
    workers: int | None, tmp_path: Path, web: Web, capfd: pytest.CaptureFixture[str]
) -> None:
    if workers is None:
        world = polled(tmp_path / "w", web, kind="dask", address=f"tcp://127.0.0.1:{dead_port()}")
    else:
        with LocalCluster(n_workers=0, processes=False, protocol="tcp://", dashboard_address=None) as empty:
            world = polled(tmp_path / "w", web, kind="dask", address=empty.scheduler_address)
    [said] = warnings(capfd)
    assert said["message"].startswith("The work is done here, not by the Dask scheduler at tcp://127.0.0.1:")
    assert len(world.rows("select 1 from articles")) == 3


def test_a_batch_that_fails_there_is_done_here_and_said(
    tmp_path: Path, web: Web, cluster: LocalCluster, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    match = batches.match

    def fails_once(*arguments: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("the disk of the worker is full")
        return match(*arguments)

    monkeypatch.setattr(batches, "match", fails_once)
    world = polled(tmp_path / "w", web, kind="dask", address=cluster.scheduler_address)
    [said] = warnings(capfd)
    assert "the disk of the worker is full" in said["message"]
    assert [row["rule"] for row in world.rows(CONTENT) if row["rule"]]


def test_the_address_of_the_scheduler_must_be_given(tmp_path: Path) -> None:
    path = write_config(tmp_path, runner={"kind": "dask"})
    with pytest.raises(ConfigError, match="the address of its scheduler is missing"):
        load(path)


def test_all_of_one_host_are_in_one_batch() -> None:
    urls = [f"http://{host}.example/{n}" for n in range(30) for host in ("one", "two", "three")]
    parts = batches.by_host(urls, str, 40)
    assert sorted(url for part in parts for url in part) == sorted(urls)
    hosts = [{url.split("/")[2] for url in part} for part in parts]
    assert len(parts) == 3
    assert all(one.isdisjoint(other) for one in hosts for other in hosts if one is not other)


def test_what_a_worker_learns_of_its_hosts_is_known_here() -> None:
    here = Hosts(clock=lambda: 7.0)
    here.asked["one.example"] = 3
    part = here.part(["https://one.example/a", "https://two.example/b"])
    learnt = RobotsAnswer("https://two.example", NOW, "User-agent: *\nDisallow: /private")
    part.known[learnt.origin] = learnt
    part.learnt.append(learnt)
    part.asked["one.example"] += 2
    here.join(part)
    assert here.take_learnt() == [learnt]
    assert here.known == {learnt.origin: learnt}
    assert here.asked["one.example"] == 5
    assert here.began["one.example"] == 7.0


def test_an_article_that_changes_while_it_is_matched_has_its_turn_again(tmp_path: Path, web: Web) -> None:
    world = World(tmp_path, web)
    config = world.watch("two")
    world.poll()
    world.execute("update articles set rules_version = null")
    changed: list[str] = []

    def match_slowly(*arguments: Any) -> Iterator[Any]:
        for found in signals.match_here(*arguments):
            if not changed:
                changed.append(DECIDED)
                world.execute("update articles set title = 'Norland agrees to take over the Lagoon Mission'")
            yield found

    with open_store(config.database_path) as store:
        report = signals.match_articles(config, store, NOW, match=match_slowly)
    assert (report.articles, report.signals) == (1, 1)


def test_a_configuration_without_the_package_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "prefect_dask", None)
    path = write_config(tmp_path, runner={"kind": "dask", "address": "tcp://127.0.0.1:1"})
    state = poll(str(path), return_state=True)
    assert state.is_failed()
    assert "pip install 'haiti-monitor[dask]'" in (state.message or "")
