"""How long people wait: from `haiti-monitor run` until news is stored, and for a poll where no feed is due.

    python -m benchmarks.start FARM_FOLDER [--feeds 111] [--times 5] [--seed 1] [--envs FOLDER] [--json]

first     the service's start in an empty folder: seconds until all feeds are asked and stored, until the first flow is
          done, and the memory at rest after it (proportional set sizes of all its processes)
again     the same where the first has been, and all feeds are due again
due       `haiti-monitor poll --due` right after: nothing is
floors    Prefect alone: `prefect server start` in an empty folder until it answers; `prefect version`

Each is the median of `--times`; the rules are those of the repository. The ratios are to the floors of the same run.
"""

import argparse
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from benchmarks.farming import Farm, farm, megabytes_of
from benchmarks.machines import ROOT, until
from flows.server import is_healthy
from monitor import yamltext

PORT = 4310
PROGRAM = [sys.executable, "-m", "monitor"]
PREFECT = [sys.executable, "-m", "prefect"]


def configuration(folder: Path, world: Farm) -> Path:
    """The repository's rules over the farm's feeds."""
    data = dict(yamltext.load((ROOT / "config.yaml").read_text("utf-8"), "config.yaml").data)
    data |= {
        "feeds": [{"name": f"feed {number}", "url": url} for number, url in enumerate(world.urls())],
        "fetch": {"allow_addresses": [f"127.0.0.0/8:{world.port}"]},
        "service": {"port": PORT, "health_port": None},
        "database": "data/monitor.db",
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


def service(config: Path) -> dict[str, float]:
    """A start of the service: seconds to its events, and its megabytes when the first flow is over."""
    began, seconds = time.perf_counter(), {}
    with subprocess.Popen(
        [*PROGRAM, "--config", str(config), "run"],
        cwd=ROOT,
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stderr or ():
            event = json.loads(line)["event"]
            seconds.setdefault(event, time.perf_counter() - began)
            if event == "poll.done":
                break
        until(lambda: not _runs(process.pid))
        megabytes = megabytes_of(process.pid)
        process.send_signal(signal.SIGTERM)
        process.communicate()
    if process.returncode or "poll.done" not in seconds:
        raise SystemExit(f"the service failed with {process.returncode}")
    return {"stored": seconds["feeds.asked"], "flow": seconds["poll.done"], "megabytes": megabytes}


def _runs(pid: int) -> bool:
    """Whether a flow run is under way: a process of multiprocessing, which the server is not."""
    listed = subprocess.run(["ps", "-o", "args=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return "spawn_main" in listed.stdout


def command(words: list[str]) -> float:
    """Seconds that a command takes."""
    began = time.perf_counter()
    subprocess.run(words, cwd=ROOT, env=_environment(), check=True, capture_output=True)
    return time.perf_counter() - began


def server(home: Path) -> float:
    """Seconds until a Prefect server in an empty folder answers."""
    began = time.perf_counter()
    words = [*PREFECT, "server", "start", "--no-ui", "--port", str(PORT)]
    environment = _environment() | {"PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: is_healthy(f"http://127.0.0.1:{PORT}/api"))
        seconds = time.perf_counter() - began
        process.terminate()
    return seconds


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}


def measure(world: Farm) -> dict[str, float]:
    """All of it once, in seconds (memory: MB)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = configuration(folder, world)
        first = service(config)
        with sqlite3.connect(folder / "data" / "monitor.db") as database:
            database.execute("update feeds set next_due = null, not_before = null")
        again = service(config)
        return {
            "first: feeds stored": first["stored"],
            "first: flow done": first["flow"],
            "again: feeds stored": again["stored"],
            "again: flow done": again["flow"],
            "due: nothing": command([*PROGRAM, "--config", str(config), "poll", "--due"]),
            "floor: prefect server answers": server(folder / "floor"),
            "floor: prefect version": command([*PREFECT, "version"]),
            "at rest: MB": again["megabytes"],
        }


def _print(found: Mapping[str, float]) -> None:
    answers, version = found["floor: prefect server answers"], found["floor: prefect version"]
    for name, value in found.items():
        if name.startswith("at rest"):
            print(f"{name:32} {value:7.0f}")
        else:
            floor = version if name.startswith("due") else answers
            print(f"{name:32} {value:7.2f} s {value / floor:7.2f} of the floor")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("farm", type=Path, help="the folder of feedfarm.py")
    parser.add_argument("--feeds", type=int, default=111)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--envs", type=Path, default=Path(tempfile.gettempdir()) / "farm-envs")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    world: dict[str, Any] = {"feeds": options.feeds, "latency": 0.3, "seed": options.seed}
    with farm(options.farm.resolve(), options.envs, **world) as running:
        all_of_it = [measure(running) for _ in range(options.times)]
    found = {name: statistics.median(one[name] for one in all_of_it) for name in all_of_it[0]}
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        _print(found)


if __name__ == "__main__":
    main()
