"""How long a whole pass over the feeds takes, beside the bare requests and another reader on the same farm.

    python benchmarks/polling.py FARM_FOLDER [--feeds 50,500,2000] [--repetitions 3] [--envs FOLDER] [--json]

FARM_FOLDER holds the feed farm (feedfarm.py) and ref_poll.py. Every program is one command, started anew for each poll:

floor      aiohttp in an event loop of uvloop, 256 requests at once, nothing read and nothing stored
reader     lemon24/reader with 50 workers
ours       load the configuration, ask, read, identify and store; without pages, rules, alerts and Prefect
index      what full-text search of the new articles costs afterwards (reader has none unless it is asked for)

cold       the first poll: all entries of all feeds are new
warm       the second: nothing is new, and every server that can say so answers 304
tick       one new entry in each feed

The best of the repetitions counts, wall clock and processor; memory is the peak of all processes of a command together.
`--prefect` measures what the flow adds to the same pass (a server of its own, whose start is not counted).
"""

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.farming import Farm, Run, farm, python_of, timed

LATENCY = 0.12
PHASES = ("cold", "warm", "tick")
CONFIG = """\
database: monitor.db
fetch: {{allow_addresses: ["127.0.0.0/8:{port}"]}}
reading: {{default: never}}
feeds:
{feeds}
changes: {{leadership: {{label: Leadership}}}}
concepts: {{mission: {{en: [stabilisation mission, support mission]}}}}
rules:
  - {{id: named, change: leadership, when: mission}}
"""


def write_config(folder: Path, urls: list[str], port: int) -> Path:
    """A configuration of these feeds."""
    feeds = "\n".join(f'  - {{name: "feed {n}", url: "{url}", language: en}}' for n, url in enumerate(urls))
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(port=port, feeds=feeds), encoding="utf-8")
    return path


# --------------------------------------------------------------------------- the programs


def ours(folder: Path, what: str = "pass") -> Callable[[], Run]:
    return lambda: timed([sys.executable, "-m", "benchmarks.polling", f"--{what}", str(folder / "config.yaml")], ROOT)


def reader(folder: Path, urls: list[str], envs: Path) -> Callable[[], Run]:
    python, database = python_of(envs, "peers"), str(folder / "reader.sqlite")
    timed([python, "-c", ADD_FEEDS, database, *urls], folder)
    command = [python, "-m", "reader", "--db", database, "update", "--no-scheduled", "--workers", "50"]
    return lambda: timed(command, folder)


def floor(folder: Path, urls: list[str], envs: Path, farm_folder: Path, name: str = "floor.db") -> Callable[[], Run]:
    (folder / "urls").write_text("\n".join(urls), encoding="utf-8")
    script, database = str(farm_folder / "ref_poll.py"), str(folder / name)
    command = [python_of(envs, "ref"), script, str(folder / "urls"), database, "--parser", "none", "--procs", "0"]
    return lambda: timed(command, folder)


ADD_FEEDS = """\
import sys
from reader import make_reader
reader = make_reader(sys.argv[1])
for url in sys.argv[2:]:
    reader.add_feed(url)
"""
ROOT = Path(__file__).parents[1]


def one_round(world: Farm, envs: Path, farm_folder: Path) -> dict[str, dict[str, Run]]:
    """Each program's cold, warm and third poll on one farm; all take turns within a phase."""
    with tempfile.TemporaryDirectory() as name:
        folder, urls = Path(name), world.urls()
        write_config(folder, urls, world.port)
        programs = {
            "floor": floor(folder, urls, envs, farm_folder),
            "reader": reader(folder, urls, envs),
            "ours": ours(folder),
        }
        found: dict[str, dict[str, Run]] = {name: {} for name in (*programs, "index")}
        for phase in PHASES:
            if phase == "tick":
                world.post("/tick")
                bare = floor(folder, urls, envs, farm_folder, "first.db")
                bare()  # the farm writes its new documents when they are first asked for: nobody is to pay for that
            for program, run in programs.items():
                found[program][phase] = run()
            found["index"][phase] = ours(folder, "index")()
        stored = sqlite3.connect(folder / "monitor.db").execute("select count(*) from articles").fetchone()[0]
        theirs = sqlite3.connect(folder / "reader.sqlite").execute("select count(*) from entries").fetchone()[0]
        print(f"stored: {stored:,} articles, reader {theirs:,} entries", file=sys.stderr)
    return found


# --------------------------------------------------------------------------- inside the measured commands


def run_pass(config_path: Path) -> None:
    """What is measured as `ours`."""
    from monitor import pipeline
    from monitor.config import load
    from monitor.store import open_store

    config = load(config_path, rules=False)
    with open_store(config.database_path) as store:
        now = datetime.now(UTC)
        pipeline.sync(config, store, now)
        due = pipeline.due_feeds(store, now, everything=True)
        reports = pipeline.poll_feeds(config, store, due, lambda: datetime.now(UTC))
    failed = [report for report in reports if report.error]
    print(f"{len(reports)} feeds, {sum(report.new for report in reports)} new, {len(failed)} failed")
    if failed:
        raise SystemExit(failed[0].error)


