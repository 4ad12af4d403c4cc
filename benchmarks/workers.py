"""The same poll on this machine and on Dask workers: what it stores, how long it takes, what a worker's death costs.

    python -m benchmarks.workers FARM_FOLDER [--feeds 2000] [--entries 1] [--workers 1,2,4] [--seed 1] [--json]

The scheduler and each worker are processes in network namespaces of their own (see `machines`); the farm, the Prefect
server and the flow, which alone has the database, are on this side of them. Every run is a flow `poll`
into an empty database. Stages are timed by Prefect:

ask     all feeds, each of which answers after `--latency`: it waits
read    the page of each article: it computes
match   the rules of the repository's config.yaml, over all articles: it computes

Workers share the processors of this machine, so what computes can be no faster than these are many. `died` is the run
with the second number of workers, of which one is killed while pages are read. `writer` is what the one writer stores
in a second of what lies ready in memory: where that is reached, more workers do not help.
"""

import argparse
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks.farming import PLANTED, farm
from benchmarks.machines import API, ROOT, SCHEDULER, cluster, network, prefect, until
from monitor import yamltext

STAGES = {"poll feeds": "ask", "read pages": "read", "match rules": "match"}
_CONTENT = {
    "articles": "select canonical_url, title, summary, text, language, outlet, published, news_at, read_state, nearly "
    "from articles",
    "sightings": "select f.url, a.canonical_url from sightings s join feeds f on f.id = s.feed "
    "join articles a on a.id = s.article",
    "signals": "select a.canonical_url, s.rule, s.change, s.stage, s.actors, s.sentence, s.start_offset from signals s "
    "join articles a on a.id = s.article",
    "developments": "select d.change, d.stage, a.canonical_url from development_articles m "
    "join developments d on d.id = m.development join articles a on a.id = m.article",
}
"""What a run found, without what only this run has, such as numbers and the moment."""


# --------------------------------------------------------------------------- runs