def run_index(config_path: Path) -> None:
    from monitor import pipeline
    from monitor.config import load
    from monitor.store import open_store

    with open_store(load(config_path, rules=False).database_path) as store:
        print(pipeline.index_articles(store))


def run_flow(config_path: Path) -> None:
    """The same pass by itself and as a flow, in turns, after one of each that nobody counts."""
    from prefect.testing.utilities import prefect_test_harness

    from flows.poll import poll
    from monitor.config import load
    from monitor.pipeline import run_pass
    from monitor.store import open_store

    def bare() -> None:
        config = load(config_path)
        with open_store(config.database_path) as store, store.transaction():
            store.write("update feeds set next_due = null")
        with open_store(config.database_path) as store:
            run_pass(config, store, lambda: datetime.now(UTC))

    def flow() -> None:
        with open_store(load(config_path).database_path) as store, store.transaction():
            store.write("update feeds set next_due = null")
        poll(str(config_path))

    with prefect_test_harness():
        taken: dict[str, list[float]] = {"bare": [], "flow": []}
        for _ in range(4):
            for name, run in (("bare", bare), ("flow", flow)):
                began = time.perf_counter()
                run()
                taken[name].append(time.perf_counter() - began)
    print(json.dumps({name: min(seconds[1:]) for name, seconds in taken.items()}))


# --------------------------------------------------------------------------- the table


def best(rounds: list[dict[str, dict[str, Run]]]) -> dict[str, dict[str, dict[str, float]]]:
    """The best wall clock, processor time and memory of each program and phase."""
    return {
        program: {
            phase: {
                kind: round(min(getattr(one[program][phase], kind) for one in rounds), 2)
                for kind in ("wall", "cpu", "megabytes")
            }
            for phase in PHASES
        }
        for program in rounds[0]
    }


def show(feeds: int, found: dict[str, dict[str, dict[str, float]]]) -> None:
    print(f"\n{feeds} feeds      " + "".join(f"{phase:>8} s  cpu s    MB" for phase in PHASES))
    for program, phases in found.items():
        cells = (f"{one['wall']:10.2f}{one['cpu']:7.2f}{one['megabytes']:6.0f}" for one in phases.values())
        print(f"{program:<14}" + "".join(cells))
    mine, theirs, bare = found["ours"], found["reader"], found["floor"]
    print(f"cold: reader takes {theirs['cold']['wall'] / mine['cold']['wall']:.1f} times as long as we do")
    print(f"warm: we take {mine['warm']['wall'] / bare['warm']['wall']:.2f} times as long as the bare requests")
    print(f"warm: {1000 * mine['warm']['cpu'] / feeds:.2f} ms of the processor for each feed, start included")


def measure(options: argparse.Namespace) -> None:
    results: dict[int, Any] = {}
    for feeds in map(int, options.feeds.split(",")):
        rounds = []
        for seed in range(1, options.repetitions + 1):
            world = {"feeds": feeds, "entries": 20, "latency": LATENCY, "update_share": 1, "new_per_tick": 0.01}
            with farm(options.farm, options.envs, seed=seed, **world) as running:
                rounds.append(one_round(running, options.envs, options.farm))
        results[feeds] = best(rounds)
        show(feeds, results[feeds])
    if {500, 2000} <= set(results):
        for phase in PHASES:
            few, many = (results[feeds]["ours"][phase] for feeds in (500, 2000))
            print(f"{phase}: four times the feeds take {many['wall'] / few['wall']:.2f} times as long,", end=" ")
            print(f"each of the further ones {1000 * (many['cpu'] - few['cpu']) / 1500:.2f} ms of the processor")
    if options.json:
        print(json.dumps(results))


def measure_prefect(options: argparse.Namespace) -> None:
    for feeds in map(int, options.feeds.split(",")):
        with (
            farm(options.farm, options.envs, feeds=feeds, entries=1, latency=LATENCY) as world,
            tempfile.TemporaryDirectory() as folder,
        ):
            config = write_config(Path(folder), world.urls(), world.port)
            run = timed([sys.executable, "-m", "benchmarks.polling", "--flow", str(config)], ROOT)
            taken = json.loads(next(line for line in reversed(run.output.splitlines()) if line.startswith("{")))
            bare, flow = taken["bare"], taken["flow"]
            print(f"{feeds:5} feeds: {bare:.2f} s by itself, {flow:.2f} s as a flow: {flow - bare:.2f} s more")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("farm", type=Path, nargs="?", help="the folder of feedfarm.py and ref_poll.py")
    parser.add_argument("--feeds", default="50,500,2000")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--envs", type=Path, default=Path(tempfile.gettempdir()) / "farm-envs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--prefect", action="store_true")
    for inside in ("pass", "index", "flow"):
        parser.add_argument(f"--{inside}", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    for path, run in ((options.index, run_index), (options.flow, run_flow), (getattr(options, "pass"), run_pass)):
        if path:
            return run(path)
    if options.farm is None:
        parser.error("name the folder of the feed farm")
    options.farm = options.farm.resolve()
    return measure_prefect(options) if options.prefect else measure(options)


if __name__ == "__main__":
    main()