def _configuration(folder: Path, urls: Sequence[str], port: int, workers: int) -> Path:
    """The repository's rules, and those for the changes planted in the farm, over the farm's feeds."""
    data = dict(yamltext.load((ROOT / "config.yaml").read_text("utf-8"), "config.yaml").data)
    data |= {
        "database": "monitor.db",
        "feeds": [{"name": f"feed {number}", "url": url} for number, url in enumerate(urls)],
        "fetch": {"allow_addresses": [f"127.0.0.0/8:{port}"], "page_pause": "0 s"},
        "reading": data.get("reading", {}) | {"default": "always"},
        "runner": {"kind": "dask", "address": SCHEDULER} if workers else {},
        "rules": data["rules"] + PLANTED["rules"],
        "actors": data["actors"] | PLANTED["actors"],
        "concepts": data["concepts"] | PLANTED["concepts"],
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


def _run(folder: Path, urls: Sequence[str], port: int, workers: int, *, killed: bool = False) -> dict[str, Any]:
    """One poll into an empty database: seconds of each stage, and a fingerprint of what it stored."""
    folder.mkdir()
    path = _configuration(folder, urls, port, workers)
    with ExitStack() as machines:
        started = machines.enter_context(cluster(folder, workers)) if workers else []
        environment = os.environ | {"PREFECT_API_URL": API, "PREFECT_HOME": str(folder / "prefect")}
        command = [sys.executable, "-m", "benchmarks.workers", "--flow", str(path)]
        with (folder / "flow.log").open("wb") as log:
            flow = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        if killed:
            reading = "select count(*) from articles where read_state = 'read'"
            until(lambda: _count(folder / "monitor.db", reading) > 0 or flow.poll() is not None, 900)
            os.killpg(started[0].pid, signal.SIGKILL)
        code = flow.wait()
    output = (folder / "flow.log").read_text(errors="replace")
    if code:
        raise SystemExit(f"the flow failed:\n{output[-3000:]}")
    result = json.loads(output.splitlines()[-1])
    return result | {"content": _content(folder / "monitor.db"), "done_here": output.count("elsewhere.failed")}


def _count(database: Path, query: str) -> int:
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            return int(connection.execute(query).fetchone()[0])
    except sqlite3.OperationalError:  # it is not there yet
        return 0


def _content(database: Path) -> dict[str, str]:
    with sqlite3.connect(database) as connection:
        found = {name: sorted(map(repr, connection.execute(query))) for name, query in _CONTENT.items()}
    return {
        name: f"{len(rows)} {hashlib.sha256(chr(10).join(rows).encode()).hexdigest()[:12]}"
        for name, rows in found.items()
    }


def _flow(path: Path) -> None:
    """Within the measured process: one run of the flow, and what Prefect says of its stages."""
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    from flows.poll import poll

    began = time.monotonic()
    state = poll(str(path), return_state=True)
    seconds = {"whole": round(time.monotonic() - began, 1)}
    with get_client(sync_client=True) as client:
        wanted = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
        until(lambda: len(client.read_task_runs(flow_run_filter=wanted)) >= len(STAGES))
        for task in client.read_task_runs(flow_run_filter=wanted, limit=200):
            stage = STAGES.get(task.name.rpartition("-")[0])
            if stage:
                seconds[stage] = round(task.total_run_time.total_seconds(), 1)
    if not state.is_completed():
        raise SystemExit(state.message)
    print(f"\n{json.dumps(seconds)}")


def _writer(folder: Path, urls: Sequence[str], port: int) -> dict[str, float]:
    """Articles, texts and matches a second that one process writes, of what lies ready in memory."""
    from monitor import pipeline
    from monitor.config import load
    from monitor.pipeline import batches
    from monitor.pipeline.manners import Hosts
    from monitor.pipeline.signals import MatchReport, match_here, store_matches
    from monitor.store import articles, open_store

    folder.mkdir()
    config, now = load(_configuration(folder, urls, port, 0)), datetime.now(UTC)
    with open_store(config.database_path) as store:
        pipeline.sync(config, store, now)
        brought = pipeline.fetch_feeds(config, pipeline.due_feeds(store, now), now)
        found: dict[str, float] = {}
        with _rate(found, "articles", lambda: len(articles.unmatched(store, "", 10**6)) + _waiting(store)):
            for first in range(0, len(brought), 60):
                pipeline.store_feeds(config, store, brought[first : first + 60], now)
        wanted = pipeline.wanted_pages(store, now)[:400]
        outcomes, _ = batches.read_pages(config.settings.fetch, wanted, now, Hosts())
        read = [one for one in outcomes if one.page]
        with _rate(found, "texts", lambda: len(read)):
            for first in range(0, len(read), 60):
                pipeline.store_pages(config, store, read[first : first + 60], now)
        waiting = articles.unmatched(store, config.rules_version, 4_000)
        portions = list(match_here(config, waiting))
        with _rate(found, "matches", lambda: len(waiting)):
            for portion, matches in portions:
                store_matches(config, store, portion, matches, now, MatchReport())
    return found


def _waiting(store: Any) -> int:
    return int(store.rows("select count(*) as n from articles where read_state = 'wanted'")[0]["n"])


@contextmanager
def _rate(found: dict[str, float], name: str, count: Any) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    found[name] = round(count() / seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("farm", type=Path, nargs="?", help="the folder of feedfarm.py")
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--entries", type=int, default=1)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds")
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--envs", type=Path, default=Path(tempfile.gettempdir()) / "farm-envs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--flow", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.flow:
        _flow(options.flow)
        return
    if not options.farm:
        parser.error("the folder of the feed farm is missing")
    numbers = [int(number) for number in options.workers.split(",")]
    results = _measure(options, numbers)
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        _print(results)
    if len({json.dumps(one["content"]) for one in results["runs"].values()}) > 1:
        raise SystemExit("the runs did not store the same")


def _measure(options: argparse.Namespace, numbers: Sequence[int]) -> dict[str, Any]:
    world = {"feeds": options.feeds, "entries": options.entries, "latency": options.latency, "seed": options.seed}
    with (
        tempfile.TemporaryDirectory() as name,
        network([9, *range(11, 11 + max(numbers))]),
        farm(options.farm.resolve(), options.envs, **world) as running,
    ):
        folder, urls = Path(name), running.urls()
        with prefect(folder):
            runs = {}
            for workers in (0, *numbers):
                runs[f"{workers} workers" if workers else "here"] = _run(
                    folder / f"{workers}", urls, running.port, workers
                )
            if len(numbers) > 1:
                runs["died"] = _run(folder / "died", urls, running.port, numbers[1], killed=True)
        return {"runs": runs, "writer": _writer(folder / "writer", urls, running.port)}


def _print(results: dict[str, Any]) -> None:
    print(f"{'':10} {'ask':>7} {'read':>7} {'match':>7} {'whole':>7}   done here")
    for name, one in results["runs"].items():
        seconds = " ".join(f"{one.get(stage, 0):7.1f}" for stage in ("ask", "read", "match", "whole"))
        print(f"{name:10} {seconds}   {one['done_here']}")
    for name, one in results["runs"].items():
        print(f"{name:10} {one['content']}")
    print("writer:", ", ".join(f"{number:,.0f} {what}/s" for what, number in results["writer"].items()))


if __name__ == "__main__":
    main()
